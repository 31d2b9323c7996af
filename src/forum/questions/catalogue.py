"""What an edition asks: its questions, and what of them can be changed once somebody has answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from forum.bodies import check
from forum.codes import choose_language
from forum.db import Connection, rows_of
from forum.editions import service as editions
from forum.errors import Conflict, Fault, Forbidden, Invalid
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.questions import queries
from forum.questions.conditions import find_condition_faults, find_value_faults, merge_question
from forum.questions.types import (
    NewQuestion,
    Option,
    Question,
    QuestionFields,
    QuestionFilter,
    QuestionPatch,
    Retention,
)

MOST_QUESTIONS: Final = 200
LONGER: Final[Sequence[Retention]] = ("until_edition_ends", "thirty_days_after", "keep_anonymised", "one_year_after")
"""Retentions, each keeping more than the one before it."""


class QuestionKeyTaken(Conflict, constraint="questions_one_per_key"):
    """A question of this edition has, or had, this key"""


class TooManyQuestions(Conflict):
    """This edition asks as much as it can"""


class QuestionRetired(Conflict):
    """This question is asked no more"""


class QuestionAnswered(Conflict):
    """People have answered this question as it is"""


class QuestionInUse(Conflict):
    """Whether another question is asked depends on this one"""


async def list_questions(
    conn: Connection, principal: Principal, edition_id: UUID, wanted: QuestionFilter, lang: str | None, paging: Paging
) -> Page[Question]:
    """Questions in their order; raises `Forbidden` for who asks for retired ones without managing them."""
    await editions.find_edition(conn, principal, edition_id)
    if wanted.status == "retired" and not principal.may(Permission.REGISTRATIONS_READ, edition_id):
        raise Forbidden("Retired questions are for the edition's staff.")
    after_order, after_key = paging.after(tuple[int, str]) or (None, None)
    rows = await queries.list_questions(conn, edition_id, wanted, after_order, after_key, paging.limit + 1)
    total = await queries.count_questions(conn, edition_id, wanted) if paging.count else None
    rows = [_in_language(row, lang) for row in rows]
    return paging.page(rows, lambda question: (question.order, question.key), total)


async def find_question(
    conn: Connection, principal: Principal, edition_id: UUID, key: str, lang: str | None
) -> Question:
    """One question; raises `NotFound`, also for those that are retired, unless one is of the edition's staff."""
    sees_all = principal.may(Permission.REGISTRATIONS_READ, edition_id)
    return _in_language(await queries.find_question(conn, edition_id, key, sees_all), lang)


def _in_language(question: Question, lang: str | None) -> Question:
    if lang is None:
        return question

    def only(texts: dict[str, str]) -> dict[str, str]:
        chosen = choose_language(texts, lang)
        return {chosen: texts[chosen]}

    return replace(
        question,
        label=only(question.label),
        help=question.help and only(question.help),
        purpose=only(question.purpose),
        options=[Option(option.value, only(option.label)) for option in question.options],
    )


async def create_question(conn: Connection, edition_id: UUID, new: NewQuestion, now: datetime) -> Question:
    """Ask one thing more; raises `QuestionKeyTaken`, and `Invalid` for what it names that is not there."""
    others = await _lock_questions(conn, edition_id)
    if len(others) >= MOST_QUESTIONS:
        raise TooManyQuestions(f"It asks {MOST_QUESTIONS} questions, retired ones included.")
    if new.key in others:
        raise QuestionKeyTaken
    await _check_references(conn, edition_id, new, others)
    return await queries.insert_question(
        conn, edition_id, new.key, new.kind, new.label, new.help, new.purpose, rows_of(new.options),
        new.is_required, new.is_sensitive, _condition(new), new.modes, new.categories, new.retention, new.order, now,
    )  # fmt: skip


async def update_question(
    conn: Connection, edition_id: UUID, key: str, patch: QuestionPatch, if_match: IfMatch
) -> Question:
    """Change a question; raises `QuestionAnswered` for what people relied on and `QuestionInUse` for what others do."""
    others = await _lock_questions(conn, edition_id)
    before = await queries.lock_question(conn, edition_id, key)
    if_match.require(before.version)
    _require_active(before)
    after = merge_question(before, patch)
    check(after, Question)
    await _check_references(conn, edition_id, after, others)
    await _require_promises_kept(conn, edition_id, before, after)
    for other in others.values():
        if _depends(other, key) and other.condition and (faults := list(find_value_faults(other.condition, after))):
            raise QuestionInUse(f"Its options decide about {other.key}.", errors=_at("/options", faults))
    return await _write(conn, edition_id, after)


async def retire_question(conn: Connection, edition_id: UUID, key: str) -> Question:
    """Ask it no more; raises `QuestionInUse` while another that is asked depends on it."""
    others = await _lock_questions(conn, edition_id)
    question = await queries.lock_question(conn, edition_id, key)
    _require_active(question)
    for other in others.values():
        if _depends(other, key):
            raise QuestionInUse(f"Its answers decide about {other.key}: retire that first, or change its condition.")
    return await _write(conn, edition_id, replace(question, status="retired"))


async def _lock_questions(conn: Connection, edition_id: UUID) -> dict[str, Question]:
    """Every question of the edition, which nobody else changes until the transaction ends."""
    await queries.lock_edition_questions(conn, edition_id)
    rows = await queries.list_questions(conn, edition_id, QuestionFilter(), None, None, MOST_QUESTIONS)
    return {row.key: row for row in rows}


def _depends(other: Question, key: str) -> bool:
    """Whether answers to a question decide if the other one is asked."""
    return other.status == "active" and other.condition is not None and other.condition.question == key


def _require_active(question: Question) -> None:
    if question.status == "retired":
        raise QuestionRetired("Ask another question, with a key of its own.")


async def _check_references(
    conn: Connection, edition_id: UUID, question: QuestionFields, others: Mapping[str, Question]
) -> None:
    faults = list(find_condition_faults(question, others))
    if question.categories:
        known = await editions.list_terms(conn, edition_id, "stakeholder_category")
        detail = "The series has no such stakeholder_category."
        faults += [
            Fault(pointer=f"/categories/{index}", code="unknown_value", detail=detail)
            for index, category in enumerate(question.categories)
            if category not in known
        ]
    if faults:
        raise Invalid(faults)


async def _require_promises_kept(conn: Connection, edition_id: UUID, before: Question, after: Question) -> None:
    """What people were told when they answered still holds, and what they chose is still there."""
    gone = {option.value for option in before.options} - {option.value for option in after.options}
    is_shown = before.is_sensitive and not after.is_sensitive
    is_kept_longer = LONGER.index(after.retention) > LONGER.index(before.retention)
    if not (gone or is_shown or is_kept_longer):
        return
    answered = set(await queries.list_answered_values(conn, edition_id, before.key))
    faults = [
        Fault(pointer="/options", code="option_answered", detail=f"{value} was answered: it stays.")
        for value in sorted(gone & answered)
    ]
    if answered and is_shown:
        faults += _at("/is_sensitive", [Fault(code="promise_broken", detail="People answered for registrars alone.")])
    if answered and is_kept_longer:
        detail = f"People were told {before.retention}: it can be shortened only."
        faults += _at("/retention", [Fault(code="promise_broken", detail=detail)])
    if faults:
        raise QuestionAnswered(errors=faults)


def _at(pointer: str, faults: Sequence[Fault]) -> list[Fault]:
    return [replace(fault, pointer=pointer) for fault in faults]


def _condition(question: QuestionFields) -> Any:
    return rows_of([question.condition])[0] if question.condition else None


async def _write(conn: Connection, edition_id: UUID, question: Question) -> Question:
    return await queries.update_question(
        conn, edition_id, question.key, question.label, question.help, question.purpose,
        rows_of(question.options), question.is_required, question.is_sensitive, _condition(question),
        question.modes, question.categories, question.retention, question.order, question.status,
    )  # fmt: skip
