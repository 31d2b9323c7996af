"""One function for each statement of `pledges.sql` about announcements."""

from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, execute, fetch_all, get, value
from forum.pledges.announcement_types import Announcement, NamedByAnnouncement
from forum.sqlfiles import load_statements

_SQL = load_statements("pledges")


async def find_named_by_announcement(
    conn: Connection, edition_id: UUID, pledge_id: UUID, speaker_id: UUID | None
) -> NamedByAnnouncement:
    """Whether a pledge is announced already, and whether the edition has the speaker."""
    chosen = (edition_id, pledge_id, speaker_id)
    return await get(conn, _SQL["find_named_by_announcement"], NamedByAnnouncement, *chosen)


async def insert_announcement(
    conn: Connection,
    edition_id: UUID,
    announcement_id: UUID,
    session_id: UUID,
    pledge_id: UUID,
    speaker_id: UUID | None,
    revision: dict[str, Any],
    now: datetime,
) -> None:
    """An announcement under the next number of its edition."""
    row = (announcement_id, session_id, pledge_id, speaker_id, revision, now)
    await execute(conn, _SQL["insert_announcement"], edition_id, *row)


async def find_announcement(
    conn: Connection, edition_id: UUID, session_id: UUID, announcement_id: UUID, sees_all: bool
) -> Announcement:
    """One announcement in a session; raises `NotFound`."""
    return await get(conn, _SQL["find_announcement"], Announcement, edition_id, session_id, announcement_id, sees_all)


async def list_announcements(
    conn: Connection, edition_id: UUID, sees_all: bool, session_id: UUID | None, before: int | None, limit: int
) -> list[Announcement]:
    """The announcements of an edition, newest first, of one session or all."""
    chosen = (edition_id, sees_all, session_id, before, limit)
    return await fetch_all(conn, _SQL["list_announcements"], Announcement, *chosen)


async def count_announcements(conn: Connection, edition_id: UUID, sees_all: bool, session_id: UUID | None) -> int:
    """How many announcements the list has."""
    return int(await value(conn, _SQL["count_announcements"], edition_id, sees_all, session_id))


async def list_announcements_after(conn: Connection, edition_id: UUID, number: int, limit: int) -> list[Announcement]:
    """The announcements after a number, in their order, as everybody sees them."""
    return await fetch_all(conn, _SQL["list_announcements_after"], Announcement, edition_id, number, limit)


async def get_last_announcement(conn: Connection, edition_id: UUID) -> int:
    """The number of the last announcement of an edition; 0 when there is none."""
    return int(await value(conn, _SQL["get_last_announcement"], edition_id))
