"""Forum's own commands as real processes, for tests that kill them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from forum.settings import Settings, as_environment

STOPS_WITHIN_SECONDS = 30.0


def environment(settings: Settings) -> dict[str, str]:
    """The variables that a command reads these settings from, and no other of Forum's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    return inherited | as_environment(settings)


@contextmanager
def command(
    *words: str, settings: Settings, log: Path, descriptors: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """`forum WORDS` while the block runs; asked to stop at its end, and to be gone soon."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "forum", *words],
            env=environment(settings),
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(STOPS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise


def run(*words: str, settings: Settings, seconds: float = 30) -> subprocess.CompletedProcess[str]:
    """`forum WORDS` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "forum", *words],
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


def wait_until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Look again and again, and fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)
