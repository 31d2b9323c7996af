"""What people who register answer to the edition's questions; where there are none, no statement is spent on them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.errors import Fault
from forum.questions import service as questions
from forum.questions.types import KnownQuestion
from forum.registrations.types import NewRegistration, Registration, RegistrationReferences


async def list_known_questions(
    conn: Connection, edition_id: UUID, references: Sequence[RegistrationReferences], now: datetime
) -> list[KnownQuestion]:
    """What the edition asks, as rules for answers."""
    has_questions = any(known.has_questions for known in references)
    return await questions.list_known_questions(conn, edition_id, now) if has_questions else []


def find_answer_faults(known: Sequence[KnownQuestion], new: NewRegistration) -> list[Fault]:
    """Everything that is wrong with the answers of somebody who registers, and with there being none."""
    return questions.find_answer_faults(known, new.mode, new.category, new.answers)


async def store_answers(
    conn: Connection,
    edition_id: UUID,
    known: Sequence[KnownQuestion],
    asked: Mapping[UUID, NewRegistration],
    made: Sequence[Registration],
    now: datetime,
) -> None:
    """Store what those who were registered have answered, and let their registrations show it."""
    for registration in made:
        registration.answers = asked[registration.id].answers
    given = {registration.id: registration.answers for registration in made if registration.answers}
    if given:
        await questions.store_answers(conn, edition_id, known, given, now)
