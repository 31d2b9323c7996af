"""The HTTP side of registering others: invitations, replacements and decisions about many."""

from datetime import datetime
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from forum.bulk import RowResults
from forum.db import Connection
from forum.permissions import Permission, Principal, needs
from forum.registrations import nominations
from forum.registrations.nomination_types import Decisions, NewInvitation, Replaced, Replacement
from forum.registrations.types import Registration

WRITE, MANAGE = needs(Permission.REGISTRATIONS_WRITE), needs(Permission.DELEGATIONS_MANAGE)
TAGS = ["registrations"]


@post(
    "/editions/{edition:str}/registrations:decide",
    opt=MANAGE,
    status_code=200,
    operation_id="decide_registrations",
    tags=TAGS,
)
async def decide_registrations(
    data: JSONBody[Decisions],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> RowResults:
    """Approve, decline or revoke up to 1,000 registrations, in this order; a result for each.

    One that cannot be moved is `refused` and keeps no other out. Who is approved without a free place waits for one.
    Focal points decide about their own people, where they may one by one.
    """
    chosen = (data.decision, data.registrations, data.reason)
    return await nominations.decide_registrations(conn, principal, edition_id, *chosen, now)


@post("/editions/{edition:str}/registrations:invite", opt=WRITE, operation_id="invite_registration", tags=TAGS)
async def invite_registration(
    data: JSONBody[NewInvitation],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Registration:
    """Hold a place for somebody until `expires_at`: they accept the offer, or it goes to the next in line.

    409 `no_place_free` when there is none that could be held.
    """
    return await nominations.invite_person(conn, principal, edition_id, data, now)


@post(
    "/editions/{edition:str}/delegations/{delegation_id:uuid}/replace",
    opt=MANAGE,
    status_code=200,
    operation_id="replace_registration",
    tags=TAGS,
)
async def replace_registration(
    data: JSONBody[Replacement],
    delegation_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Replaced:
    """Withdraw one person of a delegation and register another, in one step, or neither.

    Who is nominated has the place of who leaves, also after registration has closed; without one they wait in line.
    """
    return await nominations.replace_person(conn, principal, edition_id, delegation_id, data, now)


HANDLERS = [decide_registrations, invite_registration, replace_registration]
