"""Starts, watches and stops one server process."""

import contextlib
import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from forum.embedded.privileges import EmbeddedError, Home

_PR_SET_PDEATHSIG = 1
_LOG_LIMIT_BYTES = 10_000_000
STOP_WITHIN_SECONDS = 30.0


def package_folder(name: str) -> Path | None:
    """Where an installed wheel lies, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def start_server(
    home: Home, name: str, command: Sequence[str], orphan_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a server that writes to a log of its name; the kernel stops it if we are killed."""
    log = home.folder / f"{name}.log"
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own programs with our own arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=home.folder,
            start_new_session=True,  # Ctrl-C in the terminal is for us: we stop servers in order
            preexec_fn=_child_setup(home, orphan_signal),
        )


def last_words(home: Home, name: str) -> str:
    """The end of a server's log, and where it is."""
    log = home.folder / f"{name}.log"
    lines = log.read_text(errors="replace").strip().splitlines()[-5:] if log.exists() else []
    return f"its last words, in {log}: " + " | ".join(lines)


def stop(running: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    """Ask a server to stop, wait, and kill it when it does not."""
    if running.poll() is None:
        running.send_signal(stop_signal)
        try:
            running.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def wait_until(
    answers: Callable[[], bool], running: subprocess.Popen[bytes], name: str, words: Callable[[], str]
) -> None:
    """Wait as long as the server lives (crash recovery takes its time); raises `EmbeddedError` when it died."""
    while not answers():
        if running.poll() is not None:
            raise EmbeddedError(f"{name} did not start; {words()}")
        time.sleep(0.02)


def run(home: Home, command: Sequence[str], text: str | None = None) -> str:
    """Run a program to its end as the servers' user; its output. Raises `EmbeddedError` with its last words."""
    done = subprocess.run(  # noqa: S603
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=home.folder,
        preexec_fn=_child_setup(home, signal.SIGKILL),
    )
    if done.returncode != 0:
        words = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise EmbeddedError(f"{Path(command[0]).name} failed: {words}")
    return done.stdout


def processes_in(folder: Path) -> list[int]:
    """The live processes whose working directory is `folder` (Linux; elsewhere none are found)."""
    found, folder = [], folder.resolve()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").resolve() == folder and not _is_zombie(entry):
                found.append(int(entry.name))
    return found


def _is_zombie(entry: Path) -> bool:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(orphan_signal: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its parent ends (Linux; elsewhere nothing happens)."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, orphan_signal, 0, 0, 0)


def _child_setup(home: Home, orphan_signal: signal.Signals) -> Callable[[], None]:
    account = home.account

    def setup() -> None:
        if account:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        os.umask(0o077)
        die_with_parent(orphan_signal)  # after the change of user, which would clear it

    return setup
