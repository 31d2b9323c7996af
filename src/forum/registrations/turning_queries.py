"""One function for each statement of `registrations_turning.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, get
from forum.registrations.turning_types import Turned
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations_turning")


async def turn_online(conn: Connection, edition_id: UUID, now: datetime) -> Turned:
    """Switch everybody who was to come to taking part online."""
    return await get(conn, _SQL["turn_online"], Turned, edition_id, now)
