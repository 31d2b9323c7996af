"""Lists that leave the system as files while they are read, page by page; see `tables` and `sheets`."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import astuple

from forum.sheets import XLSX_TYPE, Workbook
from forum.tables import CSV_TYPE, Cell, encode_csv, encode_rows

R = TypeVar("R", bound=Struct)
ROWS_AT_ONCE: Final = 500
"""About 100 kilobytes, and some milliseconds of work between which others are served."""
MEDIA_TYPES: Final = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}


async def encode_csv_pages(columns: Sequence[str], pages: AsyncIterator[Sequence[R]]) -> AsyncIterator[bytes]:
    """A table as CSV, a part for each page."""
    yield encode_csv(columns, [])
    async for rows in pages:
        yield encode_rows(_cells(rows))


async def encode_xlsx_pages(columns: Sequence[str], pages: AsyncIterator[Sequence[R]]) -> AsyncIterator[bytes]:
    """A table as XLSX, a part for each page and one for the end."""
    workbook = Workbook(columns)
    try:
        async for rows in pages:
            workbook.write(_cells(rows))
            yield workbook.take()
    finally:
        workbook.close()
    yield workbook.take()


ENCODERS: Final = {"csv": encode_csv_pages, "xlsx": encode_xlsx_pages}


def _cells(rows: Iterable[R]) -> Iterator[list[Cell]]:
    return ([_cell(item) for item in astuple(row)] for row in rows)


def _cell(item: Cell | UUID | list[str]) -> Cell:
    if isinstance(item, UUID):
        return str(item)
    return " ".join(item) if isinstance(item, list) else item
