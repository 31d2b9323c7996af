"""Imports rooms, tracks and sessions by `external_id`, and locks what is going to be changed.

Whoever writes many sessions at once locks all of them first, then the programme, every room of the edition and all who
speak in them, each in the order of their ids: thus it waits for those who change one session, as they wait for it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from forum.bulk import Handling, RowResults
from forum.db import Connection
from forum.entities import service as entities
from forum.http import IfMatch
from forum.programme import import_queries, queries, service
from forum.programme.types import (
    NewRoom,
    NewSession,
    NewTrack,
    RoomPatch,
    SessionPatch,
    TrackPatch,
)
from forum.references import Kinds, Named
from forum.upserts import Upserted, upsert

ANY_VERSION = IfMatch(None)


async def import_rooms(
    conn: Connection, edition_id: UUID, rows: Sequence[object], now: datetime, handling: Handling
) -> RowResults:
    """Make or change a room for each row; what became of each. See `forum.upserts.upsert`."""
    return await _import(_Rooms(conn, edition_id, now), rows, handling)


async def import_tracks(
    conn: Connection, edition_id: UUID, rows: Sequence[object], now: datetime, handling: Handling
) -> RowResults:
    """Make or change a track for each row; what became of each. See `forum.upserts.upsert`."""
    return await _import(_Tracks(conn, edition_id, now), rows, handling)


async def import_sessions(
    conn: Connection, edition_id: UUID, rows: Sequence[object], now: datetime, handling: Handling
) -> RowResults:
    """Make or change a session for each row; what became of each. See `forum.upserts.upsert`.

    New ones are drafts. One that is confirmed meets the same rules as if it were changed alone.
    """
    return await _import(_Sessions(conn, edition_id, now), rows, handling)


async def lock_for_change(conn: Connection, edition_id: UUID, session_ids: Sequence[UUID]) -> None:
    """Lock sessions that will be changed, and all that their rules lock after them."""
    await import_queries.lock_sessions(conn, edition_id, session_ids)
    await queries.lock_programme(conn, edition_id)
    await import_queries.lock_all_rooms(conn, edition_id)
    await import_queries.lock_speakers_of_sessions(conn, edition_id, session_ids)


class _Things:
    """What the three kinds share."""

    def __init__(self, conn: Connection, edition_id: UUID, now: datetime) -> None:
        self.conn, self.edition_id, self.now = conn, edition_id, now

    async def list_named(self, kind: str, names: Sequence[str]) -> list[Named]:
        if kind == "entity":
            return await entities.list_entities_by_external_id(self.conn, names)
        list_them = {
            "room": import_queries.list_named_rooms,
            "track": import_queries.list_named_tracks,
            "session": import_queries.list_named_sessions,
        }[kind]
        return await list_them(self.conn, self.edition_id, names)


class _Rooms(_Things):
    kind: ClassVar = "room"
    new: ClassVar[type[msgspec.Struct]] = NewRoom
    patch: ClassVar[type[msgspec.Struct]] = RoomPatch
    refers: ClassVar[Kinds] = {"parts": "room"}

    async def lock(self, ids: Sequence[UUID]) -> None:
        await import_queries.lock_all_rooms(self.conn, self.edition_id)

    async def find(self, id: UUID) -> msgspec.Struct:
        return await service.find_room(self.conn, self.edition_id, id)

    async def create(self, new: NewRoom) -> UUID:
        return (await service.create_room(self.conn, self.edition_id, new, self.now)).id

    async def update(self, id: UUID, patch: RoomPatch) -> None:
        await service.update_room(self.conn, self.edition_id, id, patch, ANY_VERSION, self.now)


class _Tracks(_Things):
    kind: ClassVar = "track"
    new: ClassVar[type[msgspec.Struct]] = NewTrack
    patch: ClassVar[type[msgspec.Struct]] = TrackPatch
    refers: ClassVar[Kinds] = {}

    async def lock(self, ids: Sequence[UUID]) -> None:
        await import_queries.lock_tracks(self.conn, self.edition_id, ids)

    async def find(self, id: UUID) -> msgspec.Struct:
        return await service.find_track(self.conn, self.edition_id, id)

    async def create(self, new: NewTrack) -> UUID:
        return (await service.create_track(self.conn, self.edition_id, new, self.now)).id

    async def update(self, id: UUID, patch: TrackPatch) -> None:
        await service.update_track(self.conn, self.edition_id, id, patch, ANY_VERSION)


class _Sessions(_Things):
    kind: ClassVar = "session"
    new: ClassVar[type[msgspec.Struct]] = NewSession
    patch: ClassVar[type[msgspec.Struct]] = SessionPatch
    refers: ClassVar[Kinds] = {"parent": "session", "room": "room", "track": "track", "organisers": "entity"}

    async def lock(self, ids: Sequence[UUID]) -> None:
        await lock_for_change(self.conn, self.edition_id, ids)

    async def find(self, id: UUID) -> msgspec.Struct:
        return await service.find_session(self.conn, self.edition_id, id)

    async def create(self, new: NewSession) -> UUID:
        return (await service.create_session(self.conn, self.edition_id, new, self.now)).id

    async def update(self, id: UUID, patch: SessionPatch) -> None:
        await service.update_session(self.conn, self.edition_id, id, patch, ANY_VERSION, self.now)


async def _import(things: _Rooms | _Tracks | _Sessions, rows: Sequence[object], handling: Handling) -> RowResults:
    await import_queries.lock_imports(things.conn, things.edition_id)
    kind: Upserted = things
    return await upsert(things.conn, kind, rows, handling)
