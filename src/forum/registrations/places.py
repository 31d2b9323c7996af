"""Places: who gets one, who gives one back, and who is promoted then.

Whoever changes how many places are taken locks, in this order and each in a statement of its own: the places of both
modes (or of the one in question), then the registration. What is then read is decided one by one. Nobody waits while
there is a place for them: whoever frees one promotes in the same transaction. The database deals and counts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from forum.codes import Mode
from forum.db import Connection
from forum.editions.service import RUNNING, WrongStatus, promote_waiting
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.permissions import Permission, Principal
from forum.registrations import queries
from forum.registrations.types import LockedRegistration, Places, Registration, RegistrationStatus

Move = Literal["approve", "decline", "withdraw", "revoke"]
MOVES: Final[dict[Move, tuple[frozenset[RegistrationStatus], RegistrationStatus]]] = {
    "approve": (frozenset({"submitted"}), "approved"),
    "decline": (frozenset({"submitted", "waitlisted"}), "declined"),
    "withdraw": (frozenset({"submitted", "approved", "waitlisted"}), "withdrawn"),
    "revoke": (frozenset({"approved"}), "revoked"),
}
"""What may be asked for in which status. Who is approved while there is no place for them waits for one."""
STATUS_MOVES: Final[dict[RegistrationStatus, frozenset[RegistrationStatus]]] = {
    "submitted": frozenset({"approved", "waitlisted", "declined", "withdrawn", "erased"}),
    "waitlisted": frozenset({"approved", "declined", "withdrawn", "erased"}),
    "approved": frozenset({"withdrawn", "revoked", "erased"}),
    "declined": frozenset({"erased"}),
    "withdrawn": frozenset({"erased"}),
    "revoked": frozenset({"erased"}),
    "erased": frozenset(),
}
"""Every change of status, as the database's `registration_moves` has it."""
ACTIVE: Final = frozenset({"submitted", "approved", "waitlisted"})
MODES: Final[tuple[Mode, ...]] = ("in_person", "online")


class RegistrationClosed(Conflict):
    """Registration is closed"""


class NoPlaceFree(Conflict, constraint="places_taken_never_exceed_capacity"):
    """No place is free in that mode"""


class QuotaReached(Conflict, constraint="quotas_taken_never_exceed_quota"):
    """The delegation's quota is reached"""


class NoOffer(Conflict):
    """No place is offered to this registration"""


async def lock(
    conn: Connection, principal: Principal, edition_id: UUID, modes: Sequence[Mode] = MODES, reason: str | None = None
) -> dict[Mode, Places]:
    """The places of these modes, locked until the transaction ends; raises `NotFound` without the edition."""
    rows = await queries.lock_places(conn, edition_id, modes, str(principal.token_id), reason or "")
    if not rows:
        raise NotFound
    return {row.mode: row for row in rows}


def require_running(there: Places) -> None:
    """Raise `RegistrationClosed` for an edition that is not yet announced, over or cancelled."""
    if there.status not in RUNNING:
        raise RegistrationClosed(f"The edition is {there.status}.")


async def find_registration(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID
) -> Registration:
    """A registration, for its owner, its focal points and registrars; raises `NotFound` for everybody else."""
    reach = principal.reach(Permission.REGISTRATIONS_READ, edition_id)
    return await queries.find_registration(conn, edition_id, registration_id, reach, principal.person_id)


async def withdraw_for_another(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, now: datetime
) -> LockedRegistration:
    """Withdraw somebody whose place another gets in this transaction; how they stood. Promotes nobody yet."""
    await lock(conn, principal, edition_id, reason="Replaced by somebody else.")
    before = await _lock_registration(conn, principal, edition_id, registration_id)
    if before.status not in ACTIVE:
        raise WrongStatus(f"It is {before.status}.")
    await queries.move_registration(conn, edition_id, before.id, "withdrawn", before.mode, None, now)
    return before


async def move_registration(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    registration_id: UUID,
    move: Move,
    reason: str | None,
    now: datetime,
) -> Registration:
    """Approve, decline, withdraw or revoke; raises `WrongStatus` naming the moves that are allowed now.

    A place that becomes free goes to the first in line who may have it, in this transaction.
    """
    there = await lock(conn, principal, edition_id, reason=reason)
    before = await _lock_registration(conn, principal, edition_id, registration_id)
    _require_right(principal, edition_id, move, before, there[before.mode])
    sources, target = MOVES[move]
    if before.status not in sources:
        allowed = [name for name, (states, _) in MOVES.items() if before.status in states]
        raise WrongStatus(f"It is {before.status}.", allowed=allowed)
    if target == "approved":
        require_running(there[before.mode])
        await _approve(conn, edition_id, before, there, now)
    else:
        await _move(conn, edition_id, before, target, before.mode, None, now)
    return await find_registration(conn, principal, edition_id, registration_id)


async def _approve(
    conn: Connection, edition_id: UUID, before: LockedRegistration, there: dict[Mode, Places], now: datetime
) -> None:
    """Give a place, or else a place in the line: online meanwhile, when the person wishes so and there is one."""
    if await queries.is_place_free(conn, edition_id, before.id, before.mode):
        await _move(conn, edition_id, before, "approved", before.mode, None, now)
    elif (
        before.online_while_waiting
        and there["online"].is_offered
        and await queries.is_place_free(conn, edition_id, before.id, "online")
    ):
        await _move(conn, edition_id, before, "approved", "online", before.mode, now)
    else:
        await _move(conn, edition_id, before, "waitlisted", before.mode, before.mode, now)


async def switch_mode(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    registration_id: UUID,
    mode: Mode,
    reason: str | None,
    now: datetime,
) -> Registration:
    """Swap one way of taking part for the other; the place given up goes to the first in line, in this transaction.

    Who takes part keeps their place while they wait for one in a mode that is full, and leaves that line by switching
    to the mode that they have. Raises `NoPlaceFree` for who waits already (they keep their place in line),
    `RegistrationClosed` and, where staff decides who comes in person, `Forbidden`.
    """
    there = await lock(conn, principal, edition_id, reason=reason)
    before = await _lock_registration(conn, principal, edition_id, registration_id)
    if before.status not in ACTIVE:
        raise WrongStatus(f"It is {before.status}.")
    if before.mode == mode:
        if before.status == "approved" and before.waits_for:
            await _move(conn, edition_id, before, "approved", mode, None, now)
    else:
        _require_switch(there[mode], before, principal.may(Permission.REGISTRATIONS_WRITE, edition_id), now)
        await _switch(conn, edition_id, before, mode, now)
    return await find_registration(conn, principal, edition_id, registration_id)


async def _switch(conn: Connection, edition_id: UUID, before: LockedRegistration, mode: Mode, now: datetime) -> None:
    is_offered = before.waits_for == mode and before.offer_expires_at is not None and before.offer_expires_at > now
    if before.status == "submitted":
        await _move(conn, edition_id, before, "submitted", mode, None, now)
    elif is_offered or await queries.is_place_free(conn, edition_id, before.id, mode):
        await _move(conn, edition_id, before, "approved", mode, None, now)
    elif before.status == "waitlisted":
        raise NoPlaceFree("The registration stays as it is.")
    elif before.waits_for is None:
        await _move(conn, edition_id, before, "approved", before.mode, mode, now)


def _require_switch(there: Places, before: LockedRegistration, is_registrar: bool, now: datetime) -> None:
    if not there.is_offered:
        raise Invalid.at("/mode", "mode_not_offered", f"This edition is {there.edition_mode}.")
    if is_registrar:
        require_running(there)
    elif not there.is_open(now):
        raise RegistrationClosed("Registration for this mode is not open.")
    elif there.approval == "review" and there.mode == "in_person" and before.status != "submitted":
        raise Forbidden("The organizers decide who comes in person: ask them to switch this registration.")


async def accept_offer(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, now: datetime
) -> Registration:
    """Take the place that is held; raises `NoOffer` when none is, or no longer."""
    before = await _lock_offer(conn, principal, edition_id, registration_id, now)
    assert before.waits_for  # an offer is of a place in the line's mode: a constraint holds it
    await _move(conn, edition_id, before, "approved", before.waits_for, None, now)
    return await find_registration(conn, principal, edition_id, registration_id)


async def decline_offer(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, now: datetime
) -> Registration:
    """Leave the place to the next in line, and the line: who takes part the other way goes on doing so."""
    before = await _lock_offer(conn, principal, edition_id, registration_id, now)
    target: RegistrationStatus = "withdrawn" if before.status == "waitlisted" else before.status
    await _move(conn, edition_id, before, target, before.mode, None, now)
    return await find_registration(conn, principal, edition_id, registration_id)


async def _lock_offer(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, now: datetime
) -> LockedRegistration:
    await lock(conn, principal, edition_id)
    before = await _lock_registration(conn, principal, edition_id, registration_id)
    if before.offer_expires_at is None or before.offer_expires_at <= now:
        raise NoOffer("It may have expired; the place goes to the next in line then.")
    return before


async def lapse_offers(conn: Connection, now: datetime) -> None:
    """Pass on the places that were offered and not accepted in time."""
    for edition_id in await queries.list_lapsing(conn, now):
        await queries.lock_places(conn, edition_id, MODES, "", "The offer expired.")
        await queries.lapse_offers(conn, edition_id, now)
        await promote_waiting(conn, edition_id, now)


def _require_right(
    principal: Principal, edition_id: UUID, move: Move, before: LockedRegistration, there: Places
) -> None:
    """Raise `Forbidden` for a move that is the registrars' or, of somebody's own registration, the focal points'.

    A focal point approves where somebody looks at every registration, and elsewhere whoever named the delegation.
    """
    reach = principal.reach(Permission.REGISTRATIONS_WRITE, edition_id)
    if reach is None or move == "withdraw":
        return
    if before.delegation not in reach or move == "revoke":
        raise Forbidden
    if move == "approve" and there.approval != "review" and before.source != "self":
        raise Forbidden("Who is registered by others is not approved by hand in this edition: ask a registrar.")


async def _lock_registration(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID
) -> LockedRegistration:
    reach = principal.reach(Permission.REGISTRATIONS_WRITE, edition_id)
    return await queries.lock_registration(conn, edition_id, registration_id, reach, principal.person_id)


async def _move(
    conn: Connection,
    edition_id: UUID,
    before: LockedRegistration,
    status: RegistrationStatus,
    mode: Mode,
    waits_for: Mode | None,
    now: datetime,
) -> None:
    """Write where a registration stands now; somebody else may have a place then."""
    await queries.move_registration(conn, edition_id, before.id, status, mode, waits_for, now)
    if before.holds_place:
        await promote_waiting(conn, edition_id, now)
