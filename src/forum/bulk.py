"""Many rows in one request: a result for each, and a bad row that keeps no good one out."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Literal, TypeVar
from uuid import UUID

from msgspec import Struct

from forum.db import Connection
from forum.errors import Fault, ForumError, Invalid, from_exception

T = TypeVar("T")
RowStatus = Literal["created", "updated", "unchanged", "refused"]


class RowResult(Struct):
    """What became of a row: `index` is where it stands in the request, from 0."""

    index: int
    status: RowStatus
    id: UUID | None
    errors: list[Fault]


class RowResults(Struct):
    """What became of every row, in the order of the request."""

    items: list[RowResult]

    def require_all(self) -> None:
        """Raise `Invalid` with the faults of every refused row, so that nothing is written."""
        faults = [fault.inside(f"/rows/{result.index}") for result in self.items for fault in result.errors]
        if faults:
            raise Invalid(faults)


def refused(index: int, error: ForumError) -> RowResult:
    """The result of a row that an error keeps out: its faults, or else the error as one."""
    whole = Fault(pointer="", code=error.code, detail=error.detail)
    return RowResult(index, "refused", error.id, error.errors or [whole])


async def attempt(conn: Connection, work: Callable[[], Awaitable[T]]) -> T | ForumError:
    """Do some work in a savepoint of its own; the error that undid it, or raised when it is nobody's mistake."""
    try:
        async with conn.transaction():
            return await work()
    except Exception as error:
        told = from_exception(error)
        if told.status >= 500:
            raise
        return told


async def do_each(
    conn: Connection, rows: Sequence[T], work: Callable[[T], Awaitable[tuple[RowStatus, UUID]]]
) -> RowResults:
    """Do the work of every row by itself; the results in the order of the rows."""
    results = []
    for index, row in enumerate(rows):
        done = await attempt(conn, partial(work, row))
        results.append(refused(index, done) if isinstance(done, ForumError) else RowResult(index, *done, []))
    return RowResults(results)
