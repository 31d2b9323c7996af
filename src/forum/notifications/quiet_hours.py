"""When mails that can wait do: decisions about proposals and changes, never calendar entries, codes or links.

The rule itself stands in the database (`wait_for_morning`), so that nothing that queues a mail can forget it.
"""

from uuid import UUID

from forum.db import Connection
from forum.notifications import delivery_queries as queries
from forum.notifications.delivery_types import QuietHours


async def find_quiet_hours(conn: Connection, edition_id: UUID) -> QuietHours:
    """Those of an edition."""
    return await queries.find_quiet_hours(conn, edition_id)


async def set_quiet_hours(conn: Connection, edition_id: UUID, hours: QuietHours) -> QuietHours:
    """Other hours for an edition, from the next mail on."""
    await queries.set_quiet_hours(conn, edition_id, hours)
    return hours
