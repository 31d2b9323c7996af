"""Runs processes below one parent: starts them again when they end, and ends them when it ends."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from forum.embedded import Kept, die_with_parent

_POLL_SECONDS: Final = 0.1


def own_process(name: str, command: Sequence[str], descriptors: Sequence[int], extra: Mapping[str, str]) -> Kept:
    """`forum COMMAND` as a process that is to run all the time."""
    environment = os.environ | extra

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "forum", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C in the terminal is for the parent, which ends its children in order
            preexec_fn=die_with_parent,
        )

    return Kept(name, start)


def tend_all(kept: Sequence[Kept], say: Callable[[str], None], step: Callable[[], None]) -> None:
    """Keep processes running, calling `step` in between, until an exception ends it; they end in their order."""
    try:
        while True:
            for process in kept:
                process.tend(say)
            step()
            time.sleep(_POLL_SECONDS)
    finally:
        for process in kept:
            process.stop()
