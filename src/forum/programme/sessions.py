"""The rules of sessions: what they may refer to, and when a confirmed one has its room and its speakers.

Whoever changes where or when a confirmed session takes place locks, in this order and each in a statement of its
own: the session, its room, its speakers. What is then read is decided one by one; the exclusion constraint on
sessions stands behind it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Final, Literal
from uuid import UUID

from forum.bodies import check, merge
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict, Fault, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.programme import queries
from forum.programme.types import (
    NewSession,
    Session,
    SessionFields,
    SessionFilter,
    SessionPatch,
    SessionReferences,
    SessionStatus,
)

Move = Literal["confirm", "cancel"]
MOVES: Final[dict[Move, tuple[frozenset[SessionStatus], SessionStatus]]] = {
    "confirm": (frozenset({"draft", "cancelled"}), "confirmed"),
    "cancel": (frozenset({"confirmed"}), "cancelled"),
}
"""Every allowed change of status. What was cancelled may be confirmed again: its calendar entry comes back."""
OUTSIDE_TYPES: Final = frozenset({"linked_event", "preparatory", "press"})
"""The types that may be held before or after the edition's own days."""


class RoomOccupied(Conflict, constraint="sessions_room_not_double_booked"):
    """Another confirmed session has this room at this time"""


class SpeakerDoubleBooked(Conflict):
    """A confirmed speaker would be in two places at once"""


async def create_session(conn: Connection, edition_id: UUID, new: NewSession, now: datetime) -> Session:
    """A new session, as a draft; raises `Invalid` with every reference that leads nowhere."""
    await _check_references(conn, edition_id, new, dated=True)
    return await queries.insert_session(conn, edition_id, new_id(), new, now)


async def find_session(conn: Connection, edition_id: UUID, session_id: UUID) -> Session:
    """A session as the staff reads it; raises `NotFound`."""
    return await queries.find_session(conn, edition_id, session_id)


async def lock_session(conn: Connection, edition_id: UUID, session_id: UUID) -> Session:
    """A session that stays as it is until the transaction ends; raises `NotFound`."""
    return await queries.lock_session(conn, edition_id, session_id)


async def list_sessions(conn: Connection, edition_id: UUID, wanted: SessionFilter, paging: Paging) -> Page[Session]:
    """Sessions by time; those without one come last."""
    after_time, after_id = paging.after(tuple[datetime | None, UUID]) or (None, None)
    rows = await queries.list_sessions(conn, edition_id, wanted, after_time, after_id, paging.limit + 1)
    total = await queries.count_sessions(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, lambda session: (_sort_time(session), session.id), total)


async def update_session(
    conn: Connection, edition_id: UUID, session_id: UUID, patch: SessionPatch, if_match: IfMatch, now: datetime
) -> Session:
    """Change a session; raises `RoomOccupied` or `SpeakerDoubleBooked` when a confirmed one cannot be there."""
    before = await queries.lock_session(conn, edition_id, session_id)
    if_match.require(before.version)
    after = merge(before, patch)
    check(after, Session)
    if after.parent is not None and after.parent != before.parent:
        await queries.lock_programme(conn, edition_id)
        if await queries.is_inside_session(conn, edition_id, session_id, after.parent):
            raise Invalid.at("/parent", "cyclic_parent", "That session is this one, or lies inside it.")
    await _check_references(conn, edition_id, after, dated=_dating(after) != _dating(before))
    if after.status == "confirmed" and _placing(after) != _placing(before):
        await _claim_slot(conn, edition_id, after)
    return await queries.update_session(conn, edition_id, session_id, after, after.status, now)


async def move_session(conn: Connection, edition_id: UUID, session_id: UUID, move: Move, now: datetime) -> Session:
    """Confirm or cancel a session; raises `WrongStatus` naming the moves that are allowed now."""
    session = await queries.lock_session(conn, edition_id, session_id)
    sources, target = MOVES[move]
    if session.status not in sources:
        allowed = [name for name, (states, _) in MOVES.items() if session.status in states]
        raise WrongStatus(f"It is {session.status}.", allowed=allowed)
    if target == "confirmed":
        await _claim_slot(conn, edition_id, session)
    return await queries.update_session(conn, edition_id, session_id, session, target, now)


async def confirm_session(conn: Connection, edition_id: UUID, session_id: UUID, now: datetime) -> Session:
    """Confirm a session; raises `RoomOccupied` and `SpeakerDoubleBooked` with the id of the other session."""
    return await move_session(conn, edition_id, session_id, "confirm", now)


async def cancel_session(conn: Connection, edition_id: UUID, session_id: UUID, now: datetime) -> Session:
    """Cancel a confirmed session; readers learn of it with the next release."""
    return await move_session(conn, edition_id, session_id, "cancel", now)


async def claim_speakers(conn: Connection, edition_id: UUID, session: Session, speaker_ids: list[UUID]) -> None:
    """Make sure that these speakers are nowhere else while a session takes place; raises `SpeakerDoubleBooked`.

    The speakers stay locked until the transaction ends. The caller has locked the session.
    """
    if session.starts_at is None or not speaker_ids:
        return
    await queries.lock_speakers(conn, edition_id, speaker_ids)
    slot = (session.parent, session.starts_at, session.ends_at)
    other = await queries.find_speaker_engagement(conn, edition_id, session.id, *slot, speaker_ids)
    if other is not None:
        raise SpeakerDoubleBooked("Session `id` has one of its speakers at this time.", id=other)


async def _claim_slot(conn: Connection, edition_id: UUID, session: Session) -> None:
    """Make sure that a session can be confirmed where and when it is."""
    if session.room is not None and session.starts_at is not None:
        await queries.lock_room(conn, edition_id, session.room)
        slot = (session.room, session.starts_at, session.ends_at)
        other = await queries.find_room_occupant(conn, edition_id, session.id, *slot)
        if other is not None:
            raise RoomOccupied("Session `id` has the room at this time.", id=other)
    speakers = await queries.list_session_speakers(conn, edition_id, session.id)
    await claim_speakers(conn, edition_id, session, speakers)


async def _check_references(conn: Connection, edition_id: UUID, session: SessionFields, dated: bool) -> None:
    found = await queries.get_session_references(
        conn, edition_id, session.type, session.track, session.parent, session.room,
        session.organisers, session.starts_at, session.ends_at, session.held_on,
    )  # fmt: skip
    if faults := list(_reference_faults(session, found, dated)):
        raise Invalid(faults)


def _reference_faults(session: SessionFields, found: SessionReferences, dated: bool) -> Iterator[Fault]:
    if not found.is_type_known:
        detail = "The series has no such session_type."
        yield Fault(pointer="/type", code="unknown_value", detail=detail)
    for name, is_known in (
        ("track", found.is_track_known),
        ("parent", found.is_parent_known),
        ("room", found.is_room_known),
    ):
        if not is_known:
            yield Fault(pointer=f"/{name}", code="unknown_reference", detail=f"The edition has no such {name}.")
    for index, entity in enumerate(session.organisers):
        if entity in found.unknown_organisers:
            pointer = f"/organisers/{index}"
            yield Fault(pointer=pointer, code="unknown_reference", detail="There is no such entity.")
    if dated and not found.is_inside_edition and session.type not in OUTSIDE_TYPES:
        pointer = "/held_on" if session.held_on else "/starts_at"
        detail = f"Outside the edition's own days there can be {', '.join(sorted(OUTSIDE_TYPES))} only."
        yield Fault(pointer=pointer, code="outside_edition", detail=detail)


def _placing(session: Session) -> tuple[object, ...]:
    """What decides whether a confirmed session is in somebody's way."""
    return session.room, session.starts_at, session.ends_at, session.parent


def _dating(session: Session) -> tuple[object, ...]:
    """What decides whether a session lies within the edition's days."""
    return session.type, session.starts_at, session.ends_at, session.held_on


def _sort_time(session: Session) -> datetime | None:
    """The instant by which a session stands in a list, as the statement has it."""
    if session.held_on is not None:
        return datetime.combine(session.held_on, time(), UTC)
    return session.starts_at
