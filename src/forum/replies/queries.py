"""One function for each statement of `replies.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.replies.types import (
    AnswerFilter,
    DeclinedPlace,
    Fate,
    Invitee,
    SessionAnswer,
    SessionAnswerCounts,
    SpeakingStanding,
    Standing,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("replies")


async def find_mail(conn: Connection, sha256: bytes) -> Fate | None:
    """What became of a mail that came in before, or None."""
    return await find(conn, _SQL["find_mail"], Fate, sha256)


async def insert_mail(
    conn: Connection, sha256: bytes, now: datetime, came_by: str, outcome: str, reason: str | None
) -> int:
    """Keep what became of a mail; 0 when the same one was kept meanwhile."""
    return await execute(conn, _SQL["insert_mail"], sha256, now, came_by, outcome, reason)


async def forget_mails(conn: Connection, before: datetime) -> int:
    """Forget the mails that came in before an instant; how many."""
    return await execute(conn, _SQL["forget_mails"], before)


async def lock_invited(conn: Connection, session_id: UUID, address: str) -> Invitee | None:
    """Lock the registration that was invited to a session at an address; None when none was."""
    return await find(conn, _SQL["lock_invited"], Invitee, session_id, address)


async def get_standing(conn: Connection, edition_id: UUID, registration_id: UUID, session_id: UUID) -> Standing:
    """How things stand between a registration that was invited and a session."""
    return await get(conn, _SQL["get_standing"], Standing, edition_id, registration_id, session_id)


async def lock_speaking(conn: Connection, session_id: UUID, address: str) -> UUID | None:
    """The edition in which somebody was invited to a session because they speak there; None where nobody was."""
    return await find(conn, _SQL["lock_speaking"], UUID, session_id, address)


async def get_speaking_standing(conn: Connection, edition_id: UUID, session_id: UUID, address: str) -> SpeakingStanding:
    """How things stand between an address at which somebody was invited to speak and the session."""
    return await get(conn, _SQL["get_speaking_standing"], SpeakingStanding, edition_id, session_id, address)


async def put_answer(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    session_id: UUID,
    answer: str,
    sequence: int,
    stamped_at: datetime,
    now: datetime,
    offered_booking_id: UUID | None,
    offered_at: datetime | None,
) -> None:
    """Put an answer in the place of the one before."""
    row = (edition_id, registration_id, session_id, answer, sequence, stamped_at, now, offered_booking_id, offered_at)
    await execute(conn, _SQL["put_answer"], *row)


async def list_answers(
    conn: Connection, edition_id: UUID, session_id: UUID, wanted: AnswerFilter, after: UUID | None, limit: int
) -> list[SessionAnswer]:
    """The last answers to the invitations to a session."""
    chosen = (edition_id, session_id, *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_answers"], SessionAnswer, *chosen)


async def count_listed_answers(conn: Connection, edition_id: UUID, session_id: UUID, wanted: AnswerFilter) -> int:
    """How many answers the list has."""
    return int(await value(conn, _SQL["count_listed_answers"], edition_id, session_id, *columns(wanted)))


async def count_answers(conn: Connection, edition_id: UUID, session_id: UUID) -> SessionAnswerCounts:
    """How often each answer was given; raises `NotFound` without the session."""
    return await get(conn, _SQL["count_answers"], SessionAnswerCounts, edition_id, session_id)


async def list_declined_places(
    conn: Connection, edition_id: UUID, registration_id: UUID, person_id: UUID, after: UUID | None, limit: int
) -> list[DeclinedPlace]:
    """The places that a person has declined in their calendar and holds all the same; by session."""
    chosen = (edition_id, registration_id, person_id, after, limit)
    return await fetch_all(conn, _SQL["list_declined_places"], DeclinedPlace, *chosen)


async def count_declined_places(conn: Connection, edition_id: UUID, registration_id: UUID, person_id: UUID) -> int:
    """How many places the list has."""
    return int(await value(conn, _SQL["count_declined_places"], edition_id, registration_id, person_id))


async def find_declined_place(
    conn: Connection, edition_id: UUID, registration_id: UUID, person_id: UUID, session_id: UUID
) -> UUID:
    """The booking of a place that was declined; raises `NotFound` when there is none of this person's."""
    chosen = (edition_id, registration_id, person_id, session_id)
    return await get(conn, _SQL["find_declined_place"], UUID, *chosen)
