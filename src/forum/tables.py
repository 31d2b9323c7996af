"""Tables as CSV (RFC 4180) in UTF-8 with a header.

Those that leave the system hold no cell that a spreadsheet would run; of those that come in, no character is changed.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

from forum.errors import Fault, Invalid, Malformed

CSV_TYPE: Final = "text/csv; header=present"
"""Without the charset, which the kernel adds to every text."""
Cell = str | int | date | datetime | None
_RUN_BY_SPREADSHEETS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def encode_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The table's bytes. Text that begins like a formula gets a leading apostrophe (OWASP, CSV injection)."""
    return encode_rows([header]) + encode_rows(rows)


def encode_rows(rows: Iterable[Sequence[Cell]]) -> bytes:
    """More rows of such a table, for one that is sent in parts."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8")


def read_csv(data: bytes, columns: Collection[str], most: int) -> list[dict[str, str]]:
    """The rows of a table by the names of their columns, without the cells that are empty.

    Raises `Malformed` for what is no CSV in UTF-8, and `Invalid` with every fault of the header and the rows' lengths.
    """
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except UnicodeDecodeError as error:
        raise Malformed(f"It is not UTF-8: byte {error.start} cannot be read. Save it as CSV UTF-8.") from error
    except (csv.Error, ValueError) as error:
        raise Malformed("It is not CSV with a header: cells apart by commas, quoted with double quotes.") from error
    rows = [row for row in rows if row]
    faults = [*_header_faults(header, columns), *_row_faults(header, rows)]
    if len(rows) > most:
        faults.append(Fault(pointer="/rows", code="too_long", detail=f"Send at most {most} rows at once."))
    if faults:
        raise Invalid(faults)
    return [{name: cell for name, cell in zip(header, row, strict=True) if cell} for row in rows]


def _header_faults(header: list[str], columns: Collection[str]) -> Iterator[Fault]:
    if len(header) == 1 and ";" in header[0]:
        yield Fault(pointer="/header/0", code="wrong_separator", detail="Separate the cells by commas.")
        return
    for index, name in enumerate(header):
        if name not in columns:
            detail = f"There is no column {name[:60]!r}; known are {', '.join(columns)}."
            yield Fault(pointer=f"/header/{index}", code="unknown_field", detail=detail)
        elif name in header[:index]:
            yield Fault(pointer=f"/header/{index}", code="duplicate", detail="This column stands twice.")


def _row_faults(header: list[str], rows: list[list[str]]) -> Iterator[Fault]:
    for index, row in enumerate(rows):
        if len(row) != len(header):
            detail = f"It has {len(row)} cells, the header {len(header)}."
            yield Fault(pointer=f"/rows/{index}", code="wrong_length", detail=detail)


def as_text(cell: Cell) -> str:
    """A cell as text: instants in UTC, nothing as nothing."""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "" if cell is None else str(cell)


def _text(cell: Cell) -> str:
    text = as_text(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_RUN_BY_SPREADSHEETS) else text
