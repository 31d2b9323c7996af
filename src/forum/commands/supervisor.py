"""Runs Forum's own processes below one parent: starts them again when they end, and ends them when it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from forum.embedded import EmbeddedError, die_with_parent, stop

FAILURES_ALLOWED: Final = 5
STEADY_SECONDS: Final = 30.0
"""A process that has run this long is taken to have recovered from what ended it before."""
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_POLL_SECONDS: Final = 0.1


class Child:
    """One process that is to run all the time."""

    def __init__(self, name: str, command: Sequence[str], descriptors: Sequence[int], extra: Mapping[str, str]) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "forum", *command]
        self._descriptors = descriptors
        self._environment = os.environ | extra
        self._failures = 0
        self._start_at = 0.0
        self._running: subprocess.Popen[bytes] | None = None

    def tend(self, say: Callable[[str], None]) -> None:
        """Start the process when it does not run; raises `EmbeddedError` when it ends again and again."""
        now = time.monotonic()
        if self._running is not None and (code := self._running.poll()) is not None:
            self._failures = 1 if now - self._start_at > STEADY_SECONDS else self._failures + 1
            self._running = None
            ended = f"The {self.name} has ended by itself ({_reason(code)})"
            if self._failures > FAILURES_ALLOWED:
                raise EmbeddedError(f"{ended} {self._failures} times in a row; its last words are above.")
            pause = _PAUSES[self._failures - 1]
            say(f"{ended}; it is started again in {pause:g} s.")
            self._start_at = now + pause
        if self._running is None and now >= self._start_at:
            self._start_at = now
            self._running = subprocess.Popen(  # noqa: S603 - our own program
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=self._descriptors,
                start_new_session=True,  # Ctrl-C in the terminal is for the parent, which ends its children in order
                preexec_fn=die_with_parent,
            )

    def stop(self) -> None:
        """Ask the process to end, and wait until it has."""
        if self._running is not None:
            stop(self._running, signal.SIGTERM)


def tend_all(children: Sequence[Child], say: Callable[[str], None], step: Callable[[], None]) -> None:
    """Keep the children running, calling `step` in between, until an exception ends it; they end in their order."""
    try:
        while True:
            for child in children:
                child.tend(say)
            step()
            time.sleep(_POLL_SECONDS)
    finally:
        for child in children:
            child.stop()


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
