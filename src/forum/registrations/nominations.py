"""People who are registered by others: invited, put in somebody's place, or decided about by the dozen."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from forum.bulk import RowResults, RowStatus, do_each
from forum.db import Connection
from forum.editions.service import promote_waiting
from forum.errors import Invalid, NotFound
from forum.ids import new_id
from forum.permissions import Principal
from forum.registrations.admission import Asked, register_one, source_of
from forum.registrations.nomination_types import Decision, NewInvitation, Replaced, Replacement
from forum.registrations.places import find_registration, move_registration, withdraw_for_another
from forum.registrations.types import Registration


async def decide_registrations(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    decision: Decision,
    registrations: Sequence[UUID],
    reason: str | None,
    now: datetime,
) -> RowResults:
    """Approve, decline or revoke many, in their order; who cannot be is refused, and keeps nobody else out."""

    async def decide(registration_id: UUID) -> tuple[RowStatus, UUID]:
        await move_registration(conn, principal, edition_id, registration_id, decision, reason, now)
        return "updated", registration_id

    return await do_each(conn, registrations, decide)


async def invite_person(
    conn: Connection, principal: Principal, edition_id: UUID, invitation: NewInvitation, now: datetime
) -> Registration:
    """Hold a place for somebody until they accept it or the invitation expires; raises `NoPlaceFree`."""
    if invitation.expires_at <= now:
        raise Invalid.at("/expires_at", "in_the_past", "Give the person time to accept.")
    new = invitation.registration
    if new.online_while_waiting:
        raise Invalid.at("/registration/online_while_waiting", "not_allowed", "Who is invited does not wait.")
    asked = Asked(new_id(), principal, "invitation", new, now, offer_expires_at=invitation.expires_at)
    with _telling_where("/registration"):
        return await register_one(conn, edition_id, asked)


async def replace_person(
    conn: Connection, principal: Principal, edition_id: UUID, delegation_id: UUID, wanted: Replacement, now: datetime
) -> Replaced:
    """Withdraw one person of a delegation and register another in their place, in one step, or neither.

    Who is nominated has what the other had: a place, or else the end of the line. Raises `NotFound` for somebody of
    another delegation.
    """
    leaving = await find_registration(conn, principal, edition_id, wanted.withdraw)
    if leaving.delegation != delegation_id:
        raise NotFound
    new = wanted.nominate
    if new.delegation not in (None, delegation_id):
        raise Invalid.at("/nominate/delegation", "rule_broken", "It is the delegation of the person who leaves.")
    new.delegation = delegation_id
    source = source_of(principal, edition_id, delegation_id)
    before = await withdraw_for_another(conn, principal, edition_id, wanted.withdraw, now)
    asked = Asked(new_id(), principal, source, new, now, is_replacement=before.status == "approved")
    with _telling_where("/nominate"):
        nominated = await register_one(conn, edition_id, asked)
    await promote_waiting(conn, edition_id, now)
    withdrawn = await find_registration(conn, principal, edition_id, wanted.withdraw)
    return Replaced(withdrawn, nominated)


@contextmanager
def _telling_where(pointer: str) -> Iterator[None]:
    """Point into the larger body of which the registration is a part."""
    try:
        yield
    except Invalid as error:
        raise Invalid([fault.inside(pointer) for fault in error.errors]) from None
