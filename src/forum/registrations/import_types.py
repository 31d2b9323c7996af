"""What an import of registrations takes: rows of JSON, or a table whose columns are the same fields."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from forum.bulk import MAX_ROWS
from forum.codes import ExternalId
from forum.registrations.types import NewRegistration
from forum.tables import read_csv

PERSON: Final = ("given_name", "family_name", "email", "language", "timezone")
_BOOLEANS: Final = {"true": True, "false": False}
_READ: Final[dict[str, Callable[[str], Any]]] = {
    "counts_against_quota": lambda cell: _BOOLEANS.get(cell.lower(), cell),
    "online_while_waiting": lambda cell: _BOOLEANS.get(cell.lower(), cell),
    "consents": str.split,
}
"""Cells that are no text; what cannot be read is left for the row's own check to name."""


class ImportedRegistration(NewRegistration, forbid_unknown_fields=True, kw_only=True):
    """A row of an import: `external_id` tells whether the person is new."""

    external_id: ExternalId


COLUMNS: Final = (*PERSON, *(name for name in ImportedRegistration.__struct_fields__ if name != "person"))
"""The columns of a table, in any order."""


_ROW: Final = {
    "type": "object",
    "description": "The fields of NewRegistration; `external_id` tells whether the person is new.",
    "required": ["person", "category", "mode", "external_id"],
}
"""For readers of the document: rows are checked one by one."""


class ImportedRegistrations(Struct, forbid_unknown_fields=True):
    """Up to 1,000 rows, each read by itself: a bad one keeps no good one out."""

    rows: Annotated[list[Any], Meta(min_length=1, max_length=MAX_ROWS, extra_json_schema={"items": _ROW})]

    @classmethod
    def from_csv(cls, data: bytes) -> "ImportedRegistrations":
        """The rows of a table; raises `Malformed` and `Invalid` for one that cannot be read."""
        return cls([_nested(row) for row in read_csv(data, COLUMNS, MAX_ROWS)])


def _nested(row: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: _READ.get(name, str)(cell) for name, cell in row.items() if name not in PERSON}
    return fields | {"person": {name: cell for name, cell in row.items() if name in PERSON}}
