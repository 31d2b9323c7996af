"""How much processor time processes use while something is measured, from /proc; nothing where there is none."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.bench.report import Round

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Usage:
    """What processes use from now on. The first one named is the one that is measured."""

    def __init__(self, pids: Mapping[str, tuple[int, bool]]) -> None:
        self._pids = pids
        self._before, self._machine = self._read(), machine_seconds()

    def _read(self) -> dict[str, float | None]:
        return {name: cpu_seconds(pid, children) for name, (pid, children) in self._pids.items()}

    def round(self, count: int, rate: float, seconds: float) -> Round:
        """A round of `count` pieces that took `seconds`, with what was used since the beginning."""
        after, machine = self._read(), machine_seconds()
        used = {name: after[name] - start for name, start in self._before.items() if start is not None}
        made = Round(rate=rate, busy={name: spent / seconds for name, spent in used.items()})
        if used and count:
            made.server_us = next(iter(used.values())) / count * 1e6
            made.database_us = used.get("database", 0.0) / count * 1e6
        if machine and self._machine:
            made.machine = (machine[0] - self._machine[0]) / max(machine[1] - self._machine[1], 0.01)
        return made


def cpu_seconds(pid: int, children: bool = False) -> float | None:
    """The processor time of a process, and of its living children when asked, in seconds."""
    if not Path("/proc/self/stat").exists():
        return None
    pids = [pid, *_children(pid)] if children else [pid]
    return sum(_of_one(each) for each in pids)


def machine_seconds() -> tuple[float, float] | None:
    """How long the processors of this machine have worked, and how long they were there for, in seconds."""
    try:
        times = [int(field) / _TICK for field in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
    except OSError:
        return None
    return sum(times) - times[3] - times[4], sum(times)


def _stat(pid: int) -> list[str]:
    """The fields after the command's name (proc(5)): state, parent ... utime and stime at 11 and 12."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _of_one(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICK if fields else 0.0


def _children(parent: int) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _stat(pid)[1:2] == [str(parent)]]
