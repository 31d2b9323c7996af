"""The rules of registrations, and everything that other slices may ask of them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import UNSET

from forum.bodies import check, merge
from forum.db import Connection
from forum.editions.service import promote_waiting
from forum.errors import Conflict, Forbidden
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.registrations import places, queries
from forum.registrations.admission import AlreadyRegistered, Asked, check_references, register_one, source_of
from forum.registrations.badges import KeyRing, ensure_badge_key, verify
from forum.registrations.places import (
    ACTIVE,
    MOVES,
    STATUS_MOVES,
    Move,
    NoPlaceFree,
    RegistrationClosed,
    accept_offer,
    decline_offer,
    lapse_offers,
    move_registration,
    switch_mode,
)
from forum.registrations.reserves import release_due_reserves
from forum.registrations.types import (
    LockedRegistration,
    NamedReferences,
    NewRegistration,
    Registration,
    RegistrationFilter,
    RegistrationPatch,
    Transition,
)

__all__ = [
    "MOVES",
    "STATUS_MOVES",
    "AlreadyRegistered",
    "KeyRing",
    "Move",
    "NoPlaceFree",
    "RegistrationClosed",
    "accept_offer",
    "create_registration",
    "decline_offer",
    "ensure_badge_key",
    "find_registration",
    "lapse_offers",
    "list_own_registrations",
    "list_registrations",
    "list_transitions",
    "move_registration",
    "release_due_reserves",
    "switch_mode",
    "update_registration",
    "verify",
]

FOR_STAFF: Final = ("entity", "delegation", "country", "category", "counts_against_quota")
"""The fields of a registration that its owner reads but does not write."""
COUNTED: Final = ("delegation", "category", "counts_against_quota")
"""The fields that decide which quota and which reserve a place is taken from. Nor does a focal point write these."""


class RegistrationEnded(Conflict):
    """This registration is over"""


async def create_registration(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewRegistration, now: datetime
) -> Registration:
    """Register a person; without a free place they wait, at the end of the line.

    People register themselves, with their own address; registrars, trusted frontends and, into their own
    delegations, focal points register others.
    Raises `AlreadyRegistered` with the id of the registration that there is.
    """
    asked = Asked(new_id(), principal, source_of(principal, edition_id, new.delegation), new, now)
    return await register_one(conn, edition_id, asked)


async def find_registration(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID
) -> Registration:
    """A registration, for its owner, its focal points and registrars; raises `NotFound` for everybody else."""
    reach = principal.reach(Permission.REGISTRATIONS_READ, edition_id)
    return await queries.find_registration(conn, edition_id, registration_id, reach, principal.person_id)


async def list_registrations(
    conn: Connection, principal: Principal, edition_id: UUID, wanted: RegistrationFilter, paging: Paging
) -> Page[Registration]:
    """The registrations of an edition in the order in which they were made; a focal point sees those of their own."""
    reach = principal.reach(Permission.REGISTRATIONS_READ, edition_id)
    rows = await queries.list_registrations(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1, reach)
    total = await queries.count_registrations(conn, edition_id, wanted, reach) if paging.count else None
    return paging.page(rows, lambda registration: registration.id, total)


async def list_own_registrations(conn: Connection, principal: Principal, paging: Paging) -> Page[Registration]:
    """The principal's own registrations in every edition; none for a client or a device."""
    after = paging.after(UUID)
    if principal.person_id is None:
        return paging.page([], lambda registration: registration.id)
    rows = await queries.list_own_registrations(conn, principal.person_id, after, paging.limit + 1)
    return paging.page(rows, lambda registration: registration.id)


async def list_transitions(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, paging: Paging
) -> Page[Transition]:
    """The history of a registration, for whom `find_registration` finds it."""
    await find_registration(conn, principal, edition_id, registration_id)
    after = paging.after(int)
    rows = await queries.list_transitions(conn, edition_id, registration_id, after, paging.limit + 1)
    return paging.page(rows, lambda transition: transition.number)


async def update_registration(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    registration_id: UUID,
    patch: RegistrationPatch,
    if_match: IfMatch,
    now: datetime,
) -> Registration:
    """Change the details of an active registration; raises `Forbidden` for fields that registrars write.

    Raises `QuotaReached` and `NoPlaceFree` where the place would have to come from what is used up.
    """
    reach = principal.reach(Permission.REGISTRATIONS_WRITE, edition_id)
    is_recounted = any(getattr(patch, name) is not UNSET for name in COUNTED)
    if is_recounted:
        await places.lock(conn, principal, edition_id)
    locked = await queries.lock_registration(conn, edition_id, registration_id, reach, principal.person_id)
    if_match.require(locked.version)
    _require_active(locked)
    before = await queries.find_registration(conn, edition_id, registration_id, None, None)
    after = merge(before, patch)
    check(after, Registration)
    barred = _fields_barred(reach, locked.delegation)
    if any(getattr(after, name) != getattr(before, name) for name in barred):
        raise Forbidden(f"Ask a registrar to change {', '.join(barred)}.")
    await _check_changed_references(conn, edition_id, after)
    await queries.update_registration(
        conn, edition_id, registration_id, after.person.given_name, after.person.family_name, after.person.language,
        after.person.timezone, after.entity, after.delegation, after.country, after.category,
        after.counts_against_quota, after.accessibility_needs, after.consents, now,
    )  # fmt: skip
    if is_recounted:
        await promote_waiting(conn, edition_id, now)
    return await queries.find_registration(conn, edition_id, registration_id, None, None)


def _fields_barred(reach: list[UUID] | None, delegation: UUID | None) -> tuple[str, ...]:
    """The fields that who may write within `reach` cannot change in a registration of a delegation."""
    if reach is None:
        return ()
    return COUNTED if delegation in reach else FOR_STAFF


def _require_active(locked: LockedRegistration) -> None:
    if locked.status not in ACTIVE:
        raise RegistrationEnded(f"It is {locked.status}. Register again instead.")


async def _check_changed_references(conn: Connection, edition_id: UUID, after: Registration) -> None:
    named = NamedReferences(0, after.category, after.entity, after.delegation, None, after.person.email, None)
    [known] = await queries.list_registration_references(conn, edition_id, [named])
    check_references(known)
