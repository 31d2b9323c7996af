"""Keeps one process running: starts it again when it ends by itself, after growing pauses, and gives up in the end."""

import signal
import subprocess
import time
from collections.abc import Callable
from typing import Final

from forum.embedded.privileges import EmbeddedError
from forum.embedded.processes import stop

FAILURES_ALLOWED: Final = 5
STEADY_SECONDS: Final = 30.0
"""A process that has run this long is taken to have recovered from what ended it before."""
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)


class Kept:
    """One process that is to run all the time."""

    def __init__(
        self,
        name: str,
        start: Callable[[], "subprocess.Popen[bytes]"],
        stop_signal: signal.Signals = signal.SIGTERM,
        answers: Callable[[], bool] | None = None,
        last_words: Callable[[], str] = lambda: "its last words are above",
    ) -> None:
        self.name = name
        self._start, self._stop_signal, self._answers, self._last_words = start, stop_signal, answers, last_words
        self._failures = 0
        self._start_at = 0.0
        self._is_awaited = False
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the process now."""
        self._start_at = time.monotonic()
        self._running = self._start()
        return self._running

    def tend(self, say: Callable[[str], None]) -> None:
        """Start the process when it does not run; raises `EmbeddedError` when it ends again and again."""
        now = time.monotonic()
        if self._running is not None and (code := self._running.poll()) is not None:
            self._running = None
            self._fail(f"{self.name} has ended by itself ({_reason(code)})", now, say)
        elif self._running is None and now >= self._start_at:
            try:
                self.start()
            except OSError as error:
                self._fail(f"{self.name} cannot be started ({error})", now, say)
        elif self._is_awaited and self._answers and self._answers():
            self._is_awaited = False
            say(f"{self.name} answers again.")

    def stop(self) -> None:
        """Ask the process to end, and wait until it has."""
        if self._running is not None:
            stop(self._running, self._stop_signal)

    def _fail(self, what: str, now: float, say: Callable[[str], None]) -> None:
        self._failures = 1 if now - self._start_at > STEADY_SECONDS else self._failures + 1
        if self._failures > FAILURES_ALLOWED:
            raise EmbeddedError(f"{what}, the {self._failures}th time in a row; {self._last_words()}.")
        pause = _PAUSES[self._failures - 1]
        say(f"{what}; it is started again in {pause:g} s.")
        self._start_at, self._is_awaited = now + pause, True


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
