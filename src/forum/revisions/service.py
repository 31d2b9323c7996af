"""The rules of revisions: an edition and its programme, places and badges change together, and people are told once.

Everything is one transaction. Whoever revises locks, in this order: the edition, its places, its programme (sessions,
rooms, registrations, session places). Calendars follow by the release that is published, and mails are planned by the
workers: the difference between what somebody was told and what is, so that none goes out twice.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import convert, to_builtins

from forum.bodies import check, merge
from forum.db import Connection
from forum.editions import service as editions
from forum.editions.service import RUNNING, WrongStatus
from forum.editions.types import Edition, EditionPatch
from forum.errors import Conflict
from forum.jobs import InviteEdition
from forum.outbox import publish
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.programme import service as programme
from forum.programme.replanning_types import ReplannedSession, Replanning
from forum.registrations import service as registrations
from forum.registrations.turning_types import Turned
from forum.revisions import queries
from forum.revisions.types import (
    EditionRevision,
    HeldEdition,
    MadeRevision,
    MovedSession,
    NewRevision,
    SessionTimes,
)

_FIELDS = HeldEdition.__struct_fields__


class NothingToRevise(Conflict):
    """The edition is held like this already"""


async def revise_edition(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewRevision, dry_run: bool, now: datetime
) -> MadeRevision:
    """Move an announced edition, or turn it virtual; a dry run does the same and takes it back.

    Raises `WrongStatus` for one that is not announced, or over, and `NothingToRevise`.
    """
    attempt = conn.transaction()
    await attempt.start()
    made = await _revise(conn, principal, edition_id, new, now)
    made.is_dry_run = dry_run
    await (attempt.rollback() if dry_run else attempt.commit())
    return made


async def list_revisions(
    conn: Connection, principal: Principal, edition_id: UUID, paging: Paging
) -> Page[EditionRevision]:
    """The revisions of an edition, newest first; raises `NotFound` for a draft that is not one's own."""
    await editions.find_edition(conn, principal, edition_id)
    rows = await queries.list_revisions(conn, edition_id, paging.after(int), paging.limit + 1)
    total = await queries.count_revisions(conn, edition_id) if paging.count else None
    return paging.page(rows, lambda revision: revision.number, total)


async def _revise(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewRevision, now: datetime
) -> MadeRevision:
    before = await editions.lock_edition(conn, edition_id)
    if before.status not in RUNNING:
        raise WrongStatus(f"It is {before.status}: only an edition that is announced and not over is revised.")
    after = merge(before, EditionPatch(**{name: getattr(new, name) for name in _FIELDS}))
    check(after, Edition)
    if _held(after) == _held(before):
        raise NothingToRevise("Give what is to change.")
    is_virtual = after.mode == "online" != before.mode
    if is_virtual:
        await registrations.lock_all_places(conn, principal, edition_id)
    await editions.write_edition(conn, after)
    wanted = _replanning(before, after, new, now)
    if new.registration == "shift":
        await editions.shift_windows(conn, edition_id, wanted.days, wanted.old_zone, wanted.new_zone)
    sessions = await programme.replan_sessions(conn, edition_id, wanted)
    turned = await registrations.turn_online(conn, edition_id, now) if is_virtual else Turned(0, 0)
    row = (_held(before), _held(after), new.reason, new.sessions, now, principal.token_id)
    revision = await queries.insert_revision(conn, edition_id, *row)
    release = await _tell(conn, principal, edition_id, new, now)
    return MadeRevision(
        is_dry_run=False,
        revision=revision,
        sessions=[_moved(session) for session in sessions],
        people=await queries.count_people(conn, edition_id),
        switched=turned.switched,
        badges_revoked=turned.badges,
        release=release,
    )


async def _tell(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewRevision, now: datetime
) -> int | None:
    """Publish the programme if readers know it, and have everybody told; the release that readers see."""
    last = await queries.find_last_release(conn, edition_id)
    release = last
    if last is not None:
        note = new.reason.get("en") or next(iter(new.reason.values()))
        release = (await programme.publish(conn, edition_id, principal.token_id, note, now)).number
    if release == last:  # a release has everybody told by itself
        await publish(conn, InviteEdition(edition_id, None))
    return release


def _replanning(before: Edition, after: Edition, new: NewRevision, now: datetime) -> Replanning:
    assert before.starts_on  # an announced edition has dates: a constraint holds it
    assert after.starts_on
    days = (after.starts_on - before.starts_on).days
    is_elsewhere = (before.venue, before.city) != (after.venue, after.city)
    is_virtual = after.mode == "online" != before.mode
    return Replanning(new.sessions, days, before.timezone, after.timezone, is_virtual, is_elsewhere, now)


def _held(edition: Edition) -> dict[str, Any]:
    """What of an edition a revision can change, as it is recorded."""
    held: dict[str, Any] = to_builtins(convert({name: getattr(edition, name) for name in _FIELDS}, HeldEdition))
    return held


def _moved(session: ReplannedSession) -> MovedSession:
    return MovedSession(
        session.id,
        session.title,
        SessionTimes(session.old_starts_at, session.old_ends_at, session.old_held_on, session.old_mode),
        SessionTimes(session.starts_at, session.ends_at, session.held_on, session.mode),
        session.loses_room,
    )
