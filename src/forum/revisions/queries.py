"""One function for each statement of `revisions.sql`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, fetch_all, get, value
from forum.revisions.types import EditionRevision
from forum.sqlfiles import load_statements

_SQL = load_statements("revisions")


async def insert_revision(
    conn: Connection,
    edition_id: UUID,
    before: dict[str, Any],
    after: dict[str, Any],
    reason: dict[str, str],
    sessions: str,
    now: datetime,
    by_token: UUID,
) -> EditionRevision:
    """Record a revision under the next number."""
    row = (edition_id, before, after, reason, sessions, now, by_token)
    return await get(conn, _SQL["insert_revision"], EditionRevision, *row)


async def list_revisions(conn: Connection, edition_id: UUID, after: int | None, limit: int) -> list[EditionRevision]:
    """The revisions of an edition, newest first."""
    return await fetch_all(conn, _SQL["list_revisions"], EditionRevision, edition_id, after, limit)


async def count_revisions(conn: Connection, edition_id: UUID) -> int:
    """How many revisions an edition has."""
    return int(await value(conn, _SQL["count_revisions"], edition_id))


async def count_people(conn: Connection, edition_id: UUID) -> int:
    """How many people take part in an edition, or wait for it."""
    return int(await value(conn, _SQL["count_people"], edition_id))


async def find_last_release(conn: Connection, edition_id: UUID) -> int | None:
    """The number of an edition's last release."""
    number: int | None = await value(conn, _SQL["find_last_release"], edition_id)
    return number
