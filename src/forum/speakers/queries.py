"""One function for each statement of `speakers.sql`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.speakers.types import (
    Appearance,
    AppearanceRole,
    AppearanceStatus,
    NewAppearance,
    NewSpeaker,
    Outcome,
    Speaker,
    SpeakerFilter,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers")


async def insert_speaker(
    conn: Connection, edition_id: UUID, speaker_id: UUID, new: NewSpeaker, now: datetime
) -> Speaker:
    """A new speaker."""
    return await get(conn, _SQL["insert_speaker"], Speaker, edition_id, speaker_id, *columns(new), now)


async def find_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID, sees_all: bool) -> Speaker:
    """One speaker; raises `NotFound` for those whom one may not see."""
    return await get(conn, _SQL["find_speaker"], Speaker, edition_id, speaker_id, sees_all)


async def lock_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID) -> Speaker:
    """Lock a speaker until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_speaker"], Speaker, edition_id, speaker_id)


async def list_speakers(
    conn: Connection, edition_id: UUID, sees_all: bool, wanted: SpeakerFilter, after: UUID | None, limit: int
) -> list[Speaker]:
    """Speakers in the order in which they were added."""
    chosen = (edition_id, sees_all, *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_speakers"], Speaker, *chosen)


async def count_speakers(conn: Connection, edition_id: UUID, sees_all: bool, wanted: SpeakerFilter) -> int:
    """How many speakers the list has."""
    return int(await value(conn, _SQL["count_speakers"], edition_id, sees_all, *columns(wanted)))


async def update_speaker(conn: Connection, edition_id: UUID, speaker_id: UUID, *fields: Any) -> Speaker:
    """Write every field that can change, in the statement's order; the version rises."""
    return await get(conn, _SQL["update_speaker"], Speaker, edition_id, speaker_id, *fields)


async def insert_appearance(
    conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID, new: NewAppearance, now: datetime
) -> Appearance:
    """A new appearance: the speaker is invited."""
    fields = (session_id, appearance_id, *columns(new), now)
    return await get(conn, _SQL["insert_appearance"], Appearance, edition_id, *fields)


async def find_appearance(conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID) -> Appearance:
    """One appearance in a session; raises `NotFound`."""
    return await get(conn, _SQL["find_appearance"], Appearance, edition_id, session_id, appearance_id)


async def find_same_appearance(
    conn: Connection, edition_id: UUID, session_id: UUID, speaker_id: UUID, role: AppearanceRole, but: UUID | None
) -> UUID | None:
    """The appearance, other than `but`, of a speaker in a session in a role."""
    same = (session_id, speaker_id, role, but)
    return await find(conn, _SQL["find_same_appearance"], UUID, edition_id, *same)


async def lock_appearance(conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID) -> Appearance:
    """Lock an appearance until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_appearance"], Appearance, edition_id, session_id, appearance_id)


async def list_appearances(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    after_order: int | None,
    after_id: UUID | None,
    limit: int,
) -> list[Appearance]:
    """Who appears in a session, in their order."""
    page = (after_order, after_id, limit)
    return await fetch_all(conn, _SQL["list_appearances"], Appearance, edition_id, session_id, *page)


async def count_appearances(conn: Connection, edition_id: UUID, session_id: UUID) -> int:
    """How many appearances a session has."""
    return int(await value(conn, _SQL["count_appearances"], edition_id, session_id))


async def update_appearance(
    conn: Connection,
    edition_id: UUID,
    appearance_id: UUID,
    role: AppearanceRole,
    order: int,
    on_behalf_of: str | None,
    allotted_seconds: int | None,
    status: AppearanceStatus,
) -> Appearance:
    """Write every field that can change; the version rises."""
    fields = (role, order, on_behalf_of, allotted_seconds, status)
    return await get(conn, _SQL["update_appearance"], Appearance, edition_id, appearance_id, *fields)


async def update_outcome(conn: Connection, edition_id: UUID, appearance_id: UUID, outcome: Outcome) -> None:
    """What became of an appearance in the hall, where that can be; the version rises."""
    await execute(conn, _SQL["update_outcome"], edition_id, appearance_id, outcome)
