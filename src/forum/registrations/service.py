"""The rules of registrations, and everything that other slices may ask of them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from forum.bodies import check, merge
from forum.db import Connection
from forum.editions.service import promote_waiting
from forum.errors import Conflict
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.questions.service import change_answers
from forum.registrations import places, queries
from forum.registrations.admission import AlreadyRegistered, Asked, check_references, register_one, source_of
from forum.registrations.badges import KeyRing, ensure_badge_key, sign, verify
from forum.registrations.erasure import erase_registration, forget_objections, is_person_needed, list_erasable
from forum.registrations.late_changes import FOR_REGISTRARS, list_changes, list_guarded, require_direct
from forum.registrations.links import WrongLink, ensure_links, sign_link
from forum.registrations.own import find_own_registration, lock_own_registration
from forum.registrations.places import (
    ACTIVE,
    MOVES,
    STATUS_MOVES,
    Move,
    NoPlaceFree,
    RegistrationClosed,
    accept_offer,
    decline_offer,
    find_registration,
    lapse_offers,
    move_registration,
    switch_mode,
)
from forum.registrations.reserves import release_due_reserves
from forum.registrations.turning import lock_all_places, turn_online
from forum.registrations.types import (
    LockedRegistration,
    NamedReferences,
    NewRegistration,
    Registration,
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
    "WrongLink",
    "accept_offer",
    "apply_changes",
    "create_registration",
    "decline_offer",
    "ensure_badge_key",
    "ensure_links",
    "erase_registration",
    "find_own_registration",
    "find_registration",
    "forget_objections",
    "is_person_needed",
    "lapse_offers",
    "list_changes",
    "list_erasable",
    "list_guarded",
    "list_own_registrations",
    "list_transitions",
    "lock_all_places",
    "lock_own_registration",
    "lock_registration",
    "move_registration",
    "release_due_reserves",
    "sign",
    "sign_link",
    "switch_mode",
    "turn_online",
    "update_registration",
    "verify",
]

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
    """Change the details of an active registration.

    Raises `Forbidden` for fields that registrars write, `ApprovalNeeded` for what is late, and `QuotaReached` and
    `NoPlaceFree` where the place would have to come from what is used up.
    """
    reach = principal.reach(Permission.REGISTRATIONS_WRITE, edition_id)
    before = await lock_registration(conn, principal, edition_id, registration_id, patch)
    if_match.require(before.version)
    if reach is not None:
        barred = COUNTED if before.delegation in reach else FOR_REGISTRARS
        await require_direct(conn, edition_id, before, patch, barred, now)
    await apply_changes(conn, edition_id, before, patch, now)
    return await find_registration(conn, principal, edition_id, registration_id)


async def lock_registration(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, patch: RegistrationPatch
) -> Registration:
    """An active registration, locked until the transaction ends, and before it the places if the patch moves one.

    Raises `NotFound` and `RegistrationEnded`.
    """
    if _is_recounted(patch):
        await places.lock(conn, principal, edition_id)
    reach = principal.reach(Permission.REGISTRATIONS_WRITE, edition_id)
    _require_active(await queries.lock_registration(conn, edition_id, registration_id, reach, principal.person_id))
    return await queries.find_registration(conn, edition_id, registration_id, None, None)


async def apply_changes(
    conn: Connection, edition_id: UUID, before: Registration, patch: RegistrationPatch, now: datetime
) -> None:
    """Merge changes into a registration; the caller has locked it, and decides who may. Raises `Invalid`."""
    after = merge(before, replace(patch, answers=UNSET))
    check(after, Registration)
    await _check_changed_references(conn, edition_id, after)
    if isinstance(patch.answers, dict):
        await change_answers(conn, edition_id, before.id, before.mode, after.category, patch.answers, now)
    await queries.update_registration(
        conn, edition_id, before.id, after.person.given_name, after.person.family_name, after.person.language,
        after.person.timezone, after.entity, after.delegation, after.country, after.category,
        after.counts_against_quota, after.accessibility_needs, after.consents, now,
    )  # fmt: skip
    if _is_recounted(patch):
        await promote_waiting(conn, edition_id, now)


def _is_recounted(patch: RegistrationPatch) -> bool:
    return any(getattr(patch, name) is not UNSET for name in COUNTED)


def _require_active(locked: LockedRegistration) -> None:
    if locked.status not in ACTIVE:
        raise RegistrationEnded(f"It is {locked.status}. Register again instead.")


async def _check_changed_references(conn: Connection, edition_id: UUID, after: Registration) -> None:
    named = NamedReferences(0, after.category, after.entity, after.delegation, None, after.person.email, None)
    [known] = await queries.list_registration_references(conn, edition_id, [named])
    check_references(known)
