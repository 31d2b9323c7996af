"""The rules of registrations, and everything that other slices may ask of them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import UNSET

from forum.bodies import check, merge
from forum.db import Connection
from forum.editions.service import promote_waiting
from forum.errors import Conflict, Forbidden, ForumError
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.registrations import places, queries
from forum.registrations.admission import AlreadyRegistered, Asked, check_references, register, source_of
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

FOR_REGISTRARS: Final = ("entity", "delegation", "country", "category", "counts_against_quota")
"""The fields of a registration that its owner reads but does not write."""
COUNTED: Final = ("delegation", "category", "counts_against_quota")
"""The fields that decide which quota and which reserve a place is taken from."""


class RegistrationEnded(Conflict):
    """This registration is over"""


async def create_registration(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewRegistration, now: datetime
) -> Registration:
    """Register a person; without a free place they wait, at the end of the line.

    People register themselves, with their own address; registrars and trusted frontends register others.
    Raises `AlreadyRegistered` with the id of the registration that there is.
    """
    asked = Asked(new_id(), principal, source_of(principal, edition_id), new, now)
    [answer] = await register(conn, edition_id, new.mode, [asked])
    if isinstance(answer, ForumError):
        raise answer
    return answer


async def find_registration(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID
) -> Registration:
    """A registration, for its owner and for registrars; raises `NotFound` for everybody else."""
    reads_all = principal.may(Permission.REGISTRATIONS_READ, edition_id)
    return await queries.find_registration(conn, edition_id, registration_id, reads_all, principal.person_id)


async def list_registrations(
    conn: Connection, edition_id: UUID, wanted: RegistrationFilter, paging: Paging
) -> Page[Registration]:
    """The registrations of an edition in the order in which they were made."""
    rows = await queries.list_registrations(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_registrations(conn, edition_id, wanted) if paging.count else None
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
    """The history of a registration, for its owner and for registrars."""
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
    writes_all = principal.may(Permission.REGISTRATIONS_WRITE, edition_id)
    is_recounted = any(getattr(patch, name) is not UNSET for name in COUNTED)
    if is_recounted:
        await places.lock(conn, principal, edition_id)
    locked = await queries.lock_registration(conn, edition_id, registration_id, writes_all, principal.person_id)
    if_match.require(locked.version)
    _require_active(locked)
    before = await queries.find_registration(conn, edition_id, registration_id, True, None)
    after = merge(before, patch)
    check(after, Registration)
    if not writes_all and any(getattr(after, name) != getattr(before, name) for name in FOR_REGISTRARS):
        raise Forbidden(f"Ask a registrar to change {', '.join(FOR_REGISTRARS)}.")
    await _check_changed_references(conn, edition_id, after)
    await queries.update_registration(
        conn, edition_id, registration_id, after.person.given_name, after.person.family_name, after.person.language,
        after.person.timezone, after.entity, after.delegation, after.country, after.category,
        after.counts_against_quota, after.accessibility_needs, after.consents, now,
    )  # fmt: skip
    if is_recounted:
        await promote_waiting(conn, edition_id, now)
    return await queries.find_registration(conn, edition_id, registration_id, True, None)


def _require_active(locked: LockedRegistration) -> None:
    if locked.status not in ACTIVE:
        raise RegistrationEnded(f"It is {locked.status}. Register again instead.")


async def _check_changed_references(conn: Connection, edition_id: UUID, after: Registration) -> None:
    named = NamedReferences(0, after.category, after.entity, after.delegation, None, after.person.email, None)
    [known] = await queries.list_registration_references(conn, edition_id, [named])
    check_references(known)
