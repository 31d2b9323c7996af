"""How much processor time processes have used, from /proc; None where there is none."""

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def cpu_seconds(pid: int | None, children: bool = False) -> float | None:
    """The processor time of a process, and of its living children when asked, in seconds."""
    if pid is None or not Path("/proc/self/stat").exists():
        return None
    pids = [pid, *_children(pid)] if children else [pid]
    return sum(_of_one(each) for each in pids)


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
