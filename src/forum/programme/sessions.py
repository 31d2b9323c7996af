"""The rules of sessions: what they may refer to, and when a confirmed one has its room, speakers and interpreters.

Whoever changes where or when a confirmed session takes place locks, in this order and each in a statement of its
own: the session; its room with all that the room is joined from, by id; its speakers, by id; its interpretation teams,
by id. All but the first stand in one function of the database, which then tells all that is in the way. What is read
is decided one by one; the exclusion constraint on room_claims stands behind it. A move that meets nothing is one
statement, and a transaction by itself; what is not plainly right goes the longer way, which tells what is wrong.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from typing import Final, Literal
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import asdict

from forum.bodies import check, merge
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Fault, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.problems import Clash
from forum.programme import queries
from forum.programme.conflict_types import NewOverride
from forum.programme.conflicts import by_gravity, settle_clashes
from forum.programme.types import (
    NewSession,
    Session,
    SessionFacts,
    SessionFields,
    SessionFilter,
    SessionPatch,
    SessionStatus,
    WrittenSession,
)

Move = Literal["confirm", "cancel"]
MOVES: Final[dict[Move, tuple[frozenset[SessionStatus], SessionStatus]]] = {
    "confirm": (frozenset({"draft", "cancelled"}), "confirmed"),
    "cancel": (frozenset({"confirmed"}), "cancelled"),
}
"""Every allowed change of status. What was cancelled may be confirmed again: its calendar entry comes back."""
OUTSIDE_TYPES: Final = frozenset({"linked_event", "preparatory", "press"})
"""The types that may be held outside the edition's own days; `is_within_edition` in the database has them too."""
_SLOT: Final = frozenset({"starts_at", "ends_at", "parent"})
_PLACE: Final = frozenset({"starts_at", "ends_at", "room"})
_INPUTS: Final = {
    "room_occupied": _PLACE,
    "speaker_double_booked": _SLOT,
    "chair_double_booked": _SLOT,
    "interpretation_double_booked": _SLOT | {"interpretation_teams"},
    "plenary_parallel": _SLOT | {"type"},
    "capacity_below_bookings": frozenset({"room", "mode", "access", "in_person_capacity", "online_capacity"}),
    "outside_opening_hours": _PLACE,
    "outside_edition": frozenset({"starts_at", "ends_at", "held_on", "type"}),
    "setup_time": _PLACE,
}
"""The fields that each rule looks at. A change is judged by the rules that look at what it changes, and by no other: a
conflict that is there already, or was passed over, does not keep anybody from correcting something else."""
_REFERENCES: Final = frozenset({"type", "track", "parent", "room", "organisers", "interpretation_teams"})
_FIELDS: Final = SessionFields.__struct_fields__
_PATCHED: Final = SessionPatch.__struct_fields__


async def create_session(conn: Connection, edition_id: UUID, new: NewSession, now: datetime) -> WrittenSession:
    """A new session, as a draft; raises `Invalid` with every reference that leads nowhere."""
    session_id = new_id()
    clashes = await _examine(conn, edition_id, session_id, new, "draft", frozenset(_FIELDS))
    return _told(await queries.insert_session(conn, edition_id, session_id, new, now), clashes)


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


async def move_if_clear(
    conn: Connection, edition_id: UUID, session_id: UUID, patch: SessionPatch, if_match: IfMatch, now: datetime
) -> WrittenSession | None:
    """A confirmed session that was only moved, and was in nobody's way; None for all that needs a closer look.

    It is one statement, which needs no transaction around it; what it leaves is for `update_session`.
    """
    names = frozenset(name for name in _PATCHED if getattr(patch, name) is not UNSET)
    if not names or names - _PLACE:
        return None
    moved = await queries.move_if_clear(
        conn, edition_id, session_id, if_match.versions, list(names), patch.starts_at or None, patch.ends_at or None,
        patch.room or None, now,
    )  # fmt: skip
    if moved is not None and moved.warnings is not UNSET:
        moved.warnings = _bearing(moved.warnings, names) or UNSET
    return moved


async def update_session(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    patch: SessionPatch,
    if_match: IfMatch,
    now: datetime,
    override: NewOverride | None = None,
) -> WrittenSession:
    """Change a session; raises `RoomOccupied`, or what the edition refuses, when a confirmed one cannot be there."""
    before = await queries.lock_session(conn, edition_id, session_id)
    if_match.require(before.version, before, patch)
    after = merge(before, patch)
    check(after, Session)
    if after.parent is not None and after.parent != before.parent:
        await queries.lock_programme(conn, edition_id)
        if await queries.is_inside_session(conn, edition_id, session_id, after.parent):
            raise Invalid.at("/parent", "cyclic_parent", "That session is this one, or lies inside it.")
    changed = frozenset(name for name in _FIELDS if getattr(after, name) != getattr(before, name))
    clashes = await _examine(conn, edition_id, session_id, after, after.status, changed)
    if after.status == "confirmed":
        await settle_clashes(conn, edition_id, session_id, clashes, override, now)
    return _told(await queries.update_session(conn, edition_id, session_id, after, after.status, now), clashes)


async def move_session(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    move: Move,
    now: datetime,
    override: NewOverride | None = None,
) -> WrittenSession:
    """Confirm or cancel a session; raises `WrongStatus` naming the moves that are allowed now.

    Whoever confirms meets every rule of the edition: see `update_session`.
    """
    session = await queries.lock_session(conn, edition_id, session_id)
    sources, target = MOVES[move]
    if session.status not in sources:
        allowed = [name for name, (states, _) in MOVES.items() if session.status in states]
        raise WrongStatus(f"It is {session.status}.", allowed=allowed)
    clashes: list[Clash] = []
    if target == "confirmed":
        facts = await _ask(conn, edition_id, session_id, session, "confirmed", checks=True)
        clashes = sorted(facts.clashes, key=by_gravity)
        await settle_clashes(conn, edition_id, session_id, clashes, override, now)
    return _told(await queries.update_session(conn, edition_id, session_id, session, target, now), clashes)


async def confirm_session(conn: Connection, edition_id: UUID, session_id: UUID, now: datetime) -> WrittenSession:
    """Confirm a session; raises `RoomOccupied` and `SpeakerDoubleBooked` with the id of the other session."""
    return await move_session(conn, edition_id, session_id, "confirm", now)


async def cancel_session(conn: Connection, edition_id: UUID, session_id: UUID, now: datetime) -> WrittenSession:
    """Cancel a confirmed session; readers learn of it with the next release."""
    return await move_session(conn, edition_id, session_id, "cancel", now)


def _bearing(clashes: Iterable[Clash], changed: frozenset[str]) -> list[Clash]:
    """Those conflicts that a change of these fields has to do with, the gravest first."""
    return sorted((clash for clash in clashes if _INPUTS[clash.rule] & changed), key=by_gravity)


async def _examine(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    session: SessionFields,
    status: SessionStatus,
    changed: frozenset[str],
) -> list[Clash]:
    """The conflicts that a change of these fields meets, the gravest first; raises `Invalid` for what cannot be."""
    checks = any(inputs & changed for inputs in _INPUTS.values())
    if not checks and not changed & _REFERENCES:
        return []
    facts = await _ask(conn, edition_id, session_id, session, status, checks)
    clashes = _bearing(facts.clashes, changed)
    if faults := [*_reference_faults(session, facts), *_date_faults(session, clashes)]:
        raise Invalid(faults)
    return [] if status == "cancelled" else clashes


async def _ask(
    conn: Connection, edition_id: UUID, session_id: UUID, session: SessionFields, status: SessionStatus, checks: bool
) -> SessionFacts:
    """What is wrong with a session as it will be; with `checks`, what stands in its way too: see the statement."""
    return await queries.get_session_facts(
        conn, edition_id, session_id, session.type, session.track, session.parent, session.room, session.organisers,
        session.interpretation_teams, checks, status == "confirmed", session.starts_at, session.ends_at,
        session.held_on, session.mode, session.access, session.in_person_capacity, session.online_capacity,
    )  # fmt: skip


def _told(session: Session, clashes: list[Clash]) -> WrittenSession:
    return WrittenSession(**asdict(session), warnings=clashes or UNSET)


def _reference_faults(session: SessionFields, found: SessionFacts) -> Iterator[Fault]:
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
    for index, team in enumerate(session.interpretation_teams):
        if team in found.unknown_teams:
            pointer = f"/interpretation_teams/{index}"
            yield Fault(pointer=pointer, code="unknown_reference", detail="The edition has no such team.")


def _date_faults(session: SessionFields, clashes: list[Clash]) -> Iterator[Fault]:
    """The one rule that needs nothing but the session and its edition is a fault of what was sent."""
    if any((clash.rule, clash.level) == ("outside_edition", "refuse") for clash in clashes):
        pointer = "/held_on" if session.held_on else "/starts_at"
        detail = f"Outside the edition's own days there can be {', '.join(sorted(OUTSIDE_TYPES))} only."
        yield Fault(pointer=pointer, code="outside_edition", detail=detail)


def _sort_time(session: Session) -> datetime | None:
    """The instant by which a session stands in a list, as the statement has it."""
    if session.held_on is not None:
        return datetime.combine(session.held_on, time(), UTC)
    return session.starts_at
