"""One function for each statement of `speakers_appearances.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.speakers.appearance_types import (
    Appearance,
    AppearanceFilter,
    AppearanceRole,
    AppearanceRow,
    AppearanceStatus,
    CalendarAnswer,
    NewAppearance,
    Outcome,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers_appearances")


async def insert_appearance(
    conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID, new: NewAppearance, now: datetime
) -> Appearance:
    """A new appearance: the speaker is invited."""
    fields = (session_id, appearance_id, *columns(new), now)
    return await get(conn, _SQL["insert_appearance"], Appearance, edition_id, *fields)


async def find_appearance(conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID) -> Appearance:
    """One appearance in a session; raises `NotFound`."""
    return await get(conn, _SQL["find_appearance"], Appearance, edition_id, session_id, appearance_id)


async def find_session_of(conn: Connection, edition_id: UUID, speaker_id: UUID, appearance_id: UUID) -> UUID:
    """The session of an appearance of a speaker; raises `NotFound`."""
    return await get(conn, _SQL["find_session_of"], UUID, edition_id, speaker_id, appearance_id)


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


async def list_edition_appearances(
    conn: Connection, edition_id: UUID, wanted: AppearanceFilter, after: UUID | None, limit: int
) -> list[AppearanceRow]:
    """Who appears where in an edition, in the order in which they were added."""
    chosen = (edition_id, *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_edition_appearances"], AppearanceRow, *chosen)


async def count_edition_appearances(conn: Connection, edition_id: UUID, wanted: AppearanceFilter) -> int:
    """How many appearances the list has."""
    return int(await value(conn, _SQL["count_edition_appearances"], edition_id, *columns(wanted)))


async def update_appearance(
    conn: Connection,
    edition_id: UUID,
    appearance_id: UUID,
    role: AppearanceRole,
    order: int,
    on_behalf_of: str | None,
    allotted_seconds: int | None,
    status: AppearanceStatus,
    invited_at: datetime | None,
) -> Appearance:
    """Write every field that can change; the version rises."""
    fields = (role, order, on_behalf_of, allotted_seconds, status, invited_at)
    return await get(conn, _SQL["update_appearance"], Appearance, edition_id, appearance_id, *fields)


async def answer_appearance(
    conn: Connection, edition_id: UUID, appearance_id: UUID, status: AppearanceStatus, now: datetime, note: str | None
) -> None:
    """Note what a speaker answered."""
    await execute(conn, _SQL["answer_appearance"], edition_id, appearance_id, status, now, note)


async def record_calendar_answer(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    registration_id: UUID | None,
    address: str,
    answer: CalendarAnswer,
) -> None:
    """Note what somebody's calendar answered, with all that they are confirmed for in a session."""
    place = (edition_id, session_id, registration_id, address)
    await execute(conn, _SQL["record_calendar_answer"], *place, *columns(answer))


async def update_outcome(conn: Connection, edition_id: UUID, appearance_id: UUID, outcome: Outcome) -> None:
    """What became of an appearance in the hall, where that can be; the version rises."""
    await execute(conn, _SQL["update_outcome"], edition_id, appearance_id, outcome)
