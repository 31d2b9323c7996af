"""One function for each statement of `speakers.sql`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, get, value
from forum.speakers.types import (
    Consent,
    ErasedSpeaker,
    NewSpeaker,
    Speaker,
    SpeakerFilter,
    SpeakerForStaff,
    SpeakerKey,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers")


async def insert_speaker(
    conn: Connection, edition_id: UUID, speaker_id: UUID, new: NewSpeaker, now: datetime, by_token: UUID
) -> SpeakerForStaff:
    """A new speaker."""
    row = (speaker_id, *columns(new), now, by_token)
    return await get(conn, _SQL["insert_speaker"], SpeakerForStaff, edition_id, *row)


async def find_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID) -> Speaker:
    """One speaker as everybody may see them; raises `NotFound` for those whom one may not see."""
    return await get(conn, _SQL["find_speaker"], Speaker, edition_id, speaker_id)


async def find_speaker_for_staff(conn: Connection, edition_id: UUID, speaker_id: UUID) -> SpeakerForStaff:
    """One speaker with all that is kept of them; raises `NotFound`."""
    return await get(conn, _SQL["find_speaker_for_staff"], SpeakerForStaff, edition_id, speaker_id)


async def lock_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID) -> SpeakerForStaff:
    """Lock a speaker until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_speaker"], SpeakerForStaff, edition_id, speaker_id)


async def list_speakers(
    conn: Connection, edition_id: UUID, wanted: SpeakerFilter, after: UUID | None, limit: int
) -> list[Speaker]:
    """Speakers as everybody may see them, in the order in which they were added."""
    return await fetch_all(conn, _SQL["list_speakers"], Speaker, edition_id, *columns(wanted), after, limit)


async def count_speakers(conn: Connection, edition_id: UUID, wanted: SpeakerFilter) -> int:
    """How many speakers everybody may see."""
    return int(await value(conn, _SQL["count_speakers"], edition_id, *columns(wanted)))


async def list_speakers_for_staff(
    conn: Connection, edition_id: UUID, wanted: SpeakerFilter, after: UUID | None, limit: int
) -> list[SpeakerForStaff]:
    """All speakers with all that is kept of them."""
    chosen = (edition_id, *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_speakers_for_staff"], SpeakerForStaff, *chosen)


async def count_speakers_for_staff(conn: Connection, edition_id: UUID, wanted: SpeakerFilter) -> int:
    """How many speakers there are."""
    return int(await value(conn, _SQL["count_speakers_for_staff"], edition_id, *columns(wanted)))


async def update_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID, *fields: Any) -> None:
    """Write every field that can change, in the statement's order; the version rises."""
    await execute(conn, _SQL["update_speaker"], edition_id, speaker_id, *fields)


async def record_consent(
    conn: Connection,
    edition_id: UUID,
    speaker_id: UUID,
    agreed: bool,
    way: str,
    now: datetime,
    by_token: UUID,
    note: str | None,
) -> Consent:
    """Note whether a speaker agrees to be published, and have it so from now on."""
    row = (edition_id, speaker_id, agreed, way, now, by_token, note)
    return await get(conn, _SQL["record_consent"], Consent, *row)


async def list_consents(
    conn: Connection, edition_id: UUID, speaker_id: UUID, after: int | None, limit: int
) -> list[Consent]:
    """What a speaker said of being published, each time, oldest first."""
    return await fetch_all(conn, _SQL["list_consents"], Consent, edition_id, speaker_id, after, limit)


async def is_available(
    conn: Connection, edition_id: UUID, speaker_id: UUID, starts_at: datetime | None, ends_at: datetime | None
) -> bool:
    """Whether a speaker can be there from when to when; raises `NotFound`."""
    return await get(conn, _SQL["is_available"], bool, edition_id, speaker_id, starts_at, ends_at)


async def list_speakers_of_person(
    conn: Connection, edition_id: UUID | None, registration_id: UUID | None, person_id: UUID | None
) -> list[SpeakerKey]:
    """Who speaks as the holder of a registration, or is reached at the address of a person."""
    whose = (edition_id, registration_id, person_id)
    return await fetch_all(conn, _SQL["list_speakers_of_person"], SpeakerKey, *whose)


async def erase_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID, now: datetime) -> ErasedSpeaker:
    """Take out of a speaker what tells who they are and is no record of the forum."""
    return await get(conn, _SQL["erase_speaker"], ErasedSpeaker, edition_id, speaker_id, now)
