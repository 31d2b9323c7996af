"""Writes many rows by `external_id`: each changes the thing of that name, or makes it.

A row is a merge patch (RFC 7396): what it leaves out stays as it is, and null clears. It is read, decided and written
by itself: one that is refused writes nothing and keeps no other out, except those that refer to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Any, ClassVar, Protocol, get_origin
from uuid import UUID

import msgspec

from forum import bodies
from forum.bulk import Handling, RowResults, RowStatus, carry_out, do_in_turns
from forum.checks import bare_type, fields_of
from forum.db import Connection
from forum.errors import Fault, Invalid
from forum.references import MARK, Kinds, Named, is_external_id, look_up, resolve


class Upserted(Protocol):
    """How things of one kind are found and written."""

    kind: ClassVar[str]
    """Also what rows of this kind are called in `refers`."""
    new: ClassVar[type[msgspec.Struct]]
    patch: ClassVar[type[msgspec.Struct]]
    refers: ClassVar[Kinds]

    async def list_named(self, kind: str, names: Sequence[str]) -> list[Named]:
        """The things of a kind, this one or one that rows refer to, that have these names."""
        ...

    async def lock(self, ids: Sequence[UUID]) -> None:
        """Lock the things that will be changed, and all that the rules lock after them, in the order of the rules."""
        ...

    async def find(self, id: UUID) -> msgspec.Struct:
        """A thing as it is."""
        ...

    async def create(self, new: Any) -> UUID:
        """Make a thing; its id."""
        ...

    async def update(self, id: UUID, patch: Any) -> None:
        """Change a thing."""
        ...


class _Row(msgspec.Struct):
    """A row, what it is called, and what is wrong with it among the others."""

    index: int
    raw: Any
    name: str | None
    faults: list[Fault]
    is_made: bool = False
    """Whether it has made its thing; when it is done once more, that was undone."""


async def upsert(conn: Connection, kind: Upserted, rows: Sequence[Any], handling: Handling) -> RowResults:
    """Make or change a thing for each row; what became of each. See `forum.bulk.carry_out`."""
    work = _Upsert(conn, kind)
    return await carry_out(conn, partial(work.run, rows), handling)


class _Upsert:
    """The rows of one request, in the caller's transaction."""

    def __init__(self, conn: Connection, kind: Upserted) -> None:
        self._conn, self._kind = conn, kind
        self._known: dict[str, dict[str, UUID]] = {}

    async def run(self, rows: Sequence[Any]) -> RowResults:
        """Take up every row, what others refer to first."""
        read = _name_rows(rows)
        names = {self._kind.kind: {row.name for row in read if row.name}}
        self._known = await look_up(rows, self._kind.refers, names, self._kind.list_named)
        own = self._known[self._kind.kind]
        await self._kind.lock([own[row.name] for row in read if row.name and row.name in own])
        works = [(row.index, partial(self._write, row)) for row in self._in_order(read)]
        results = await do_in_turns(self._conn, works)
        return RowResults([results[index] for index in range(len(rows))])

    def _in_order(self, rows: Sequence[_Row]) -> list[_Row]:
        """What others refer to first; those that are inside each other have a fault and come last."""
        fields = [field for field, kind in self._kind.refers.items() if kind == self._kind.kind]
        names = {str(id): name for name, id in self._known[self._kind.kind].items()}
        rows_of = {row.name: row for row in rows if row.name and isinstance(row.raw, dict) and not row.faults}
        graph = {
            name: {inner for field in fields for inner in _named_in(row.raw.get(field), names) if inner in rows_of}
            for name, row in rows_of.items()
        }
        while True:
            try:
                ordered = [rows_of[name] for name in TopologicalSorter(graph).static_order()]
                break
            except CycleError as error:
                for name in set(error.args[1]):
                    detail = f"The {self._kind.kind}s of these rows would lie inside each other."
                    fault = Fault(pointer=f"/{fields[0]}", code=f"cyclic_{fields[0]}", detail=detail)
                    rows_of[name].faults.append(fault)
                    del graph[name]
                graph = {name: inner & graph.keys() for name, inner in graph.items()}
        done = {row.index for row in ordered}
        return ordered + [row for row in rows if row.index not in done]

    async def _write(self, row: _Row) -> tuple[RowStatus, UUID]:
        kind, own = self._kind, self._known[self._kind.kind]
        if not isinstance(row.raw, dict):
            bodies.decode(msgspec.json.encode(row.raw), kind.new)
        fields, faults = resolve(row.raw, kind.refers, self._known)
        told = {fault.pointer for fault in row.faults}
        faults = row.faults + [fault for fault in faults if fault.pointer not in told]
        if row.is_made:
            row.is_made = False
            del own[str(row.name)]
        existing = own.get(row.name) if row.name else None
        if existing is None:
            new = read_fields(_without_nulls(fields, _texts(kind.new)), kind.new, faults)
            made = await kind.create(new)
            own[str(row.name)], row.is_made = made, True
            return "created", made
        before = await kind.find(existing)
        blank = [name for name in _texts(kind.new) if getattr(before, name) is None]
        patch = read_fields(_without_nulls(fields, blank), kind.patch, faults)
        if bodies.merge(before, patch) == before:
            return "unchanged", existing
        await kind.update(existing, patch)
        return "updated", existing


def read_fields(raw: Mapping[str, Any], type_: type[msgspec.Struct], faults: Sequence[Fault]) -> Any:
    """A row as `type_`; raises `Invalid` with its faults and those that were found before."""
    try:
        fields = bodies.decode(msgspec.json.encode(raw), type_)
    except Invalid as error:
        raise Invalid([*faults, *error.errors]) from None
    if faults:
        raise Invalid(faults)
    return fields


def _name_rows(rows: Sequence[Any]) -> list[_Row]:
    named: list[_Row] = []
    seen: set[str] = set()
    for index, raw in enumerate(rows):
        name = raw.get("external_id") if isinstance(raw, dict) else None
        row = _Row(index, raw, name if is_external_id(name) else None, [])
        if name is None:
            detail = "A row needs a name by which it is known again."
            row.faults.append(Fault(pointer="/external_id", code="missing", detail=detail))
        elif row.name in seen:
            row.faults.append(Fault(pointer="/external_id", code="duplicate", detail="An earlier row has it."))
        seen |= {row.name} if row.name else set()
        named.append(row)
    return named


def _named_in(value: Any, names: Mapping[str, str]) -> Iterable[str]:
    """The names of what a field names, be it by name or by id."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item.removeprefix(MARK) if item.startswith(MARK) else names.get(item.lower(), "")


def _texts(type_: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in fields_of(type_) if get_origin(bare_type(field.type)) is dict]


def _without_nulls(raw: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A row in which no language is taken out of a text that is not there."""
    fields = dict(raw)
    for name in names:
        if isinstance(text := raw.get(name), dict) and None in text.values():
            fields[name] = {tag: words for tag, words in text.items() if words is not None}
            if not fields[name]:
                del fields[name]
    return fields
