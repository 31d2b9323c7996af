"""The rules of updates on pledges: when they are due, and that those who keep pledges are asked for them, once."""

from datetime import datetime
from typing import Final
from uuid import UUID

from forum.db import Connection
from forum.errors import Stale
from forum.http import IfMatch
from forum.notifications import pledge_update_queries as queries
from forum.notifications.pledge_update_types import NewPledgeUpdatesDue, PledgeUpdatesDue

NAMED_AT_MOST: Final = 50
"""How many pledges one mail names; who keeps more is told how many more they are."""
_NEVER: Final = PledgeUpdatesDue([], 14, 0)


async def read_due_days(conn: Connection, edition_id: UUID) -> PledgeUpdatesDue:
    """On which days updates on an edition's pledges are due; version 0 while nobody has decided."""
    return await queries.find_due_days(conn, edition_id) or _NEVER


async def replace_due_days(
    conn: Connection, edition_id: UUID, new: NewPledgeUpdatesDue, if_match: IfMatch, now: datetime
) -> PledgeUpdatesDue:
    """Decide anew; who was asked for a day's update is not asked for it again."""
    version = (await read_due_days(conn, edition_id)).version
    if_match.require(version)
    days = sorted(set(new.due_on))
    if (put := await queries.put_due_days(conn, edition_id, days, new.remind_days, version, now)) is None:
        raise Stale((await read_due_days(conn, edition_id)).version)
    return put


async def plan_pledge_updates(conn: Connection, now: datetime) -> int:
    """Queue the mails that ask for the updates which are due soon; how many."""
    return await queries.queue_pledge_updates(conn, now, NAMED_AT_MOST)
