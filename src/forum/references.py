"""Names things of the edition in rows by what a partner calls them: `external:` and the thing's `external_id`.

The mark tells them from ids: a partner's own names may well be UUIDs.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from forum.bodies import find_faults
from forum.codes import ExternalId
from forum.errors import Fault
from forum.ids import new_id

MARK: Final = "external:"
Kinds = Mapping[str, str]
"""Which fields name things, or lists of them, and of what kind: `{"room": "room", "parent": "session"}`."""


class Named(Struct, frozen=True):
    """A thing and what a partner calls it."""

    external_id: str
    id: UUID


def is_external_id(name: Any) -> bool:
    """Whether something could be the name of a thing, so that it can be looked for."""
    return not find_faults(name, ExternalId, "")


async def look_up(
    rows: Sequence[Any],
    kinds: Kinds,
    wanted: dict[str, set[str]],
    list_named: Callable[[str, Sequence[str]], Awaitable[list[Named]]],
) -> dict[str, dict[str, UUID]]:
    """What all names in some rows, and those of each kind that are `wanted` beside, stand for.

    `list_named` finds the things of a kind that have some names, in one statement for each kind.
    """
    for row in rows:
        for kind, name in _list_names(row, kinds) if isinstance(row, dict) else ():
            wanted.setdefault(kind, set()).add(name)
    return {
        kind: {named.external_id: named.id for named in await list_named(kind, sorted(names))}
        for kind, names in wanted.items()
    }


def _list_names(raw: Mapping[str, Any], kinds: Kinds) -> Iterator[tuple[str, str]]:
    """The kind and the name of everything that a row names in this way."""
    for field, kind in kinds.items():
        for _, item in _items(raw.get(field)):
            if (name := _name(item)) is not None and is_external_id(name):
                yield kind, name


def resolve(
    raw: Mapping[str, Any], kinds: Kinds, known: Mapping[str, Mapping[str, UUID]]
) -> tuple[dict[str, Any], list[Fault]]:
    """A row with ids in the place of names, and a fault for every name that leads nowhere.

    There, an id of nothing stands in the row, so that the rest of it can be checked.
    """
    resolved, faults = dict(raw), []
    for field, kind in kinds.items():
        ids = []
        for place, item in _items(raw.get(field)):
            found = item
            if (name := _name(item)) is not None:
                found = known.get(kind, {}).get(name)
                if found is None:
                    detail = f"There is no {kind} of this external_id here."
                    faults.append(Fault(pointer=f"/{field}{place}", code="unknown_reference", detail=detail))
                    found = new_id()
            ids.append(found)
        if ids:
            resolved[field] = ids if isinstance(raw[field], list) else ids[0]
    return resolved, faults


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    """What stands in a field, with its place inside of it."""
    if isinstance(value, list):
        yield from ((f"/{index}", item) for index, item in enumerate(value))
    elif value is not None:
        yield "", value


def _name(item: Any) -> str | None:
    return item.removeprefix(MARK) if isinstance(item, str) and item.startswith(MARK) else None
