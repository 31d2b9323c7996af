"""One function for each statement of `calendars.sql`."""

from datetime import datetime
from uuid import UUID

from forum.calendars.feed_types import CalendarFeed, PersonalSessions, Subscription
from forum.db import Connection, execute, fetch_all, find, get, value
from forum.sqlfiles import load_statements

_SQL = load_statements("calendars")


async def is_programme_published(conn: Connection, edition_id: UUID) -> bool:
    """Whether an edition has a release."""
    return bool(await value(conn, _SQL["is_programme_published"], edition_id))


async def count_feeds(conn: Connection, edition_id: UUID, registration_id: UUID) -> int:
    """How many addresses a registration has."""
    return int(await value(conn, _SQL["count_feeds"], edition_id, registration_id))


async def insert_feed(
    conn: Connection,
    edition_id: UUID,
    feed_id: UUID,
    registration_id: UUID,
    label: str | None,
    sha256: bytes,
    now: datetime,
) -> None:
    """Keep the hash of a new address."""
    await execute(conn, _SQL["insert_feed"], edition_id, feed_id, registration_id, label, sha256, now)


async def find_own_feed(conn: Connection, feed_id: UUID, person_id: UUID, registration_id: UUID | None) -> CalendarFeed:
    """One feed of a person; raises `NotFound`."""
    return await get(conn, _SQL["find_own_feed"], CalendarFeed, feed_id, person_id, registration_id)


async def list_own_feeds(
    conn: Connection,
    person_id: UUID,
    registration_id: UUID | None,
    edition: str | None,
    after: UUID | None,
    limit: int,
) -> list[CalendarFeed]:
    """The feeds of a person, in the order in which they were made."""
    chosen = (person_id, registration_id, edition)
    return await fetch_all(conn, _SQL["list_own_feeds"], CalendarFeed, *chosen, after, limit)


async def count_own_feeds(conn: Connection, person_id: UUID, registration_id: UUID | None, edition: str | None) -> int:
    """How many feeds the list has."""
    return int(await value(conn, _SQL["count_own_feeds"], person_id, registration_id, edition))


async def rotate_feed(
    conn: Connection, feed_id: UUID, sha256: bytes, now: datetime, previous_ends_at: datetime
) -> None:
    """Another address for a feed."""
    await execute(conn, _SQL["rotate_feed"], feed_id, sha256, now, previous_ends_at)


async def delete_feed(conn: Connection, feed_id: UUID) -> None:
    """The addresses of a feed are good no more."""
    await execute(conn, _SQL["delete_feed"], feed_id)


async def find_subscription(conn: Connection, sha256: bytes, now: datetime) -> Subscription | None:
    """What a secret address shows, or None."""
    return await find(conn, _SQL["find_subscription"], Subscription, sha256, now)


async def get_personal_sessions(conn: Connection, edition_id: UUID, registration_id: UUID) -> PersonalSessions:
    """The sessions that are a registration's own."""
    return await get(conn, _SQL["get_personal_sessions"], PersonalSessions, edition_id, registration_id)
