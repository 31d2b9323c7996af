"""Tables of structs that are sent while they are read, page by page, as CSV or XLSX.

Neither all rows are in memory nor is a transaction, or even a connection, held while a slow client reads: each page is
a statement of its own.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import astuple

from forum.db import ACQUIRE_TIMEOUT_SECONDS, Connection, Pool
from forum.sheets import XLSX_TYPE, Workbook
from forum.tables import CSV_TYPE, Cell, encode_csv, encode_rows

Row = TypeVar("Row", bound=Struct)
MEDIA_TYPES: Final = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}


async def read_pages(
    pool: Pool, rows: list[Row], rows_at_once: int, read_next: Callable[[Connection, Row], Awaitable[list[Row]]]
) -> AsyncIterator[list[Row]]:
    """A table page by page, of which the first `rows` were read before; a page that is not full is the last."""
    yield rows
    while len(rows) == rows_at_once:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn:
            rows = await read_next(conn, rows[-1])
        yield rows


async def encode_csv_pages(columns: Sequence[str], pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """A table as CSV, a part for the header and one for each page."""
    yield encode_csv(columns, [])
    async for rows in pages:
        yield encode_rows(_cells(rows))


async def encode_xlsx_pages(columns: Sequence[str], pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """A table as XLSX, a part for each page and one for the end."""
    workbook = Workbook(columns)
    try:
        async for rows in pages:
            workbook.write(_cells(rows))
            yield workbook.take()
    finally:
        workbook.close()
    yield workbook.take()


ENCODERS: Final[dict[str, Callable[[Sequence[str], AsyncIterator[list[Any]]], AsyncIterator[bytes]]]] = {
    "csv": encode_csv_pages,
    "xlsx": encode_xlsx_pages,
}


def _cells(rows: Sequence[Struct]) -> Iterator[list[Cell]]:
    return ([_cell(item) for item in astuple(row)] for row in rows)


def _cell(item: Cell | UUID | list[str]) -> Cell:
    if isinstance(item, UUID):
        return str(item)
    return " ".join(item) if isinstance(item, list) else item
