"""One function for each statement of `programme.sql` about tracks and sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.programme.types import (
    NewSession,
    NewTrack,
    Session,
    SessionFacts,
    SessionFields,
    SessionFilter,
    SessionStatus,
    Track,
    WrittenSession,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("programme")
_WRITTEN = len(SessionFields.__struct_fields__)


async def lock_programme(conn: Connection, edition_id: UUID) -> None:
    """Only one transaction at a time publishes an edition's programme or rearranges its parents."""
    await execute(conn, _SQL["lock_programme"], edition_id)


async def insert_track(conn: Connection, edition_id: UUID, track_id: UUID, new: NewTrack, now: datetime) -> Track:
    """A new track."""
    return await get(conn, _SQL["insert_track"], Track, edition_id, track_id, *columns(new), now)


async def find_track(conn: Connection, edition_id: UUID, track_id: UUID) -> Track:
    """One track; raises `NotFound`."""
    return await get(conn, _SQL["find_track"], Track, edition_id, track_id)


async def lock_track(conn: Connection, edition_id: UUID, track_id: UUID) -> Track:
    """Lock a track until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_track"], Track, edition_id, track_id)


async def list_tracks(
    conn: Connection, edition_id: UUID, external_id: str | None, after: UUID | None, limit: int
) -> list[Track]:
    """The tracks of an edition in the order in which they were made."""
    return await fetch_all(conn, _SQL["list_tracks"], Track, edition_id, external_id, after, limit)


async def count_tracks(conn: Connection, edition_id: UUID, external_id: str | None) -> int:
    """How many tracks the list has."""
    return int(await value(conn, _SQL["count_tracks"], edition_id, external_id))


async def update_track(
    conn: Connection, edition_id: UUID, track_id: UUID, name: dict[str, str], external_id: str | None
) -> Track:
    """Write every field that can change; the version rises."""
    return await get(conn, _SQL["update_track"], Track, edition_id, track_id, name, external_id)


async def get_session_facts(conn: Connection, edition_id: UUID, session_id: UUID, *named: Any) -> SessionFacts:
    """What is wrong with a session as it will be, by the fields that the statement names, and what stands in its way.

    Raises `NotFound` without the edition.
    """
    return await get(conn, _SQL["get_session_facts"], SessionFacts, edition_id, session_id, *named)


async def is_inside_session(conn: Connection, edition_id: UUID, outer: UUID, inner: UUID) -> bool:
    """Whether session `inner` is `outer` or lies, at any depth, inside it."""
    return bool(await value(conn, _SQL["is_inside_session"], edition_id, outer, inner))


async def insert_session(
    conn: Connection, edition_id: UUID, session_id: UUID, new: NewSession, now: datetime
) -> Session:
    """A new session, as a draft."""
    return await get(conn, _SQL["insert_session"], Session, edition_id, session_id, *columns(new), now)


async def find_session(conn: Connection, edition_id: UUID, session_id: UUID) -> Session:
    """One session; raises `NotFound`."""
    return await get(conn, _SQL["find_session"], Session, edition_id, session_id)


async def lock_session(conn: Connection, edition_id: UUID, session_id: UUID) -> Session:
    """Lock a session until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_session"], Session, edition_id, session_id)


async def move_if_clear(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    versions: Sequence[str] | None,
    names: Sequence[str],
    starts_at: datetime | None,
    ends_at: datetime | None,
    room: UUID | None,
    now: datetime,
) -> WrittenSession | None:
    """A confirmed session moved, where nothing is in its way; None when anything may be wrong, and nothing written."""
    slot = (names, starts_at, ends_at, room)
    return await find(conn, _SQL["move_if_clear"], WrittenSession, edition_id, session_id, versions, *slot, now)


async def list_sessions(
    conn: Connection,
    edition_id: UUID,
    wanted: SessionFilter,
    after_time: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> list[Session]:
    """Sessions by time; those without one come last."""
    chosen = (edition_id, *columns(wanted), after_time, after_id, limit)
    return await fetch_all(conn, _SQL["list_sessions"], Session, *chosen)


async def count_sessions(conn: Connection, edition_id: UUID, wanted: SessionFilter) -> int:
    """How many sessions the list has."""
    return int(await value(conn, _SQL["count_sessions"], edition_id, *columns(wanted)))


async def update_session(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    fields: SessionFields,
    status: SessionStatus,
    now: datetime,
) -> Session:
    """Write every field that can change; the version rises, and the calendar sequence where a trigger says so."""
    written = columns(fields)[:_WRITTEN]
    return await get(conn, _SQL["update_session"], Session, edition_id, session_id, *written, status, now)
