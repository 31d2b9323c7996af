"""Registers many people in one transaction, each as if they came alone, in the order in which they came.

What a person names is looked up before the places are locked; whether there is room, and whether registration is open,
is read under the lock. Who cannot be registered gets the same error as alone, and takes neither a place nor a ticket.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from forum.codes import Mode
from forum.db import Connection
from forum.errors import ForumError, NotFound
from forum.ids import new_id
from forum.jobs import InviteRegistration
from forum.outbox import publish
from forum.permissions import Principal
from forum.questions.types import KnownQuestion
from forum.registrations import queries
from forum.registrations.answered import find_answer_faults, list_known_questions, store_answers
from forum.registrations.service import check_references, explain_refusal, first_status, require_own
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
_MANY: Final = ""
"""Who acts, for the history of a transaction in which many do: each row that is made names its own."""


class Asked(Struct, frozen=True):
    """Somebody asks that a person be registered. The id is that of the registration to be."""

    id: UUID
    principal: Principal
    source: Source
    new: NewRegistration
    now: datetime


async def register_together(conn: Connection, edition_id: UUID, mode: Mode, asked: Sequence[Asked]) -> list[Answer]:
    """Register people for one mode in the caller's transaction; the answer to each.

    No two of them are of one address or one `external_id`. Raises `NotFound` without the edition, and what PostgreSQL
    says when somebody was registered for the other mode meanwhile: then nobody is registered here.
    """
    refused: dict[UUID, Answer] = {}
    known = await queries.list_registration_references(
        conn, edition_id, [_named(n, one) for n, one in enumerate(asked)]
    )
    if len(known) != len(asked):
        raise NotFound
    questions = await list_known_questions(conn, edition_id, known[0], asked[0].now) if asked else []
    for one, references in zip(asked, known, strict=True):
        if fault := _fault(one, references, questions):
            refused[one.id] = fault
    knocking = [one for one in asked if one.id not in refused]
    made = await _admit(conn, edition_id, mode, knocking, refused) if knocking else {}
    if made:
        new = {one.id: one.new for one in knocking}
        await store_answers(conn, edition_id, questions, new, list(made.values()), asked[0].now)
    answers = refused | made
    return [answers[one.id] for one in asked]


def _named(number: int, one: Asked) -> NamedReferences:
    new = one.new
    return NamedReferences(number, new.category, new.entity, new.delegation, one.principal.person_id, new.person.email)


def _fault(one: Asked, known: RegistrationReferences, questions: Sequence[KnownQuestion]) -> ForumError | None:
    try:
        if one.source == "self":
            require_own(known)
        check_references(known, find_answer_faults(questions, one.new))
    except ForumError as fault:
        return fault
    return None


async def _admit(
    conn: Connection, edition_id: UUID, mode: Mode, knocking: Sequence[Asked], refused: dict[UUID, Answer]
) -> dict[UUID, Registration]:
    """Lock the places, deal them, and have calendars follow; who is refused is added to `refused`."""
    [there] = await queries.lock_places(conn, edition_id, [mode], _MANY, _MANY)
    rows = []
    for number, one in enumerate(knocking):
        try:
            status = first_status(there, one.source, one.now)
        except ForumError as fault:
            refused[one.id] = fault
        else:
            rows.append(_row(number, one, wants_place=status != "submitted"))
    made = {r.id: r for r in await queries.insert_registrations(conn, edition_id, mode, rows, _count_free(there))}
    for row in rows:
        if row.id not in made:
            refused[row.id] = await explain_refusal(conn, edition_id, row.email)
    await publish(conn, *(InviteRegistration(edition_id, row.id) for row in rows if row.id in made))
    return made


def _count_free(there: Places) -> int | None:
    return None if there.capacity is None else max(there.capacity - there.taken, 0)


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
        wants_place=wants_place,
        accessibility_needs=new.accessibility_needs,
        consents=new.consents,
        source=one.source,
        external_id=new.external_id,
        token_id=one.principal.token_id,
        at=one.now,
    )
