"""The rules of registrations, and everything that other slices may ask of them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from forum.bodies import check, merge
from forum.db import Connection
from forum.errors import Conflict, ExternalIdTaken, Fault, Forbidden, Invalid, NotFound
from forum.http import IfMatch
from forum.ids import new_id
from forum.jobs import InviteRegistration
from forum.outbox import publish
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.registrations import places, queries
from forum.registrations.badges import KeyRing, ensure_badge_key, verify
from forum.registrations.erasure import erase_registration, forget_objections, is_person_needed, list_erasable
from forum.registrations.links import ensure_links, sign_link
from forum.registrations.places import (
    MOVES,
    Move,
    NoPlaceFree,
    RegistrationClosed,
    move_registration,
    switch_mode,
)
from forum.registrations.types import (
    LockedRegistration,
    NewRegistration,
    Places,
    Registration,
    RegistrationFilter,
    RegistrationPatch,
    RegistrationReferences,
    RegistrationStatus,
    Source,
    Transition,
)

__all__ = [
    "MOVES",
    "AlreadyRegistered",
    "KeyRing",
    "Move",
    "NoPlaceFree",
    "RegistrationClosed",
    "create_registration",
    "ensure_badge_key",
    "ensure_links",
    "erase_registration",
    "find_registration",
    "forget_objections",
    "is_person_needed",
    "list_erasable",
    "list_own_registrations",
    "list_registrations",
    "list_transitions",
    "move_registration",
    "sign_link",
    "switch_mode",
    "update_registration",
    "verify",
]

ACTIVE: Final = frozenset({"submitted", "approved", "waitlisted"})
FOR_REGISTRARS: Final = ("entity", "delegation", "country", "category")
"""The fields of a registration that its owner reads but does not write."""


class AlreadyRegistered(Conflict, constraint="registrations_one_active_per_person"):
    """This person has an active registration for this edition"""


class RegistrationEnded(Conflict):
    """This registration is over"""


async def create_registration(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewRegistration, now: datetime
) -> Registration:
    """Register a person: approved with a place, waitlisted without one, submitted where staff decides.

    A person registers themselves, with their own address; registrars and trusted frontends register others. What
    can be refused is refused before the lock on the places is taken, which is held for one statement and the commit.
    Raises `AlreadyRegistered` with the id of the registration that there is.
    """
    source = source_of(principal, edition_id)
    person = (principal.person_id, new.person.email)
    known = await queries.get_registration_references(
        conn, edition_id, new.category, new.entity, new.delegation, *person
    )
    if source == "self":
        require_own(known)
    check_references(known)
    registration_id = new_id()
    await publish(conn, InviteRegistration(edition_id, registration_id))
    there = await places.lock(conn, principal, edition_id, [new.mode])
    status = first_status(there[new.mode], source, now)
    return await _insert(conn, edition_id, registration_id, new, status, source, now)


def source_of(principal: Principal, edition_id: UUID) -> Source:
    """As what a principal registers people; raises `Forbidden` for a machine that may not."""
    if principal.may(Permission.REGISTRATIONS_WRITE, edition_id):
        return "registrar"
    if principal.may(Permission.REGISTRATIONS_CREATE, edition_id):
        return "client"
    if principal.kind != "person":
        raise Forbidden("This token may not register anybody for this edition.")
    return "self"


def require_own(known: RegistrationReferences) -> None:
    """A person registers their own address, once the edition is announced; raises `NotFound` and `Forbidden`."""
    if known.edition_status == "draft":
        raise NotFound
    if not known.is_own_address:
        raise Forbidden("You can register the address only that you signed in with.")


def check_references(known: RegistrationReferences) -> None:
    """Raise `Invalid` with everything that a registration names and that is not there."""
    found = {
        "/category": ("unknown_value", "The series has no such stakeholder_category.", known.is_category_known),
        "/entity": ("unknown_reference", "There is no such entity.", known.is_entity_known),
        "/delegation": ("unknown_reference", "The edition has no such delegation.", known.is_delegation_known),
    }
    faults = [
        Fault(pointer=pointer, code=code, detail=detail)
        for pointer, (code, detail, is_known) in found.items()
        if not is_known
    ]
    if faults:
        raise Invalid(faults)


def first_status(there: Places, source: Source, now: datetime) -> RegistrationStatus:
    """What becomes of somebody who asks; raises `RegistrationClosed`. Neither window nor review binds registrars."""
    if not there.is_offered:
        raise Invalid.at("/mode", "mode_not_offered", f"This edition is {there.edition_mode}.")
    if source == "registrar":
        places.require_running(there)
    elif not there.is_open(now):
        raise RegistrationClosed("Registration for this mode is not open.")
    elif there.approval == "review":
        return "submitted"
    return "approved" if there.is_free else "waitlisted"


async def _insert(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    new: NewRegistration,
    status: RegistrationStatus,
    source: Source,
    now: datetime,
) -> Registration:
    person = new.person
    registration = await queries.insert_registration(
        conn, edition_id, registration_id, new_id(), person.email, person.given_name, person.family_name,
        person.language, person.timezone, new.entity, new.delegation, new.country, new.category, new.mode, status,
        new.accessibility_needs, new.consents, source, new.external_id, now,
    )  # fmt: skip
    if registration is None:
        raise await explain_refusal(conn, edition_id, person.email)
    return registration


async def explain_refusal(conn: Connection, edition_id: UUID, email: str) -> Conflict:
    """Why somebody could not be registered: they are already, or else their `external_id` is taken."""
    existing = await queries.find_active(conn, edition_id, email)
    return AlreadyRegistered(id=existing) if existing else ExternalIdTaken()


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
    """Change the details of an active registration; raises `Forbidden` for fields that registrars write."""
    writes_all = principal.may(Permission.REGISTRATIONS_WRITE, edition_id)
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
        after.accessibility_needs, after.consents, now,
    )  # fmt: skip
    return await queries.find_registration(conn, edition_id, registration_id, True, None)


def _require_active(locked: LockedRegistration) -> None:
    if locked.status not in ACTIVE:
        raise RegistrationEnded(f"It is {locked.status}. Register again instead.")


async def _check_changed_references(conn: Connection, edition_id: UUID, after: Registration) -> None:
    named = (after.category, after.entity, after.delegation)
    check_references(await queries.get_registration_references(conn, edition_id, *named, None, after.person.email))
