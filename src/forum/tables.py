"""Tables that leave the system as CSV (RFC 4180): UTF-8, CRLF, a header, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final

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


def as_text(cell: Cell) -> str:
    """A cell as text: instants in UTC, nothing as nothing."""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "" if cell is None else str(cell)


def _text(cell: Cell) -> str:
    text = as_text(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_RUN_BY_SPREADSHEETS) else text
