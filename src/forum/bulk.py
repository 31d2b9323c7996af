"""Many rows in one request: a result for each, and a bad row that keeps no good one out."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Literal, TypeVar
from uuid import UUID

from msgspec import Struct

from forum.db import Connection
from forum.errors import Fault, ForumError, Invalid, from_exception

T = TypeVar("T")
RowStatus = Literal["created", "updated", "unchanged", "refused"]
MAX_ROWS: Final = 1000
"""How many rows an import takes."""
MAX_TURNS: Final = 10
"""How often a row is tried at most. By then, rows that make room for each other are through in almost any order."""

TOGETHER: Final = 50
"""How many rows are tried in one savepoint before each is by itself: many savepoints in one transaction slow down
everybody else's (more than 64 are not kept in PostgreSQL's shared memory)."""


class Handling(Struct, frozen=True):
    """How the rows of a request are to be handled."""

    is_atomic: bool = False
    """Whether one that is refused keeps all others out."""
    is_rehearsed: bool = False
    """Whether nothing is kept."""


class RowResult(Struct):
    """What became of a row: `index` is where it stands in the request, from 0.

    `id` is the thing that was written; of a row that was refused, the thing that stands in its way, if there is one.
    """

    index: int
    status: RowStatus
    id: UUID | None
    errors: list[Fault]


class RowResults(Struct):
    """What became of every row, in the order of the request."""

    items: list[RowResult]

    def require_all(self, at: str = "/rows") -> None:
        """Raise `Invalid` with the faults of every refused row, so that nothing is written.

        `at` is where the rows stand in the request.
        """
        faults = [fault.inside(f"{at}/{result.index}") for result in self.items for fault in result.errors]
        if faults:
            raise Invalid(faults)


RowWork = tuple[int, Callable[[], Awaitable[tuple[RowStatus, UUID]]]]
"""The index of a row, and what is to be done for it."""


class _Rehearsed(Exception):
    """Nothing of a dry run is kept."""


async def carry_out(
    conn: Connection,
    work: Callable[[], Awaitable[RowResults]],
    handling: Handling,
    at: str = "/rows",
) -> RowResults:
    """Do the work of all rows; atomic work raises `Invalid` with the faults of all of them when one is refused."""
    try:
        async with conn.transaction():
            results = await work()
            if handling.is_atomic:
                results.require_all(at)
            if handling.is_rehearsed:
                raise _Rehearsed
    except _Rehearsed:
        for result in results.items:
            result.id = None if result.status == "created" else result.id
    return results


def refused(index: int, error: ForumError) -> RowResult:
    """The result of a row that an error keeps out: its faults, or else the error as one."""
    whole = Fault(pointer="", code=error.code, detail=error.detail.replace("`id`", str(error.id)))
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


async def do_in_turns(conn: Connection, works: Sequence[RowWork]) -> dict[int, RowResult]:
    """Do each work by itself, by the index of its row; what is refused gets another turn while a turn brings one in.

    Every second turn goes backwards, so that rows which make room for each other do so in whatever order they stand. A
    work may be done more than once: what it wrote before was undone then, what it remembers was not.
    """
    results: dict[int, RowResult] = {}
    left = list(works)
    for _ in range(MAX_TURNS):
        tried, left = left, []
        for start in range(0, len(tried), TOGETHER):
            group = tried[start : start + TOGETHER]
            for (index, work), done in zip(group, await _do_group(conn, group), strict=True):
                if isinstance(done, ForumError):
                    results[index] = refused(index, done)
                    left.append((index, work))
                else:
                    results[index] = RowResult(index, *done, [])
        if len(left) in (0, len(tried)):
            break
        left.reverse()
    return results


async def _do_group(conn: Connection, group: Sequence[RowWork]) -> list[tuple[RowStatus, UUID] | ForumError]:
    """Together, which costs one savepoint instead of one for each; each alone when that fails for one of them."""

    async def do_all() -> list[tuple[RowStatus, UUID]]:
        return [await work() for _, work in group]

    together = await attempt(conn, do_all)
    if isinstance(together, ForumError):
        return [together] if len(group) == 1 else [await attempt(conn, work) for _, work in group]
    return [*together]
