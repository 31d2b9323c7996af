"""What registrars list, count and take away as a table.

A table is sent while it is read, page by page, and each page is a statement of its own: neither all rows are in memory
nor is a transaction, or even a connection, held while a slow client reads.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final
from uuid import UUID

from msgspec.structs import astuple

from forum.codes import Mode
from forum.db import ACQUIRE_TIMEOUT_SECONDS, Connection, Pool
from forum.errors import Fault, Invalid
from forum.permissions import Permission, Principal
from forum.questions import service as questions
from forum.registrations import list_queries as queries
from forum.registrations.list_types import CountedBy, RegistrationCounts, RegistrationRow
from forum.registrations.types import RegistrationFilter, RegistrationStatus
from forum.sheets import Workbook
from forum.tables import Cell, encode_csv, encode_rows

ROWS_AT_ONCE: Final = 500
"""About 100 kilobytes, and some milliseconds of work between which others are served."""
COLUMNS: Final = RegistrationRow.__struct_fields__[:-1]
"""What every table has; then comes a column for each question."""


def require_words(wanted: RegistrationFilter) -> RegistrationFilter:
    """The same filter; raises `Invalid` when it looks for no word at all."""
    if wanted.q is not None and not wanted.q.strip():
        raise Invalid([Fault(parameter="q", code="blank", detail="Give a part of a name or of an address.")])
    return wanted


async def read_rows(
    conn: Connection, edition_id: UUID, wanted: RegistrationFilter, reach: list[UUID] | None, after: UUID | None
) -> list[RegistrationRow]:
    """The next rows of a table; fewer than `ROWS_AT_ONCE` are the last ones."""
    return await queries.list_registration_rows(conn, edition_id, wanted, after, ROWS_AT_ONCE, reach)


async def list_question_keys(conn: Connection, edition_id: UUID) -> list[str]:
    """The questions that are columns of a table, in their order."""
    return await questions.list_exported_keys(conn, edition_id)


async def read_pages(
    pool: Pool, edition_id: UUID, wanted: RegistrationFilter, reach: list[UUID] | None, rows: list[RegistrationRow]
) -> AsyncIterator[list[RegistrationRow]]:
    """A table page by page, of which the first `rows` were read before.

    Each registration is in it at most once, as it was when its page was read; who registers meanwhile comes last.
    """
    yield rows
    while len(rows) == ROWS_AT_ONCE:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn:
            rows = await read_rows(conn, edition_id, wanted, reach, rows[-1].id)
        yield rows


async def encode_csv_pages(
    pages: AsyncIterator[list[RegistrationRow]], keys: Sequence[str] = ()
) -> AsyncIterator[bytes]:
    """A table as CSV, a part for each page."""
    yield encode_csv([*COLUMNS, *keys], [])
    async for rows in pages:
        yield encode_rows(_cells(rows, keys))


async def encode_xlsx_pages(
    pages: AsyncIterator[list[RegistrationRow]], keys: Sequence[str] = ()
) -> AsyncIterator[bytes]:
    """A table as XLSX, a part for each page and one for the end."""
    workbook = Workbook([*COLUMNS, *keys])
    try:
        async for rows in pages:
            workbook.write(_cells(rows, keys))
            yield workbook.take()
    finally:
        workbook.close()
    yield workbook.take()


ENCODERS: Final = {"csv": encode_csv_pages, "xlsx": encode_xlsx_pages}


def _cells(rows: Sequence[RegistrationRow], keys: Sequence[str]) -> Iterator[list[Cell]]:
    for row in rows:
        yield [_cell(item) for item in (*astuple(row)[:-1], *(row.answers.get(key) for key in keys))]


def _cell(item: Cell | UUID | list[str]) -> Cell:
    if isinstance(item, UUID):
        return str(item)
    if isinstance(item, bool):
        return "true" if item else "false"
    return " ".join(item) if isinstance(item, list) else item


async def count_registrations(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    by: CountedBy,
    status: RegistrationStatus | None,
    mode: Mode | None,
) -> RegistrationCounts:
    """Registrations of an edition by status, mode, category, delegation or country, all or of one status and mode.

    A focal point counts the people of their own delegations.
    """
    reach = principal.reach(Permission.REGISTRATIONS_READ, edition_id)
    items = await queries.count_registrations_by(conn, edition_id, by, status, mode, reach)
    return RegistrationCounts(by, items, sum(item.count for item in items))
