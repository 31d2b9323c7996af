"""Who has the floor: accepted, started, paused, stopped, absent; and how long they had it.

One has the floor at a time. Nobody is stopped silently: who starts somebody else is told who speaks.
"""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec.structs import replace

from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict
from forum.permissions import Principal
from forum.speakers import service as speakers
from forum.speakers_lists import lists, queries
from forum.speakers_lists import request_queries as requests_of
from forum.speakers_lists.projection import session_at, spoken_ms
from forum.speakers_lists.request_types import RequestStatus, SessionWindow, SpeakingRequest, StoredRequest
from forum.speakers_lists.requests import place_by_rank, read_request, reader_of, refuse_second
from forum.speakers_lists.types import Change, StoredList

Move = Literal["accept", "decline", "withdraw", "start", "pause", "resume", "stop", "absent", "yield"]
MOVES: Final[dict[Move, tuple[frozenset[RequestStatus], RequestStatus]]] = {
    "accept": (frozenset({"requested", "absent", "yielded", "declined", "withdrawn"}), "accepted"),
    "decline": (frozenset({"requested", "accepted"}), "declined"),
    "withdraw": (frozenset({"requested", "accepted"}), "withdrawn"),
    "start": (frozenset({"accepted"}), "started"),
    "pause": (frozenset({"started"}), "paused"),
    "resume": (frozenset({"paused"}), "started"),
    "stop": (frozenset({"started", "paused"}), "spoke"),
    "absent": (frozenset({"accepted"}), "absent"),
    "yield": (frozenset({"accepted"}), "yielded"),
}
"""Every allowed change of status. Who was absent, or was taken out, may speak after all."""
_TAKEN_OUT: Final = frozenset({"declined", "withdrawn"})


class FloorTaken(Conflict, constraint="speaking_requests_one_has_the_floor"):
    """Somebody else has the floor"""


async def withdraw_request(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, request_id: UUID, now: datetime
) -> SpeakingRequest:
    """Take a request back: one's own, one of one's delegation, or any as the staff; raises `NotFound`."""
    stored = await lists.find_stored(conn, principal, edition_id, session_id)
    await requests_of.find_request(conn, edition_id, stored.id, request_id, *reader_of(principal, edition_id))
    return await change_status(conn, principal, edition_id, session_id, request_id, "withdraw", None, now)


async def change_status(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    request_id: UUID,
    move: Move,
    reason: str | None,
    now: datetime,
) -> SpeakingRequest:
    """Move a request on; raises `WrongStatus` naming the moves that are allowed now, `FloorTaken` and `AlreadyOnList`.

    Who is taken out leaves their place, and is placed anew by rank and time when accepted after all. The appearance
    that a request is tied to follows: `spoke`, `absent`, and back.
    """
    stored = await lists.lock(conn, edition_id, session_id, Change(principal.token_id, now, reason))
    before = await requests_of.find_request(conn, edition_id, stored.id, request_id, None, None)
    _require_allowed(before, move)
    if move == "start":
        await _require_free_floor(conn, edition_id, stored)
    comes_back = before.status in _TAKEN_OUT
    if comes_back:
        await refuse_second(conn, edition_id, stored, before)
    windows = await queries.list_windows(conn, edition_id, stored.id)
    after = advance(before, move, windows, now)
    line = [standing.id for standing in await requests_of.list_standings(conn, edition_id, stored.id)]
    after.position = None if after.status in _TAKEN_OUT else before.position or await _behind(conn, edition_id, stored)
    await _write(conn, edition_id, after, reason)
    if comes_back:
        await place_by_rank(conn, edition_id, stored, request_id)
    elif after.position is None:
        rest = [id for id in line if id != request_id]
        await requests_of.update_positions(conn, edition_id, stored.id, rest)
    if after.appearance is not None:
        await _tell_appearance(conn, edition_id, after.appearance, before.status, after.status)
    return await read_request(conn, edition_id, stored, request_id, now)


def advance(row: StoredRequest, move: Move, windows: list[SessionWindow], now: datetime) -> StoredRequest:
    """The request after a move that is allowed: its status, and the times that the move sets."""
    after = replace(row, status=MOVES[move][1], running_since=None, spoken_ms=spoken_ms(row, now))
    if move in ("start", "resume"):
        after.running_since = now
    if move == "start":
        after.started_at, after.spoke_in = now, session_at(windows, now)
    after.ended_at = None if after.status in ("accepted", "started", "paused") else now
    return after


def _require_allowed(row: StoredRequest, move: Move) -> None:
    if row.status not in MOVES[move][0]:
        allowed = [name for name, (states, _) in MOVES.items() if row.status in states]
        raise WrongStatus(f"It is {row.status}.", allowed=allowed)


async def _require_free_floor(conn: Connection, edition_id: UUID, stored: StoredList) -> None:
    holder = await requests_of.find_floor_holder(conn, edition_id, stored.id)
    if holder is not None:
        raise FloorTaken("Stop request `id` first.", id=holder)


async def _behind(conn: Connection, edition_id: UUID, stored: StoredList) -> int:
    """A place behind all others, until the request is placed by rank."""
    return await requests_of.get_last_position(conn, edition_id, stored.id) + 1


async def _write(conn: Connection, edition_id: UUID, row: StoredRequest, reason: str | None) -> None:
    frozen_seconds = None if row.started_at is None else row.allotted_seconds
    times = (row.spoken_ms, row.running_since, row.started_at, row.ended_at, row.spoke_in)
    await requests_of.update_state(conn, edition_id, row.id, row.status, row.position, *times, frozen_seconds, reason)


async def _tell_appearance(
    conn: Connection, edition_id: UUID, appearance_id: UUID, before: RequestStatus, after: RequestStatus
) -> None:
    if after == "spoke" or after == "absent":
        await speakers.record_outcome(conn, edition_id, appearance_id, after)
    elif before == "absent":
        await speakers.record_outcome(conn, edition_id, appearance_id, "confirmed")
