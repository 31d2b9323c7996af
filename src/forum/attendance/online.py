"""Presence online: a delegate joins, is heard of again and again, and leaves or falls silent."""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from forum.attendance import queries
from forum.attendance.types import OnlinePlace, OnlinePresence, PresenceRow
from forum.db import Connection
from forum.errors import Conflict, Forbidden, NotFound
from forum.ids import new_id
from forum.permissions import Principal

HEARD_WITHIN: Final = timedelta(minutes=2)
"""A presence without a heartbeat for so long ended at its last one."""
Action = Literal["join", "heartbeat", "leave"]


class NotRegistered(Forbidden):
    """You are not registered for this edition"""


class RegistrationNotApproved(Conflict):
    """Your registration is not approved"""


class WrongMode(Conflict):
    """Your registration is for the hall"""


class SessionNotOnline(Conflict):
    """This session is not held online"""


class SessionNotHeld(Conflict):
    """This session is cancelled"""


class NotJoined(Conflict):
    """You are not in this session"""


async def take_part(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, action: Action, now: datetime
) -> OnlinePresence:
    """Join a session online, say that one is still there, or leave.

    Joining and leaving can be repeated. A heartbeat of somebody who has left, or was silent for too long, raises
    `NotJoined`. Who may not be there is told why, but may always leave.
    """
    place = await queries.find_online_place(conn, edition_id, session_id, principal.person_id)
    registration_id = _require_place(place, action)
    heard_since = now - HEARD_WITHIN
    key = (conn, edition_id, session_id, registration_id)
    if action == "join":
        await queries.end_stale_presence(*key, heard_since)
        row: PresenceRow | None = await queries.join_session(*key, new_id(), now)
    elif action == "heartbeat":
        row = await queries.extend_presence(*key, now, heard_since)
        if row is None:
            raise NotJoined("Join again: you had left, or nothing was heard of you for too long.", allowed=["join"])
    else:
        row = await queries.leave_session(*key, now, heard_since)
    return _presence(session_id, row)


async def end_stale_presences(conn: Connection, now: datetime) -> int:
    """Whoever fell silent has left when last heard of; how many. For a worker to call every minute."""
    return await queries.end_stale_presences(conn, now - HEARD_WITHIN)


def _require_place(place: OnlinePlace, action: Action) -> UUID:
    """The registration under which somebody may be in a session online; raises what stands in the way."""
    if place.edition_status == "draft" or place.session_status == "draft":
        raise NotFound
    if place.registration_id is None:
        raise NotRegistered("Only people who registered for this edition take part online.")
    if action == "leave":
        return place.registration_id
    if place.status != "approved":
        raise RegistrationNotApproved(f"It is {place.status}.")
    if place.mode != "online":
        raise WrongMode("Switch your registration to online first.")
    if place.session_mode == "in_person":
        raise SessionNotOnline("It is held in the hall only.")
    if place.session_status != "confirmed":
        raise SessionNotHeld
    return place.registration_id


def _presence(session_id: UUID, row: PresenceRow | None) -> OnlinePresence:
    return OnlinePresence(
        session=session_id,
        is_present=row is not None and row.ended_at is None,
        started_at=row.started_at if row else None,
        seen_at=row.seen_at if row else None,
        ended_at=row.ended_at if row else None,
        heard_within_seconds=int(HEARD_WITHIN.total_seconds()),
    )
