"""One function for each statement of `registrations.sql` about badges and their keys."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, get, value
from forum.registrations.badge_types import BadgeFilter, BadgeKey, BadgeRow, PrintedBadge, RevokedBadge
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations")


async def ensure_badge_key(conn: Connection, private_key: bytes, public_key: bytes, now: datetime) -> None:
    """Keep the first badge key, unless there is one."""
    await execute(conn, _SQL["ensure_badge_key"], private_key, public_key, now)


async def insert_badge_key(conn: Connection, private_key: bytes, public_key: bytes, now: datetime) -> int:
    """Keep one more badge key, which signs from now on; returns its id."""
    return int(await value(conn, _SQL["insert_badge_key"], private_key, public_key, now))


async def lock_badge_keys(conn: Connection) -> None:
    """Only one process makes the first key."""
    await execute(conn, _SQL["lock_badge_keys"])


async def list_badge_keys(conn: Connection) -> list[BadgeKey]:
    """Every badge key."""
    return await fetch_all(conn, _SQL["list_badge_keys"], BadgeKey)


async def list_badges(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    reads_all: bool,
    person_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[BadgeRow]:
    """The badges of a registration that is the person's, or any for who reads all."""
    key = (edition_id, registration_id, reads_all, person_id, after, limit)
    return await fetch_all(conn, _SQL["list_badges"], BadgeRow, *key)


async def find_badge(
    conn: Connection, edition_id: UUID, badge_id: UUID, reads_all: bool, person_id: UUID | None
) -> BadgeRow:
    """A badge that is the person's, or any for who reads all; raises `NotFound`."""
    return await get(conn, _SQL["find_badge"], BadgeRow, edition_id, badge_id, reads_all, person_id)


async def find_printed_badge(conn: Connection, edition_id: UUID, badge_id: UUID) -> PrintedBadge:
    """What stands on a badge; raises `NotFound`."""
    return await get(conn, _SQL["find_printed_badge"], PrintedBadge, edition_id, badge_id)


async def list_printed_badges(
    conn: Connection, edition_id: UUID, wanted: BadgeFilter, after: int | None, limit: int
) -> list[PrintedBadge]:
    """What stands on the live badges of an edition, in the order of their serials."""
    chosen = (edition_id, *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_printed_badges"], PrintedBadge, *chosen)


async def list_revoked_badges(
    conn: Connection,
    edition_id: UUID,
    since: datetime | None,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> list[RevokedBadge]:
    """The badges of an edition that were revoked, in the order in which that happened."""
    key = (edition_id, since, after_at, after_id, limit)
    return await fetch_all(conn, _SQL["list_revoked_badges"], RevokedBadge, *key)


async def count_revoked_badges(conn: Connection, edition_id: UUID, since: datetime | None) -> int:
    """How many badges the list has."""
    return int(await value(conn, _SQL["count_revoked_badges"], edition_id, since))
