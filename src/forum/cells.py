"""Tables as rows of an import: a column for each field of a struct, and what a cell means by the field's type.

Texts in languages are columns such as `title_en` and `title_ar`; fields of an inner struct, such as `languages_floor`,
have columns of their own; lists are apart by `|`. An empty cell says nothing. A cell of `-` takes away what is there.
Lists of what is more than a word have no column.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Self, get_args, get_origin

import msgspec
from msgspec import Meta

from forum import bodies
from forum.bulk import MAX_ROWS
from forum.checks import bare_type, fields_of, is_struct
from forum.codes import LanguageTag
from forum.tables import read_csv

SEPARATOR: Final = "|"
CLEARED: Final = "-"
_BOOLEANS: Final = {"true": True, "false": False}
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_Path = tuple[str, ...]
_ROW: Final = {
    "type": "object",
    "description": "Checked by itself: a bad row keeps no good one out. What it leaves out stays; null clears.",
}
"""For readers of the document."""
Rows = Annotated[list[Any], Meta(min_length=1, max_length=MAX_ROWS, extra_json_schema={"items": _ROW})]


class ImportedRows(msgspec.Struct, forbid_unknown_fields=True):
    """Rows that can also come as a table, with a column for each field of `row`."""

    row: ClassVar[type[msgspec.Struct]]

    rows: Rows

    @classmethod
    def from_csv(cls, data: bytes) -> Self:
        """The rows of a table; raises `Malformed` and `Invalid` for one that cannot be read."""
        return cls(read_rows(data, cls.row))


class Columns(Collection[str]):
    """The columns of a table, in any order: where in a row each cell belongs, and its type."""

    def __init__(self, type_: type[msgspec.Struct]) -> None:
        self._plain: dict[str, tuple[_Path, Any]] = {}
        self._texts: set[str] = set()
        self._add(type_, ())

    def _add(self, type_: type[msgspec.Struct], outer: _Path) -> None:
        for field in fields_of(type_):
            bare, path = bare_type(field.type), (*outer, field.encode_name)
            if is_struct(bare):
                self._add(bare, path)
            elif get_origin(bare) is dict:
                self._texts.add("_".join(path))
            elif get_origin(bare) is not list or not is_struct(bare_type(get_args(bare)[0])):
                self._plain["_".join(path)] = path, bare

    def find(self, column: object) -> tuple[_Path, Any] | None:
        """Where the cells of a column belong; None when there is no such column."""
        if not isinstance(column, str) or (found := self._plain.get(column)):
            return found if isinstance(column, str) else None
        name, _, tag = column.rpartition("_")
        if name in self._texts and not bodies.find_faults(tag, LanguageTag, ""):
            return (name, tag), str
        return None

    def __contains__(self, column: object) -> bool:
        """Whether there is such a column."""
        return self.find(column) is not None

    def __iter__(self) -> Iterator[str]:
        """Every column; of texts in languages, one for each."""
        yield from self._plain
        yield from (f"{name}_en" for name in sorted(self._texts))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._plain) + len(self._texts)


_columns = cache(Columns)


def read_rows(data: bytes, type_: type[msgspec.Struct]) -> list[Any]:
    """The rows of a table; raises `Malformed` and `Invalid` for one that cannot be read.

    A cell that is not what its column takes is left for the row's own check to name.
    """
    columns = _columns(type_)
    rows = [_row(cells, columns) for cells in read_csv(data, columns, MAX_ROWS)]
    return bodies.decode(msgspec.json.encode(rows), list[Any])


def _row(cells: dict[str, str], columns: Columns) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column, cell in cells.items():
        found = columns.find(column)
        assert found is not None
        (*outer, last), bare = found
        inner = row
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[last] = _value(cell, bare)
    return row


def _value(cell: str, bare: Any) -> Any:
    if get_origin(bare) is list:
        return [] if cell == CLEARED else [part.strip() for part in cell.split(SEPARATOR)]
    if cell == CLEARED:
        return None
    if bare is bool:
        return _BOOLEANS.get(cell.lower(), cell)
    return int(cell) if bare is int and _WHOLE_NUMBER.fullmatch(cell) else cell
