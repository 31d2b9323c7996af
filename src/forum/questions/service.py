"""The rules of answers, and everything that other slices may ask of questions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from forum.codes import Mode
from forum.db import Connection
from forum.errors import Conflict, Fault, Invalid
from forum.permissions import Principal
from forum.questions import queries
from forum.questions.answers import settle_answers
from forum.questions.catalogue import create_question, find_question, list_questions, retire_question, update_question
from forum.questions.types import COUNTABLE, AnswerCounts, AnswerRow, KnownQuestion

__all__ = [
    "change_answers",
    "count_answers",
    "create_question",
    "find_answer_faults",
    "find_question",
    "forget_due_answers",
    "list_exported_keys",
    "list_known_questions",
    "list_questions",
    "retire_question",
    "store_answers",
    "update_question",
]

FORGOTTEN_AT_ONCE: Final = 20_000


class QuestionsChanged(Conflict):
    """What the edition asks was changed at this moment"""


class AnswersNotCounted(Conflict):
    """Answers to this question are not counted"""


async def count_answers(conn: Connection, principal: Principal, edition_id: UUID, key: str) -> AnswerCounts:
    """How often each value was given; raises `AnswersNotCounted` for text, numbers and dates."""
    question = await find_question(conn, principal, edition_id, key, None)
    if question.kind not in COUNTABLE:
        raise AnswersNotCounted(f"Of kind {question.kind} every answer may be another.")
    return AnswerCounts(key, await queries.count_answers(conn, edition_id, key))


async def list_known_questions(conn: Connection, edition_id: UUID, now: datetime) -> list[KnownQuestion]:
    """What the edition asks, as rules for answers."""
    return await queries.list_known_questions(conn, edition_id, now)


async def list_exported_keys(conn: Connection, edition_id: UUID) -> list[str]:
    """The questions that have a column in a table of registrations: sensitive ones have none."""
    return await queries.list_exported_keys(conn, edition_id)


def find_answer_faults(
    known: Sequence[KnownQuestion], mode: Mode, category: str, answers: Mapping[str, Any]
) -> list[Fault]:
    """Everything that is wrong with the answers of somebody who registers."""
    return settle_answers(known, mode, category, {}, answers)[1]


async def store_answers(
    conn: Connection,
    edition_id: UUID,
    known: Sequence[KnownQuestion],
    given: Mapping[UUID, Mapping[str, Any]],
    now: datetime,
) -> None:
    """Store answers, by registration, that were checked against `known`.

    Raises `QuestionsChanged` when a question was changed since it was read: the answer may be none any more.
    """
    versions = {question.key: question.version for question in known}
    rows = [
        AnswerRow(registration_id, key, versions[key], answer)
        for registration_id, answers in given.items()
        for key, answer in answers.items()
    ]
    if rows and await queries.upsert_answers(conn, edition_id, rows, now) < len(rows):
        raise QuestionsChanged("Read the questions again, and send your answers again.")


async def change_answers(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    mode: Mode,
    category: str,
    patch: Mapping[str, Any],
    now: datetime,
) -> None:
    """Merge changes into the answers of a registration, which the caller has locked; raises `Invalid` with all faults.

    What is not asked of the person any more, because of another answer, the mode or the category, is taken away.
    """
    known = await queries.list_known_questions(conn, edition_id, now)
    before = await queries.get_answers(conn, edition_id, registration_id)
    stored = {key: answer for key, answer in before.items() if key not in patch}
    given = {key: answer for key, answer in patch.items() if answer is not None}
    after, faults = settle_answers(known, mode, category, stored, given)
    names = {question.key for question in known}
    faults += [
        Fault(pointer=f"/answers/{key}", code="unknown_question", detail="The edition asks no such question.")
        for key in patch.keys() - names - given.keys()
    ]
    if faults:
        raise Invalid(faults)
    await queries.delete_answers(conn, edition_id, registration_id, sorted(before.keys() - after.keys()))
    changed = {key: answer for key, answer in after.items() if before.get(key) != answer}
    await store_answers(conn, edition_id, known, {registration_id: changed}, now)


async def forget_due_answers(conn: Connection, now: datetime) -> int:
    """Delete answers whose retention is over, some at a time; how many were. Anonymised ones leave counts."""
    return await queries.forget_due_answers(conn, now, FORGOTTEN_AT_ONCE)
