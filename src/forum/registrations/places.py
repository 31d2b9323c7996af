"""Places: who gets one, who gives one back, and who is promoted then.

Whoever changes how many places are taken locks, in this order and each in a statement of its own: the places of both
modes (or of the one in question), then the registration. What is then read is decided one by one. Nobody waits while a
place is free: whoever frees one promotes in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from forum.codes import Mode
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.jobs import InviteRegistration
from forum.outbox import publish
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
"""Every allowed change of status. Who is approved while no place is free waits for one."""
MODES: Final[tuple[Mode, ...]] = ("in_person", "online")
RUNNING: Final = frozenset({"announced", "open", "closed", "live"})
"""The statuses of an edition in which registrars may still give places."""


class RegistrationClosed(Conflict):
    """Registration is closed"""


class NoPlaceFree(Conflict):
    """No place is free in that mode"""


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

    A place that becomes free goes to who has waited longest, in this transaction.
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
        target = "approved" if there[before.mode].is_free else "waitlisted"
    await _move(conn, edition_id, before, target, before.mode, now)
    return await queries.find_registration(conn, edition_id, registration_id, None, None)


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

    Somebody who waits for the hall and switches to online leaves the waiting list. Raises `NoPlaceFree` (the person
    keeps what they have), `RegistrationClosed` and, where staff decides who comes in person, `Forbidden`.
    """
    there = await lock(conn, principal, edition_id, reason=reason)
    before = await _lock_registration(conn, principal, edition_id, registration_id)
    if before.status not in ("submitted", "approved", "waitlisted"):
        raise WrongStatus(f"It is {before.status}.")
    if before.mode != mode:
        _require_switch(there[mode], before, principal.may(Permission.REGISTRATIONS_WRITE, edition_id), now)
        target: RegistrationStatus = "submitted" if before.status == "submitted" else "approved"
        await _move(conn, edition_id, before, target, mode, now)
    return await queries.find_registration(conn, edition_id, registration_id, None, None)


def _require_switch(there: Places, before: LockedRegistration, is_registrar: bool, now: datetime) -> None:
    if not there.is_offered:
        raise Invalid.at("/mode", "mode_not_offered", f"This edition is {there.edition_mode}.")
    if is_registrar:
        require_running(there)
    elif not there.is_open(now):
        raise RegistrationClosed("Registration for this mode is not open.")
    elif there.approval == "review" and there.mode == "in_person" and before.status != "submitted":
        raise Forbidden("The organizers decide who comes in person: ask them to switch this registration.")
    if before.status != "submitted" and not there.is_free:
        raise NoPlaceFree("The registration stays as it is.")


def _require_right(
    principal: Principal, edition_id: UUID, move: Move, before: LockedRegistration, there: Places
) -> None:
    """Raise `Forbidden` for a move that is the registrars' or, of somebody's own registration, the focal points'.

    A focal point approves only where somebody looks at every registration.
    """
    reach = principal.reach(Permission.REGISTRATIONS_WRITE, edition_id)
    if reach is None or move == "withdraw":
        return
    if before.delegation not in reach or move == "revoke":
        raise Forbidden
    if move == "approve" and there.approval != "review":
        raise Forbidden("Nobody is approved by hand in this edition: ask a registrar.")


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
    now: datetime,
) -> None:
    """Write the new status and mode, settle both modes' places, promote, and have calendars follow."""
    await queries.move_registration(conn, edition_id, before.id, status, mode, now)
    if status == "approved":
        await queries.take_place(conn, edition_id, mode)
    promoted: list[UUID] = []
    if before.status == "approved":
        await queries.free_place(conn, edition_id, before.mode)
        promoted = await queries.promote_waiting(conn, edition_id, before.mode, now)
    await publish(conn, *(InviteRegistration(edition_id, one) for one in (before.id, *promoted)))
