"""Many rows in one request: a result for each, and a bad row that keeps no good one out."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
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
        faults = [fault for result in self.items for fault in _placed(result)]
        if faults:
            raise Invalid(faults)


def _placed(result: RowResult) -> Iterator[Fault]:
    for fault in result.errors:
        yield Fault(pointer=f"/rows/{result.index}{fault.pointer or ''}", code=fault.code, detail=fault.detail)


def refused(index: int, error: ForumError) -> RowResult:
    """The result of a row that an error keeps out: its faults, or else the error as one."""
    whole = Fault(pointer="", code=error.code, detail=error.detail)
    return RowResult(index, "refused", error.id, error.errors or [whole])


async def do_each(
    conn: Connection, rows: Sequence[T], work: Callable[[T], Awaitable[tuple[RowStatus, UUID]]]
) -> RowResults:
    """Do the work of every row in a savepoint of its own; what is nobody's mistake is raised."""
    results = []
    for index, row in enumerate(rows):
        try:
            async with conn.transaction():
                status, made = await work(row)
        except Exception as error:
            told = from_exception(error)
            if told.status >= 500:
                raise
            results.append(refused(index, told))
        else:
            results.append(RowResult(index, status, made, []))
    return RowResults(results)
