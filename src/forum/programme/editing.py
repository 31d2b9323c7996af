"""Changes many sessions at once: each by a patch of its own, or all of them by the same time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec

from forum import bodies
from forum.bulk import Handling, RowResults, RowStatus, carry_out, do_in_turns
from forum.db import Connection
from forum.errors import Invalid, NotFound
from forum.http import IfMatch
from forum.programme import service
from forum.programme.edit_types import SessionEdit, SessionShift
from forum.programme.importing import ANY_VERSION, lock_for_change
from forum.programme.types import Session, SessionPatch

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


async def edit_sessions(
    conn: Connection, edition_id: UUID, rows: Sequence[Any], now: datetime, handling: Handling
) -> RowResults:
    """Change sessions, each by its own patch; what became of each. See `forum.bulk.carry_out`."""

    async def edit(row: Any, is_again: bool) -> tuple[RowStatus, UUID]:
        wanted = _read(row, is_again)
        if_match = ANY_VERSION if wanted.version is None else IfMatch((f'"{wanted.version}"',))
        try:
            return await _change(conn, edition_id, wanted.id, wanted.patch, if_match, now)
        except Invalid as error:
            raise Invalid([fault.inside("/patch") for fault in error.errors]) from None

    async def run() -> RowResults:
        ids = [_id_of(row) for row in rows]
        await lock_for_change(conn, edition_id, [id for id in ids if id])
        works = [(n, partial(edit, row, bool(ids[n]) and ids[n] in ids[:n])) for n, row in enumerate(rows)]
        results = await do_in_turns(conn, works)
        return RowResults([results[index] for index in range(len(rows))])

    return await carry_out(conn, run, handling, at="/sessions")


async def shift_sessions(
    conn: Connection, edition_id: UUID, shift: SessionShift, now: datetime, *, is_rehearsed: bool
) -> RowResults:
    """Move sessions by as many minutes, all or none; raises `Invalid` with every one that cannot be moved.

    Those that go later go the last first, and those that go earlier the first first: whatever one meets on its way it
    would meet at the end. Thus none is in the way of another, and each is written once.
    """

    async def move(session_id: UUID) -> tuple[RowStatus, UUID]:
        session = await service.find_session(conn, edition_id, session_id)
        patch = _shifted(session, timedelta(minutes=shift.shift_minutes))
        patch.room = shift.room
        return await _change(conn, edition_id, session_id, patch, ANY_VERSION, now)

    async def run() -> RowResults:
        await lock_for_change(conn, edition_id, shift.sessions)
        await _require_room(conn, edition_id, shift)
        starts = [await _start_of(conn, edition_id, session_id) for session_id in shift.sessions]
        order = sorted(range(len(starts)), key=starts.__getitem__, reverse=shift.shift_minutes > 0)
        results = await do_in_turns(conn, [(index, partial(move, shift.sessions[index])) for index in order])
        return RowResults([results[index] for index in range(len(starts))])

    return await carry_out(conn, run, Handling(True, is_rehearsed), at="/sessions")


async def _require_room(conn: Connection, edition_id: UUID, shift: SessionShift) -> None:
    if isinstance(shift.room, UUID):
        try:
            await service.find_room(conn, edition_id, shift.room)
        except NotFound:
            raise Invalid.at("/room", "unknown_reference", "The edition has no such room.") from None


def _read(row: Any, is_again: bool) -> SessionEdit:
    edit = bodies.decode(msgspec.json.encode(row), SessionEdit)
    if is_again:
        raise Invalid.at("/id", "duplicate", "An earlier edit is of this session.")
    return edit


def _id_of(row: Any) -> UUID | None:
    try:
        return msgspec.convert(row["id"], UUID, strict=True) if isinstance(row, dict) and "id" in row else None
    except msgspec.ValidationError:
        return None


async def _change(
    conn: Connection, edition_id: UUID, session_id: UUID, patch: SessionPatch, if_match: IfMatch, now: datetime
) -> tuple[RowStatus, UUID]:
    """Write what differs; whether that was anything."""
    before = await service.find_session(conn, edition_id, session_id)
    if bodies.merge(before, patch) == before:
        if_match.require(before.version)
        return "unchanged", session_id
    await service.update_session(conn, edition_id, session_id, patch, if_match, now)
    return "updated", session_id


async def _start_of(conn: Connection, edition_id: UUID, session_id: UUID) -> datetime:
    """When a session starts, for the order; one without an hour, or that is not there, is in nobody's way."""
    try:
        session = await service.find_session(conn, edition_id, session_id)
    except NotFound:
        return _NEVER
    return session.starts_at or _NEVER


def _shifted(session: Session, by: timedelta) -> SessionPatch:
    """The patch that moves a session; raises `Invalid` when it has no time that could be moved."""
    patch = SessionPatch()
    if not by:
        return patch
    if session.starts_at is not None:
        patch.starts_at = session.starts_at + by
        patch.ends_at = session.ends_at and session.ends_at + by
    elif session.held_on is not None and by % timedelta(days=1) == timedelta():
        patch.held_on = session.held_on + by
    else:
        detail = "Its hour is not known." if session.held_on else "Its time is not known."
        raise Invalid.at("", "time_unknown", detail)
    return patch
