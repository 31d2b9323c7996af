"""Starts workers at the cost of a fork: this process has imported all that a worker is, and becomes one when asked.

Run as a program: for each line it reads, the path of a log, it forks a worker and writes its process id.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from forum.commands.running import new_loop
from forum.embedded import die_with_parent
from forum.logs import set_up_logging
from forum.settings import Settings, read_settings
from tests.processes import environment
from workers.main import run_worker

ROOT = Path(__file__).parents[2]
MAKE_LOOP = new_loop()


class Starter:
    """The process that forks, and the workers that it has started and nobody has killed yet."""

    def __init__(self, asked: IO[bytes], told: IO[bytes], folder: Path) -> None:
        self._asked, self._told, self._folder = asked, told, folder
        self._started = 0
        self.workers: list[int] = []

    def start(self) -> None:
        """One more worker."""
        self._started += 1
        self._asked.write(f"{self._folder / f'worker-{self._started}.log'}\n".encode())
        self._asked.flush()
        self.workers.append(int(self._told.readline()))

    def kill(self, worker: int) -> None:
        """One worker less, at once."""
        os.kill(worker, signal.SIGKILL)
        self.workers.remove(worker)


@contextmanager
def starter(settings: Settings, folder: Path) -> Iterator[Starter]:
    """A starter of workers with these settings, whose logs go to a folder; at the end none of them is left."""
    command = [sys.executable, "-m", "tests.faults.starter"]
    process = subprocess.Popen(
        command, env=environment(settings), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    made = Starter(cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout), folder)
    try:
        yield made
    finally:
        for worker in list(made.workers):
            with suppress(ProcessLookupError):
                made.kill(worker)
        process.communicate()


def _fork(log: str) -> int:
    if child := os.fork():
        return child
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with_parent(signal.SIGKILL)
    with open(log, "ab") as output, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    settings = read_settings()
    set_up_logging(settings.log_level)
    with asyncio.Runner(loop_factory=MAKE_LOOP) as runner:
        runner.run(run_worker(settings))
    os._exit(0)


def _serve() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel takes away those that are killed
    while line := sys.stdin.readline():
        print(_fork(line.strip()), flush=True)


if __name__ == "__main__":
    _serve()
