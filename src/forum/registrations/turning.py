"""An edition that turns virtual: everybody who was to come takes part online, in one step."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.errors import Conflict
from forum.permissions import Principal
from forum.registrations import turning_queries as queries
from forum.registrations.places import lock
from forum.registrations.turning_types import Turned

REASON = "The edition is held online."


class EditionIsVirtual(Conflict, constraint="registrations_of_virtual_editions_are_online"):
    """The edition is held online"""


async def lock_all_places(conn: Connection, principal: Principal, edition_id: UUID) -> None:
    """Lock the places of both modes until the transaction ends, and remember who acts and why for the history."""
    await lock(conn, principal, edition_id, reason=REASON)


async def turn_online(conn: Connection, edition_id: UUID, now: datetime) -> Turned:
    """Switch everybody to online: who has a place keeps one, who waits keeps their turn, consents stay as they are.

    The caller holds the places, and has turned the programme, so that bookings find their sessions online.
    """
    return await queries.turn_online(conn, edition_id, now)
