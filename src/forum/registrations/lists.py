"""What registrars list, count and take away as a table.

A table is sent while it is read, page by page, and each page is a statement of its own: neither all rows are in memory
nor is a transaction, or even a connection, held while a slow client reads.
"""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from forum import exports
from forum.codes import Mode
from forum.db import Connection, Pool
from forum.errors import Fault, Invalid
from forum.registrations import list_queries as queries
from forum.registrations.list_types import CountedBy, RegistrationCounts, RegistrationRow
from forum.registrations.types import RegistrationFilter, RegistrationStatus

ROWS_AT_ONCE: Final = 500
"""About 100 kilobytes, and some milliseconds of work between which others are served."""
COLUMNS: Final = RegistrationRow.__struct_fields__


def require_words(wanted: RegistrationFilter) -> RegistrationFilter:
    """The same filter; raises `Invalid` when it looks for no word at all."""
    if wanted.q is not None and not wanted.q.strip():
        raise Invalid([Fault(parameter="q", code="blank", detail="Give a part of a name or of an address.")])
    return wanted


async def read_rows(
    conn: Connection, edition_id: UUID, wanted: RegistrationFilter, after: UUID | None
) -> list[RegistrationRow]:
    """The next rows of a table; fewer than `ROWS_AT_ONCE` are the last ones."""
    return await queries.list_registration_rows(conn, edition_id, wanted, after, ROWS_AT_ONCE)


async def read_pages(
    pool: Pool, edition_id: UUID, wanted: RegistrationFilter, rows: list[RegistrationRow]
) -> AsyncIterator[list[RegistrationRow]]:
    """A table page by page, of which the first `rows` were read before.

    Each registration is in it at most once, as it was when its page was read; who registers meanwhile comes last.
    """

    async def read_next(conn: Connection, last: RegistrationRow) -> list[RegistrationRow]:
        return await read_rows(conn, edition_id, wanted, last.id)

    async for page in exports.read_pages(pool, rows, ROWS_AT_ONCE, read_next):
        yield page


def encode_csv_pages(pages: AsyncIterator[list[RegistrationRow]]) -> AsyncIterator[bytes]:
    """A table as CSV, a part for each page."""
    return exports.encode_csv_pages(COLUMNS, pages)


def encode_xlsx_pages(pages: AsyncIterator[list[RegistrationRow]]) -> AsyncIterator[bytes]:
    """A table as XLSX, a part for each page and one for the end."""
    return exports.encode_xlsx_pages(COLUMNS, pages)


ENCODERS: Final = {"csv": encode_csv_pages, "xlsx": encode_xlsx_pages}


async def count_registrations(
    conn: Connection, edition_id: UUID, by: CountedBy, status: RegistrationStatus | None, mode: Mode | None
) -> RegistrationCounts:
    """Registrations of an edition by status, mode, category, delegation or country, all or of one status and mode."""
    items = await queries.count_registrations_by(conn, edition_id, by, status, mode)
    return RegistrationCounts(by, items, sum(item.count for item in items))
