"""The HTTP side of questions. Answers are read and written with the registration that they belong to."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.codes import Mode
from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.parameters import Language
from forum.permissions import Permission, Principal, needs
from forum.questions import service
from forum.questions.types import (
    AnswerCounts,
    NewQuestion,
    Question,
    QuestionFilter,
    QuestionPatch,
    QuestionStatus,
)

PUBLIC, READ, WRITE = (
    needs(Permission.PUBLIC),
    needs(Permission.REGISTRATIONS_READ),
    needs(Permission.EDITIONS_WRITE),
)
TAGS = ["registrations"]
QUESTIONS = "/editions/{edition:str}/questions"


@get(QUESTIONS, opt=PUBLIC, operation_id="list_questions", tags=TAGS)
async def list_questions(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    lang: Language = None,
    mode: FromQuery[Mode | None] = None,
    category: FromQuery[str | None] = None,
    status: FromQuery[QuestionStatus | None] = "active",
) -> Page[Question]:
    """What an edition asks of those who register, in order: of all, or of those of one mode and category.

    Retired questions are listed for the edition's staff only.
    """
    wanted = QuestionFilter(status, mode, category)
    return await service.list_questions(conn, principal, edition_id, wanted, lang, paging)


@post(QUESTIONS, opt=WRITE, operation_id="create_question", tags=TAGS)
async def create_question(
    data: JSONBody[NewQuestion],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Question:
    """Ask one thing more of those who register from now on. A key is never given to another question."""
    return await service.create_question(conn, edition_id, data, now)


@get(f"{QUESTIONS}/{{key:str}}", opt=PUBLIC, operation_id="get_question", tags=TAGS)
async def get_question(
    key: FromPath[str],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    lang: Language = None,
) -> Question:
    """One question; a retired one for the edition's staff only."""
    return await service.find_question(conn, principal, edition_id, key, lang)


@patch(f"{QUESTIONS}/{{key:str}}", opt=WRITE, operation_id="update_question", tags=TAGS)
async def update_question(
    data: JSONBody[QuestionPatch],
    key: FromPath[str],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> Question:
    """Change a question. What people relied on when they answered it cannot be taken back: 409 `question_answered`."""
    return await service.update_question(conn, edition_id, key, data, if_match)


@post(f"{QUESTIONS}/{{key:str}}/retire", opt=WRITE, status_code=200, operation_id="retire_question", tags=TAGS)
async def retire_question(
    key: FromPath[str], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Question:
    """Ask it no more. Answers stay until their retention is over."""
    return await service.retire_question(conn, edition_id, key)


@get(f"{QUESTIONS}/{{key:str}}/counts", opt=READ, operation_id="count_answers", tags=TAGS)
async def count_answers(
    key: FromPath[str],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> AnswerCounts:
    """How often each value was given to a question of options, of yes and no, or of countries; for registrars.

    409 `answers_not_counted` for other kinds, where every answer may be another.
    """
    return await service.count_answers(conn, principal, edition_id, key)


HANDLERS = [list_questions, create_question, get_question, update_question, retire_question, count_answers]
