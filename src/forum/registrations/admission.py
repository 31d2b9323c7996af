"""Registers people, one or many in one transaction: each as if they came alone, in the order in which they came.

Whether there is room, and whether registration is open, is read under the lock on the places; one statement then deals
the places. Who cannot be registered gets the same error as alone, and takes neither a place nor a ticket.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from forum.codes import Mode
from forum.db import Connection
from forum.editions.service import UNKNOWN_CATEGORY
from forum.errors import Conflict, ExternalIdTaken, Fault, Forbidden, ForumError, Invalid, NotFound
from forum.ids import new_id
from forum.permissions import Permission, Principal
from forum.questions.types import KnownQuestion
from forum.registrations import queries
from forum.registrations.answered import find_answer_faults, list_known_questions, store_answers
from forum.registrations.places import NoPlaceFree, RegistrationClosed, require_running
from forum.registrations.types import (
    NamedReferences,
    NewRegistration,
    Places,
    Registration,
    RegistrationReferences,
    RegistrationRow,
    Source,
)

Answer = Registration | ForumError
BY_STAFF: Final = frozenset[Source]({"registrar", "import", "invitation"})
_MANY: Final = ""
"""Who acts, for the history of a transaction in which many do: each row that is made names its own."""


class AlreadyRegistered(Conflict, constraint="registrations_one_active_per_person"):
    """This person has an active registration for this edition"""


class RegistersThemselves(Conflict, constraint="registrations_by_others_respect_objections"):
    """This address cannot be registered by others"""

    def __init__(self) -> None:
        super().__init__("Ask the person to register themselves.")


class Interleaved(Conflict):
    """Somebody of these people was registered elsewhere at the same moment"""


class Asked(Struct, frozen=True):
    """Somebody asks that a person be registered. The id is that of the registration to be."""

    id: UUID
    principal: Principal
    source: Source
    new: NewRegistration
    now: datetime
    offer_expires_at: datetime | None = None
    """Until when the place is held that the person is invited to; without, they have asked for one."""
    is_replacement: bool = False
    """For somebody who leaves: they have what that person had, and neither window nor review binds them."""


def source_of(principal: Principal, edition_id: UUID, delegation: UUID | None) -> Source:
    """As what a principal registers people; raises `Forbidden` for a machine that may not.

    For a focal point no delegation but their own is there: `NotFound`.
    """
    if principal.may(Permission.REGISTRATIONS_WRITE, edition_id):
        return "registrar"
    if principal.may(Permission.REGISTRATIONS_CREATE, edition_id):
        return "client"
    if principal.kind != "person":
        raise Forbidden("This token may not register anybody for this edition.")
    own = principal.reach(Permission.REGISTRATIONS_WRITE, edition_id)
    if not own or delegation is None:
        return "self"
    if delegation not in own:
        raise NotFound
    return "focal_point"


async def register(conn: Connection, edition_id: UUID, mode: Mode, asked: Sequence[Asked]) -> list[Answer]:
    """Register people for one mode in the caller's transaction; the answer to each.

    No two of them are of one address or one `external_id`. Raises `NotFound` without the edition, and `Interleaved`
    when, of many, one was registered for the other mode meanwhile: then each is to be registered alone.
    """
    modes = {mode, "online"} if any(one.new.online_while_waiting for one in asked) else {mode}
    there = {row.mode: row for row in await queries.lock_places(conn, edition_id, sorted(modes), _MANY, _MANY)}
    named = [_named(number, one) for number, one in enumerate(asked)]
    known = await queries.list_registration_references(conn, edition_id, named)
    if len(known) != len(asked):
        raise NotFound
    questions = await list_known_questions(conn, edition_id, known, asked[0].now)
    answers: dict[UUID, Answer] = {}
    rows = []
    for number, (one, references) in enumerate(zip(asked, known, strict=True)):
        try:
            wants_place = _admit(one, references, there, questions)
        except ForumError as fault:
            answers[one.id] = await _veil(conn, edition_id, one, fault)
        else:
            rows.append(_row(number, one, wants_place=wants_place))
    if rows:
        made = await queries.insert_registrations(conn, edition_id, mode, rows)
        await store_answers(conn, edition_id, questions, {one.id: one.new for one in asked}, made, asked[0].now)
        answers |= {registration.id: registration for registration in made}
    for row in rows:
        if row.id not in answers:
            refusal = await _explain(conn, edition_id, row, is_alone=len(rows) == 1)
            answers[row.id] = await _veil(conn, edition_id, asked[row.number], refusal)
    return [answers[one.id] for one in asked]


async def await_turn(conn: Connection, edition_id: UUID, mode: Mode) -> None:
    """Wait for the lock on the places of a mode; what decides is to be read in statements after this."""
    await queries.lock_places(conn, edition_id, [mode], _MANY, _MANY)


def _admit(
    one: Asked, known: RegistrationReferences, there: dict[Mode, Places], questions: Sequence[KnownQuestion]
) -> bool:
    """Whether a person gets a place or waits for one (or else somebody decides first); raises what keeps them out."""
    if one.source == "self":
        _require_own(one, known)
    _require_count(one)
    check_references(known, find_answer_faults(questions, one.new))
    is_vouched_for = one.source != "self" or not known.is_delegation_guarded
    wants_place = _wants_place(there[one.new.mode], one) and is_vouched_for
    if one.new.online_while_waiting and one.new.mode == "in_person":
        _require_offered(there["online"], "/online_while_waiting")
    if known.active_id:
        raise AlreadyRegistered(id=known.active_id)
    if known.is_external_id_taken:
        raise ExternalIdTaken
    if known.has_objected and one.source != "self":
        raise RegistersThemselves
    return wants_place


def _require_own(one: Asked, known: RegistrationReferences) -> None:
    """A person registers their own address, once the edition is announced."""
    if known.edition_status == "draft":
        raise NotFound
    if not known.is_own_address:
        raise Forbidden("You can register the address only that you signed in with.")


def _require_count(one: Asked) -> None:
    """Who takes part, or brings people, does not decide that somebody leaves a delegation's quota untouched."""
    if one.source in ("self", "focal_point") and not one.new.counts_against_quota:
        raise Invalid.at("/counts_against_quota", "not_allowed", "A registrar decides who does not count.")


def check_references(known: RegistrationReferences, others: Sequence[Fault] = ()) -> None:
    """Raise `Invalid` with everything that a registration names and that is not there, beside its other faults."""
    found = {
        "/category": ("unknown_value", UNKNOWN_CATEGORY, known.is_category_known),
        "/entity": ("unknown_reference", "There is no such entity.", known.is_entity_known),
        "/delegation": ("unknown_reference", "The edition has no such delegation.", known.is_delegation_known),
    }
    faults = [
        Fault(pointer=pointer, code=code, detail=detail)
        for pointer, (code, detail, is_known) in found.items()
        if not is_known
    ]
    if faults or others:
        raise Invalid([*faults, *others])


def _require_offered(there: Places, pointer: str) -> None:
    if not there.is_offered:
        raise Invalid.at(pointer, "mode_not_offered", f"This edition is {there.edition_mode}.")


def _wants_place(there: Places, one: Asked) -> bool:
    """Whether somebody who asks is placed at once; neither window nor review binds registrars."""
    _require_offered(there, "/mode")
    if one.source in BY_STAFF or one.is_replacement:
        require_running(there)
        return True
    if not there.is_open(one.now):
        raise RegistrationClosed("Registration for this mode is not open.")
    return there.approval != "review"


async def register_one(conn: Connection, edition_id: UUID, one: Asked) -> Registration:
    """Register one person; raises what keeps them out."""
    [answer] = await register(conn, edition_id, one.new.mode, [one])
    if isinstance(answer, ForumError):
        raise answer
    return answer


async def _veil(conn: Connection, edition_id: UUID, one: Asked, fault: ForumError) -> ForumError:
    """The same refusal, which does not tell a focal point which registration of somebody else's people it is."""
    if one.source != "focal_point" or fault.id is None:
        return fault
    reach, person_id = one.principal.reach(Permission.REGISTRATIONS_READ, edition_id), one.principal.person_id
    try:
        await queries.find_registration(conn, edition_id, fault.id, reach, person_id)
    except NotFound:
        return AlreadyRegistered()
    return fault


async def _explain(conn: Connection, edition_id: UUID, row: RegistrationRow, *, is_alone: bool) -> ForumError:
    """Why somebody was left out: no place to be invited to, or they were registered elsewhere at the same moment."""
    if row.offer_expires_at is not None:
        return NoPlaceFree("An invitation holds a place: raise the capacity, or wait until one becomes free.")
    if not is_alone:
        raise Interleaved
    existing = await queries.find_active(conn, edition_id, row.email)
    return AlreadyRegistered(id=existing) if existing else ExternalIdTaken()


def _named(number: int, one: Asked) -> NamedReferences:
    new, asked_by = one.new, one.principal.person_id
    return NamedReferences(
        number, new.category, new.entity, new.delegation, asked_by, new.person.email, new.external_id
    )


def _row(number: int, one: Asked, *, wants_place: bool) -> RegistrationRow:
    new, person = one.new, one.new.person
    return RegistrationRow(
        number=number,
        id=one.id,
        new_person_id=new_id(),
        email=person.email,
        given_name=person.given_name,
        family_name=person.family_name,
        language=person.language,
        timezone=person.timezone,
        entity=new.entity,
        delegation=new.delegation,
        country=new.country,
        category=new.category,
        counts_against_quota=new.counts_against_quota,
        wants_place=wants_place,
        online_while_waiting=new.online_while_waiting and new.mode == "in_person",
        offer_expires_at=one.offer_expires_at,
        accessibility_needs=new.accessibility_needs,
        consents=new.consents,
        source=one.source,
        external_id=new.external_id,
        token_id=one.principal.token_id,
        at=one.now,
    )
