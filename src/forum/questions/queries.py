"""One function for each statement of `questions.sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, get, rows_of, value
from forum.questions.types import AnswerCount, AnswerRow, KnownQuestion, Question, QuestionFilter
from forum.sqlfiles import load_statements

_SQL = load_statements("questions")


async def lock_edition_questions(conn: Connection, edition_id: UUID) -> None:
    """Be the only one who changes what an edition asks."""
    await execute(conn, _SQL["lock_edition_questions"], edition_id)


async def insert_question(conn: Connection, *fields: Any) -> Question:
    """A new question; the fields stand in the statement's order."""
    return await get(conn, _SQL["insert_question"], Question, *fields)


async def find_question(conn: Connection, edition_id: UUID, key: str, sees_all: bool) -> Question:
    """One question; raises `NotFound` for those that one may not see."""
    return await get(conn, _SQL["find_question"], Question, edition_id, key, sees_all)


async def lock_question(conn: Connection, edition_id: UUID, key: str) -> Question:
    """Lock a question, and keep answers out, until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_question"], Question, edition_id, key)


async def list_questions(
    conn: Connection,
    edition_id: UUID,
    wanted: QuestionFilter,
    after_order: int | None,
    after_key: str | None,
    limit: int,
) -> list[Question]:
    """Questions in their order."""
    chosen = (edition_id, *columns(wanted), after_order, after_key, limit)
    return await fetch_all(conn, _SQL["list_questions"], Question, *chosen)


async def count_questions(conn: Connection, edition_id: UUID, wanted: QuestionFilter) -> int:
    """How many questions the list has."""
    return int(await value(conn, _SQL["count_questions"], edition_id, *columns(wanted)))


async def update_question(conn: Connection, *fields: Any) -> Question:
    """Write every field that can change, in the statement's order; the version rises."""
    return await get(conn, _SQL["update_question"], Question, *fields)


async def list_answered_values(conn: Connection, edition_id: UUID, key: str) -> list[str]:
    """The values that were given to a question; none when nobody has answered it."""
    return await fetch_all(conn, _SQL["list_answered_values"], str, edition_id, key)


async def list_known_questions(conn: Connection, edition_id: UUID, now: datetime) -> list[KnownQuestion]:
    """Every question of an edition as a rule for answers."""
    return await fetch_all(conn, _SQL["list_known_questions"], KnownQuestion, edition_id, now)


async def list_exported_keys(conn: Connection, edition_id: UUID) -> list[str]:
    """The questions that have a column in a table."""
    return await fetch_all(conn, _SQL["list_exported_keys"], str, edition_id)


async def get_answers(conn: Connection, edition_id: UUID, registration_id: UUID) -> dict[str, Any]:
    """The answers of a registration, sensitive ones included."""
    found: dict[str, Any] = await value(conn, _SQL["get_answers"], edition_id, registration_id)
    return found


async def upsert_answers(conn: Connection, edition_id: UUID, rows: Sequence[AnswerRow], now: datetime) -> int:
    """Store answers; how many were, without those to questions that have changed meanwhile."""
    return await execute(conn, _SQL["upsert_answers"], edition_id, rows_of(rows), now)


async def delete_answers(conn: Connection, edition_id: UUID, registration_id: UUID, keys: Sequence[str]) -> None:
    """Take answers of a registration back."""
    await execute(conn, _SQL["delete_answers"], edition_id, registration_id, keys)


async def forget_due_answers(conn: Connection, now: datetime, most: int) -> int:
    """Delete answers whose time is up, at most so many; how many there were."""
    return int(await value(conn, _SQL["forget_due_answers"], now, most))


async def count_answers(conn: Connection, edition_id: UUID, key: str) -> list[AnswerCount]:
    """How many gave each value to a question."""
    return await fetch_all(conn, _SQL["count_answers"], AnswerCount, edition_id, key)
