"""One function for each statement of `speakers_lists.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get
from forum.speakers_lists.request_types import SessionWindow
from forum.speakers_lists.types import Change, SessionOfList, StoredList
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers_lists")


async def lock_sessions_of_list(conn: Connection, edition_id: UUID, session_ids: list[UUID]) -> None:
    """Lock sessions until the transaction ends."""
    await execute(conn, _SQL["lock_sessions_of_list"], edition_id, session_ids)


async def list_sessions_of_list(conn: Connection, edition_id: UUID, session_ids: list[UUID]) -> list[SessionOfList]:
    """Those of the sessions that the edition has, with the list that each has; the caller holds them."""
    return await fetch_all(conn, _SQL["list_sessions_of_list"], SessionOfList, edition_id, session_ids)


async def note_change(conn: Connection, change: Change) -> None:
    """Say who changes a list, or what stands on it, from here on until the transaction ends."""
    await execute(conn, _SQL["note_change"], *columns(change))


async def lock_list(conn: Connection, edition_id: UUID, session_id: UUID) -> UUID | None:
    """Lock the list that a session has until the transaction ends."""
    return await find(conn, _SQL["lock_list"], UUID, edition_id, session_id)


async def find_list(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    sees_all: bool,
    looks_after_people: bool,
    person_id: UUID | None,
) -> StoredList:
    """The list that a session has; raises `NotFound` for one that the person may not see."""
    reader = (sees_all, looks_after_people, person_id)
    return await get(conn, _SQL["find_list"], StoredList, edition_id, session_id, *reader)


async def insert_list(
    conn: Connection,
    edition_id: UUID,
    list_id: UUID,
    opens_at: datetime,
    closes_at: datetime,
    delegation_seconds: int | None,
    group_seconds: int,
    extra_seconds: int,
    changeover_seconds: int,
    published: bool,
    now: datetime,
) -> None:
    """A new list, without sessions."""
    seconds = (delegation_seconds, group_seconds, extra_seconds, changeover_seconds)
    row = (edition_id, list_id, opens_at, closes_at, *seconds, published, now)
    await execute(conn, _SQL["insert_list"], *row)


async def update_list(
    conn: Connection,
    edition_id: UUID,
    list_id: UUID,
    opens_at: datetime,
    closes_at: datetime,
    delegation_seconds: int | None,
    group_seconds: int,
    extra_seconds: int,
    changeover_seconds: int,
    published: bool,
) -> None:
    """Write every rule of a list; the version rises."""
    seconds = (delegation_seconds, group_seconds, extra_seconds, changeover_seconds)
    await execute(conn, _SQL["update_list"], edition_id, list_id, opens_at, closes_at, *seconds, published)


async def delete_list_sessions(conn: Connection, edition_id: UUID, list_id: UUID) -> None:
    """A list has no sessions, until it is given some in the same transaction."""
    await execute(conn, _SQL["delete_list_sessions"], edition_id, list_id)


async def insert_list_sessions(conn: Connection, edition_id: UUID, list_id: UUID, session_ids: list[UUID]) -> None:
    """The sessions of a list, in order."""
    await execute(conn, _SQL["insert_list_sessions"], edition_id, list_id, session_ids)


async def list_windows(conn: Connection, edition_id: UUID, list_id: UUID) -> list[SessionWindow]:
    """The sessions of a list in which statements can be made, in order."""
    return await fetch_all(conn, _SQL["list_windows"], SessionWindow, edition_id, list_id)
