"""One function for each statement of `notifications_unsubscribing.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, find
from forum.notifications.delivery_types import Unsubscribing
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_unsubscribing")


async def find_unsubscribing(conn: Connection, message_id: UUID) -> Unsubscribing | None:
    """What the link of a mail is about, or None."""
    return await find(conn, _SQL["find_unsubscribing"], Unsubscribing, message_id)


async def insert_unsubscription(conn: Connection, edition_id: UUID, person_id: UUID, kind: str, now: datetime) -> None:
    """Somebody wants no more mails of a kind."""
    await execute(conn, _SQL["insert_unsubscription"], edition_id, person_id, kind, now)


async def delete_unsubscription(conn: Connection, edition_id: UUID, person_id: UUID, kind: str) -> None:
    """Somebody wants mails of a kind again."""
    await execute(conn, _SQL["delete_unsubscription"], edition_id, person_id, kind)
