"""Takes rows in, each in a savepoint of its own, and keeps account of what became of them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from forum import bodies
from forum.db import Connection
from forum.errors import Fault, ForumError, from_exception
from forum.imports.types import Finding, Kind, Outcome, Report, Tally

T = TypeVar("T")
Work = Callable[[], Awaitable[Outcome]]
Progress = Callable[[Kind, int, int], None]
"""Told after each row: of what kind, how many are done, of how many."""


def decode_row(raw: Any, type_: type[T]) -> T:
    """A row as `type_`, read as strictly as a request's body; raises `Invalid` with all faults."""
    return bodies.decode(msgspec.json.encode(raw), type_)


def name_row(section: str, index: int, raw: Any, key: str = "id") -> str:
    """What a row is called in the report: its id, else where it stands."""
    name = raw.get(key) if isinstance(raw, dict) else None
    return name[:100] if isinstance(name, str) and name.isprintable() and name else f"{section}[{index}]"


class Ledger:
    """The account of one import, on one connection, inside the caller's transaction."""

    def __init__(self, conn: Connection, now: datetime, report: Report, progress: Progress) -> None:
        self.conn, self.now, self.report = conn, now, report
        self._progress = progress

    async def take(self, kind: Kind, rows: Sequence[tuple[str, Work]]) -> None:
        """Do the work of every row, and count it.

        A row may have to wait for another: for its parent further down, or for a room that its neighbour is about to
        leave. So those that failed get another turn for as long as a turn brings one in.
        """
        waiting, done = list(rows), 0
        while waiting:
            failed: list[tuple[tuple[str, Work], ForumError]] = []
            for name, work in waiting:
                if (error := await self._attempt(kind, work)) is not None:
                    failed.append(((name, work), error))
                else:
                    done += 1
                    self._progress(kind, done, len(rows))
            if len(failed) == len(waiting):
                for (name, _), error in failed:
                    self.refuse(kind, name, error)
                self._progress(kind, len(rows), len(rows))
                return
            waiting = [row for row, _ in failed]

    async def _attempt(self, kind: Kind, work: Work) -> ForumError | None:
        """Do one row's work; what went wrong leaves nothing behind. What is not the row's fault is raised."""
        remarks = len(self.report.remarks)
        try:
            async with self.conn.transaction():
                outcome = await work()
        except Exception as exc:
            error = from_exception(exc)
            if error.status >= 500:
                raise
            del self.report.remarks[remarks:]
            return error
        tally = self._tally(kind)
        setattr(tally, outcome, getattr(tally, outcome) + 1)
        return None

    def refuse(self, kind: Kind, row: str, error: ForumError) -> None:
        """Count a row as refused, with every fault."""
        self._tally(kind).refused += 1
        faults = error.errors or [Fault(pointer="", code=error.code, detail=error.detail)]
        self.report.refusals.extend(Finding(kind, row, f.pointer or "", f.code, f.detail) for f in faults)

    def remark(self, kind: Kind, row: str, field: str, code: str, detail: str) -> None:
        """Tell which rule was applied to a row that is being taken."""
        self.report.remarks.append(Finding(kind, row, field, code, detail))

    def _tally(self, kind: Kind) -> Tally:
        return self.report.tallies.setdefault(kind, Tally())
