"""One function for each statement of `programme_releases.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, fetch_all, find, get, value
from forum.programme.release_types import (
    PublishedSession,
    Release,
    ReleaseHead,
    SearchedText,
    SessionDifference,
    ToldCount,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("programme_releases")


async def get_edition_status(conn: Connection, edition_id: UUID) -> str:
    """The status of an edition; raises `NotFound`."""
    return await get(conn, _SQL["get_edition_status"], str, edition_id)


async def list_differences(
    conn: Connection, edition_id: UUID, before: int, after: int, hidden_speakers: Sequence[UUID]
) -> list[SessionDifference]:
    """The sessions in which a release differs from another (0 is none), without the names of the hidden speakers."""
    chosen = (edition_id, before, after, hidden_speakers)
    return await fetch_all(conn, _SQL["list_differences"], SessionDifference, *chosen)


async def settle_entries(conn: Connection, edition_id: UUID) -> None:
    """Have every entry belong to who should hold it by the last release."""
    await execute(conn, _SQL["settle_entries"], edition_id)


async def count_told(conn: Connection, edition_id: UUID) -> list[ToldCount]:
    """How many people the last release gives which message; first the whole, then by session."""
    return await fetch_all(conn, _SQL["count_told"], ToldCount, edition_id)


async def insert_release(
    conn: Connection, edition_id: UUID, published_by: UUID, note: str | None, now: datetime, restored: int | None
) -> Release | None:
    """Freeze the sessions, or what a release held, as the next release; None when the last one holds just that."""
    return await find(conn, _SQL["insert_release"], Release, edition_id, published_by, note, now, restored)


async def raise_sequences(conn: Connection, edition_id: UUID, number: int) -> int:
    """Lift the sequences of sessions to those of a release, or above where they differ from it; how many."""
    return await execute(conn, _SQL["raise_sequences"], edition_id, number)


async def list_releases(conn: Connection, edition_id: UUID, before: int | None, limit: int) -> list[Release]:
    """The releases of an edition, newest first."""
    return await fetch_all(conn, _SQL["list_releases"], Release, edition_id, before, limit)


async def count_releases(conn: Connection, edition_id: UUID) -> int:
    """How many releases an edition has."""
    return int(await value(conn, _SQL["count_releases"], edition_id))


async def find_release_head(conn: Connection, edition_id: UUID, number: int | None) -> ReleaseHead | None:
    """A release by its number, or the last one, with what decides how it reads today."""
    return await find(conn, _SQL["find_release_head"], ReleaseHead, edition_id, number)


async def list_release_sessions(
    conn: Connection, edition_id: UUID, number: int, hidden_speakers: Sequence[UUID]
) -> list[PublishedSession]:
    """The sessions of a release by time, without the names of the hidden speakers."""
    return await fetch_all(conn, _SQL["list_release_sessions"], PublishedSession, edition_id, number, hidden_speakers)


async def list_searched_texts(
    conn: Connection, edition_id: UUID, number: int, hidden_speakers: Sequence[UUID]
) -> list[SearchedText]:
    """What a search of a release looks through, by session."""
    return await fetch_all(conn, _SQL["list_searched_texts"], SearchedText, edition_id, number, hidden_speakers)


async def list_folded_words(conn: Connection, text: str) -> list[str]:
    """The words of what somebody looks for, folded."""
    return await fetch_all(conn, _SQL["list_folded_words"], str, text)
