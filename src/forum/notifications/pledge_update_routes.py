"""The HTTP side of updates on pledges."""

from datetime import datetime
from uuid import UUID

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.notifications import pledge_updates as service
from forum.notifications.pledge_update_types import NewPledgeUpdatesDue, PledgeUpdatesDue
from forum.permissions import Permission, needs

READ, WRITE = needs(Permission.PLEDGES_READ), needs(Permission.PLEDGES_WRITE)
TAGS = ["notifications"]
DUE = "/editions/{edition:str}/pledge-updates-due"


@get(DUE, opt=READ, operation_id="get_pledge_updates_due", tags=TAGS)
async def get_pledge_updates_due(
    edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> PledgeUpdatesDue:
    """On which days updates on pledges are due; never, until somebody decides."""
    return await service.read_due_days(conn, edition_id)


@put(DUE, opt=WRITE, operation_id="replace_pledge_updates_due", tags=TAGS)
async def replace_pledge_updates_due(
    data: JSONBody[NewPledgeUpdatesDue],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> PledgeUpdatesDue:
    """Decide on which days updates are due, and how many days before people are asked; first with the ETag `"0"`.

    Asked are the person who submitted a pledge and the focal points of its lead entity, by one mail about all their
    public pledges that are not fulfilled.
    """
    return await service.replace_due_days(conn, edition_id, data, if_match, now)


HANDLERS = [get_pledge_updates_due, replace_pledge_updates_due]
