"""The calendar entries of who speaks: held by their registration where it has them, else at the address of the speaker.

What counts is the address: the entries of one session at one address are one, whoever of those who are reached there
speaks in it, and whoever of them is registered. So one takes them over from the other without a mail.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.notifications import queries, speaking_queries


async def plan_invitations(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], now: datetime) -> int:
    """Queue what brings these people's calendars in line with the last release; how many mails.

    Whoever of them speaks keeps, as a speaker, what their registration does not hold any more.
    """
    await queries.lock_invitations(conn, edition_id)
    addresses = await speaking_queries.list_speaking_addresses(conn, edition_id, [], registration_ids)
    if not addresses:
        return await queries.plan_invitations(conn, edition_id, registration_ids, now)
    await speaking_queries.settle_entries(conn, edition_id, addresses)
    planned = await queries.plan_invitations(conn, edition_id, registration_ids, now)
    return planned + await speaking_queries.plan_speaking(conn, edition_id, addresses, now)


async def plan_speakers(conn: Connection, edition_id: UUID, speaker_ids: Sequence[UUID], now: datetime) -> int:
    """The same for speakers, wherever they are written to and were; what a registration holds is planned with that."""
    await queries.lock_invitations(conn, edition_id)
    addresses = await speaking_queries.list_speaking_addresses(conn, edition_id, speaker_ids, [])
    await speaking_queries.settle_entries(conn, edition_id, addresses)
    return await speaking_queries.plan_speaking(conn, edition_id, addresses, now)
