"""What is planned for calendars: entries of who is registered, and of who speaks without; and which go in one mail.

What counts is the address: the entries of one session at one address are one, whoever of those who are reached there
speaks in it, and whoever of them is registered. So one takes them over from the other without a mail. What waits to be
sent is held back first: nothing is taken up while it may be moved, replaced or gathered.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.notifications import digest_queries, digests, queries, speaking_queries


async def plan_invitations(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], now: datetime) -> int:
    """Queue what brings these people's calendars in line with the last release; how many entries.

    Whoever of them speaks keeps, as a speaker, what their registration does not hold any more.
    """
    await queries.lock_invitations(conn, edition_id)
    addresses = await speaking_queries.list_speaking_addresses(conn, edition_id, [], registration_ids)
    there = await _settle(conn, edition_id, addresses, registration_ids)
    planned = await queries.plan_invitations(conn, edition_id, registration_ids, now)
    if addresses:
        planned += await speaking_queries.plan_speaking(conn, edition_id, addresses, now)
    if others := sorted(set(there).difference(registration_ids)):
        await gather_entries(conn, edition_id, others, now)
    return planned


async def plan_speakers(conn: Connection, edition_id: UUID, speaker_ids: Sequence[UUID], now: datetime) -> int:
    """The same for speakers, wherever they are written to and were; what a registration holds is planned with that."""
    await queries.lock_invitations(conn, edition_id)
    addresses = await speaking_queries.list_speaking_addresses(conn, edition_id, speaker_ids, [])
    there = await _settle(conn, edition_id, addresses, [])
    planned = await speaking_queries.plan_speaking(conn, edition_id, addresses, now)
    await gather_entries(conn, edition_id, there, now)
    return planned


async def gather_entries(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], now: datetime) -> None:
    """Have these people's calendar entries go out together where they are many, or a revision is to be told.

    To be done after invitations and notices are planned, in their transaction.
    """
    if registration_ids:
        limits = digests.CHANGES_IN_DIGEST, digests.MOST_ALONE, digests.MOST_IN_DIGEST
        await digest_queries.gather_entries(conn, edition_id, registration_ids, now, *limits)


async def _settle(
    conn: Connection, edition_id: UUID, addresses: Sequence[str], registration_ids: Sequence[UUID]
) -> list[UUID]:
    """Hold back what waits; have what was mailed to addresses belong to who should hold it; who is read there."""
    there = await speaking_queries.list_read_there(conn, edition_id, addresses) if addresses else []
    await digest_queries.lock_waiting(conn, edition_id, sorted({*there, *registration_ids}))
    if addresses:
        await speaking_queries.settle_entries(conn, edition_id, addresses)
    return there
