"""One function for each statement of `notifications_delivery.sql`."""

from datetime import timedelta

from forum.db import Connection, execute
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_delivery")


async def pause_domain(conn: Connection, domain: str, pause: timedelta, reason: str, words: str) -> None:
    """Nobody at a domain is sent anything for a while."""
    await execute(conn, _SQL["pause_domain"], domain, pause, reason, words)
