"""The programme of an edition that is moved or turns virtual: all sessions at once, in one statement."""

from uuid import UUID

from forum.db import Connection
from forum.programme import replanning_queries as queries
from forum.programme.replanning_types import ReplannedSession, Replanning


async def replan_sessions(conn: Connection, edition_id: UUID, wanted: Replanning) -> list[ReplannedSession]:
    """Move the sessions that have not begun, drafts included; those that changed, before and after.

    Readers see it with the next release. Raises `RoomOccupied` where one would meet a session that has begun. When the
    edition turns virtual the registrations stay locked, too: the caller has locked the places of the edition.
    """
    await queries.hold_programme(conn, edition_id, wanted.is_virtual)
    return await queries.replan_sessions(conn, edition_id, wanted)
