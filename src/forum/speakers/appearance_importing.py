"""Imports appearances: session, speaker and role tell them apart, by whatever way a row names them.

Rows are taken session by session, in the order of the sessions' ids, as everybody locks them; within a session in
theirs.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec

from forum.bodies import decode, merge
from forum.bulk import Handling, RowResult, RowResults, RowStatus, carry_out, do_in_turns, refused
from forum.db import Connection
from forum.errors import ForumError, Invalid, NotFound
from forum.http import IfMatch
from forum.programme import service as programme
from forum.references import Kinds, Named, look_up, resolve
from forum.speakers import import_queries, service
from forum.speakers.appearance_types import AppearancePatch, NewAppearance
from forum.speakers.import_types import AppearanceKey, ImportedAppearance
from forum.upserts import read_fields

REFERS: Final[Kinds] = {"session": "session", "speaker": "speaker"}
_Key = tuple[UUID, UUID, str]


async def import_appearances(
    conn: Connection, edition_id: UUID, rows: Sequence[Any], now: datetime, handling: Handling
) -> RowResults:
    """Invite a speaker for each row, or change the appearance that is there. See `forum.bulk.carry_out`."""
    await import_queries.lock_speaker_imports(conn, edition_id)
    work = _Import(conn, edition_id, now)
    return await carry_out(conn, partial(work.run, rows), handling)


class _Import:
    """The rows of one request, in the caller's transaction."""

    def __init__(self, conn: Connection, edition_id: UUID, now: datetime) -> None:
        self._conn, self._edition_id, self._now = conn, edition_id, now
        self._known: dict[str, dict[str, UUID]] = {}
        self._there: dict[_Key, UUID] = {}
        self._seen: set[_Key] = set()

    async def run(self, rows: Sequence[Any]) -> RowResults:
        """Take up every row."""
        self._known = await look_up(rows, REFERS, {}, self._list_named)
        results: dict[int, RowResult] = {}
        read: dict[int, ImportedAppearance] = {}
        for index, raw in enumerate(rows):
            try:
                read[index] = self._read(raw)
            except ForumError as error:
                results[index] = refused(index, error)
        sessions = sorted({row.session for row in read.values()})
        there = await import_queries.list_appearances_of_sessions(self._conn, self._edition_id, sessions)
        self._there = {_key(appearance): appearance.id for appearance in there}
        order = sorted(read, key=lambda index: read[index].session)
        works = [(index, partial(self._write, rows[index], read[index])) for index in order]
        results |= await do_in_turns(self._conn, works)
        return RowResults([results[index] for index in range(len(rows))])

    async def _list_named(self, kind: str, names: Sequence[str]) -> list[Named]:
        if kind == "session":
            return await programme.list_named_sessions(self._conn, self._edition_id, names)
        return await import_queries.list_named_speakers(self._conn, self._edition_id, names)

    def _read(self, raw: Any) -> ImportedAppearance:
        if not isinstance(raw, dict):
            return decode(msgspec.json.encode(raw), ImportedAppearance)
        fields, faults = resolve(raw, REFERS, self._known)
        row: ImportedAppearance = read_fields(fields, ImportedAppearance, faults)
        if _key(row) in self._seen:
            raise Invalid.at("/role", "duplicate", "An earlier row has this speaker in this session in this role.")
        self._seen.add(_key(row))
        return row

    async def _write(self, raw: dict[str, Any], row: ImportedAppearance) -> tuple[RowStatus, UUID]:
        session, existing = row.session, self._there.get(_key(row))
        if existing is None:
            new = NewAppearance(**{name: getattr(row, name) for name in NewAppearance.__struct_fields__})
            return "created", await self._create(session, new)
        before = await service.find_appearance(self._conn, self._edition_id, session, existing)
        patch = _patch_of(raw)
        if merge(before, patch) == before:
            return "unchanged", existing
        change = (patch, IfMatch(None), self._now)
        await service.update_appearance(self._conn, self._edition_id, session, existing, *change)
        return "updated", existing

    async def _create(self, session: UUID, new: NewAppearance) -> UUID:
        try:
            return (await service.create_appearance(self._conn, self._edition_id, session, new, self._now)).id
        except NotFound:
            raise Invalid.at("/session", "unknown_reference", "The edition has no such session.") from None


def _key(row: ImportedAppearance | AppearanceKey) -> _Key:
    return row.session, row.speaker, row.role


def _patch_of(raw: dict[str, Any]) -> AppearancePatch:
    """What a row says of an appearance that is there; no place in the order is the place that it has."""
    given = {name: value for name, value in raw.items() if name in AppearancePatch.__struct_fields__}
    if given.get("order") is None:
        given.pop("order", None)
    return decode(msgspec.json.encode(given), AppearancePatch)
