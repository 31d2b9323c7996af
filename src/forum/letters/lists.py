"""What registrars list, count and take away as a table: who waits for a letter, and for how long. Never a passport."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Final
from uuid import UUID

from forum import exports
from forum.db import Connection, Pool
from forum.letters import queries
from forum.letters.types import Letter, LetterCounts, LetterFilter, LetterRow
from forum.pagination import Page, Paging

COLUMNS: Final = LetterRow.__struct_fields__


async def list_letters(
    conn: Connection, edition_id: UUID, now: datetime, wanted: LetterFilter, paging: Paging
) -> Page[Letter]:
    """The letters of an edition, those that are due first at the top."""
    day, letter_id = paging.after(tuple[date, UUID]) or (None, None)
    rows = await queries.list_letters(conn, edition_id, now, wanted, day, letter_id, paging.limit + 1)
    total = await queries.count_letters(conn, edition_id, now, wanted) if paging.count else None
    return paging.page(rows, lambda letter: (letter.due_on, letter.id), total)


async def read_rows(
    conn: Connection, edition_id: UUID, now: datetime, wanted: LetterFilter, after: tuple[date, UUID] | None
) -> list[LetterRow]:
    """The next rows of a table; fewer than `ROWS_AT_ONCE` are the last ones."""
    day, letter_id = after or (None, None)
    return await queries.list_letter_rows(conn, edition_id, now, wanted, day, letter_id, exports.ROWS_AT_ONCE)


def encode_table(
    pool: Pool, edition_id: UUID, now: datetime, wanted: LetterFilter, rows: list[LetterRow], format: str
) -> AsyncIterator[bytes]:
    """A table in a format, of which the first `rows` were read before."""

    async def read_next(conn: Connection, last: LetterRow) -> list[LetterRow]:
        return await read_rows(conn, edition_id, now, wanted, (last.due_on, last.id))

    return exports.ENCODERS[format](COLUMNS, exports.read_pages(pool, rows, read_next))


async def count_letters(conn: Connection, edition_id: UUID, now: datetime) -> LetterCounts:
    """Letters of an edition by kind and status, with those that are overdue."""
    items = await queries.count_letters_by(conn, edition_id, now)
    return LetterCounts(items, sum(item.count for item in items), sum(item.overdue for item in items))
