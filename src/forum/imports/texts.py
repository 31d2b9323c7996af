"""What is said of a row: texts by language, and how its fields map to those of the API."""

from collections.abc import Iterable, Mapping
from typing import Any

from forum.errors import Fault, Invalid
from forum.imports.types import Text


def texts(text: Text | None) -> dict[str, str] | None:
    """Text keyed by language; a plain string is English."""
    return {"en": text} if isinstance(text, str) else text


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are known."""
    return {name: value for name, value in fields.items() if value is not None}


def changes(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What of `wanted` differs from what is there; of texts by language and other objects, only their parts that do."""
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        before = present.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if inside := changes(before, value):
                found[name] = inside
        elif before != value:
            found[name] = value
    return found


def as_in_row(error: Invalid, names: Mapping[str, str], plain: Iterable[str] = ()) -> Invalid:
    """The same faults, pointing to the row's fields. Those in `plain` stand there without the name that comes next."""
    return Invalid([_as_in_row(fault, names, frozenset(plain)) for fault in error.errors])


def _as_in_row(fault: Fault, names: Mapping[str, str], plain: frozenset[str]) -> Fault:
    _, first, *rest = (fault.pointer or "/").split("/")
    name = names.get(first, first)
    inside = rest[1:] if name in plain else rest
    pointer = "/".join(["", name, *inside]) if name else ""
    return Fault(pointer=pointer, code=fault.code, detail=fault.detail)
