"""Imports speakers by `external_id`."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from forum.bulk import Handling, RowResults
from forum.db import Connection
from forum.entities import service as entities
from forum.http import IfMatch
from forum.permissions import Principal
from forum.references import Kinds, Named
from forum.speakers import import_queries, service
from forum.speakers.types import NewSpeaker, SpeakerPatch
from forum.upserts import upsert


async def import_speakers(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    rows: Sequence[object],
    now: datetime,
    handling: Handling,
) -> RowResults:
    """Make or change a speaker for each row; what became of each. See `forum.upserts.upsert`."""
    await import_queries.lock_speaker_imports(conn, edition_id)
    speakers = _Speakers(conn, principal, edition_id, now)
    return await upsert(conn, speakers, rows, handling)


class _Speakers:
    kind: ClassVar = "speaker"
    new: ClassVar[type[msgspec.Struct]] = NewSpeaker
    patch: ClassVar[type[msgspec.Struct]] = SpeakerPatch
    refers: ClassVar[Kinds] = {"entity": "entity"}

    def __init__(self, conn: Connection, principal: Principal, edition_id: UUID, now: datetime) -> None:
        self._conn, self._principal, self._edition_id, self._now = conn, principal, edition_id, now

    async def list_named(self, kind: str, names: Sequence[str]) -> list[Named]:
        if kind == "entity":
            return await entities.list_entities_by_external_id(self._conn, names)
        return await import_queries.list_named_speakers(self._conn, self._edition_id, names)

    async def lock(self, ids: Sequence[UUID]) -> None:
        await import_queries.lock_named_speakers(self._conn, self._edition_id, ids)

    async def find(self, id: UUID) -> msgspec.Struct:
        return await service.find_speaker(self._conn, self._principal, self._edition_id, id)

    async def create(self, new: NewSpeaker) -> UUID:
        return (await service.create_speaker(self._conn, self._principal, self._edition_id, new, self._now)).id

    async def update(self, id: UUID, patch: SpeakerPatch) -> None:
        change = (patch, IfMatch(None), self._now)
        await service.update_speaker(self._conn, self._principal, self._edition_id, id, *change)
