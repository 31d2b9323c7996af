"""The rules of a list as a whole: which sessions it spreads over, when it is open, and who may see it.

Whoever changes a list locks its sessions by id, and then the list. The migration that makes lists has the
whole order of locks.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from msgspec.structs import asdict

from forum.bodies import check, merge
from forum.db import Connection
from forum.errors import Conflict, Fault, Invalid, NotFound, Stale
from forum.http import IfMatch
from forum.ids import new_id
from forum.permissions import Permission, Principal
from forum.speakers_lists import queries
from forum.speakers_lists.types import (
    Change,
    NewSpeakersList,
    SessionOfList,
    SpeakersList,
    SpeakersListFields,
    SpeakersListPatch,
    StoredList,
)
from forum.tables import as_text


class SessionHasList(Conflict, constraint="speakers_list_sessions_one_list_per_session"):
    """This session has another list of speakers"""


class ListNotOpen(Conflict):
    """One cannot ask for the floor now"""


async def find_stored(conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID) -> StoredList:
    """The list of a session; raises `NotFound` for one that the principal may not see.

    Everybody sees a published one; before, its staff and those who may ask for the floor do.
    """
    looks_after_people = bool(principal.reach(Permission.PROGRAMME_WRITE, edition_id))
    reader = (principal.may(Permission.PROGRAMME_READ, edition_id), looks_after_people, principal.person_id)
    return await queries.find_list(conn, edition_id, session_id, *reader)


async def find_list(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, now: datetime
) -> SpeakersList:
    """The same, as it is answered: how much is allotted is for the staff alone, as it tells how many have more time."""
    shown = _show(await find_stored(conn, principal, edition_id, session_id), now)
    if not principal.may(Permission.PROGRAMME_WRITE, edition_id):
        shown.allotted_seconds, shown.warnings = None, []
    return shown


async def lock(conn: Connection, edition_id: UUID, session_id: UUID, change: Change) -> StoredList:
    """The list of a session, which nobody else changes until the transaction ends; raises `NotFound`."""
    await queries.note_change(conn, change)
    if await queries.lock_list(conn, edition_id, session_id) is None:
        raise NotFound
    return await find_any(conn, edition_id, session_id)


def require_open(stored: StoredList, now: datetime) -> None:
    """Raise `ListNotOpen`, telling when it is."""
    if not stored.is_open(now):
        opens_at, closes_at = as_text(stored.opens_at), as_text(stored.closes_at)
        raise ListNotOpen(f"It opens at {opens_at} and closes at {closes_at}.")


async def put_list(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    new: NewSpeakersList,
    if_match: IfMatch,
    now: datetime,
) -> SpeakersList:
    """Give a session a list, or its list other rules; requests stay as they are.

    Raises `NotFound` without the session, `Invalid` for sessions that the edition has not or that are not in their
    order, and `SessionHasList` with the id of the session that has another list.
    """
    try:
        before = await find_any(conn, edition_id, session_id)
    except NotFound:
        before = None
    change = Change(principal.token_id, now)
    return _show(await _write(conn, edition_id, session_id, before, new, if_match, change), now)


async def update_list(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    patch: SpeakersListPatch,
    if_match: IfMatch,
    now: datetime,
) -> SpeakersList:
    """Change the rules of a list; raises as `put_list` does, and `NotFound` without one."""
    before = await find_any(conn, edition_id, session_id)
    after = asdict(merge(before, patch))
    fields = NewSpeakersList(**{name: after[name] for name in SpeakersListFields.__struct_fields__})
    check(fields, NewSpeakersList)
    change = Change(principal.token_id, now)
    return _show(await _write(conn, edition_id, session_id, before, fields, if_match, change), now)


async def find_any(conn: Connection, edition_id: UUID, session_id: UUID) -> StoredList:
    """The list of a session, whoever asks; raises `NotFound`."""
    return await queries.find_list(conn, edition_id, session_id, True, False, None)


async def _write(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    before: StoredList | None,
    new: NewSpeakersList,
    if_match: IfMatch,
    change: Change,
) -> StoredList:
    """Write a list whole; `before` was read without a lock, and must still be what is there."""
    session_ids = [before.session if before else session_id, *new.continued_in]
    await queries.lock_sessions_of_list(conn, edition_id, session_ids)
    found = await queries.list_sessions_of_list(conn, edition_id, session_ids)
    if before is None and any(session.id == session_id and session.list_id for session in found):
        before = await find_any(conn, edition_id, session_id)  # somebody else has made it meanwhile
    locked = await lock(conn, edition_id, session_id, change) if before else None
    version = locked.version if locked else 0
    if_match.require(version)
    if (before.version if before else 0) != version:
        raise Stale(version)
    list_id = locked.id if locked else new_id()
    _check_sessions(session_ids, {session.id: session for session in found}, list_id)
    rules = (new.opens_at, new.closes_at, new.delegation_seconds, new.group_seconds, new.extra_seconds)
    if locked is None:
        await queries.note_change(conn, change)
        await queries.insert_list(conn, edition_id, list_id, *rules, new.changeover_seconds, new.published, change.at)
    else:
        await queries.update_list(conn, edition_id, list_id, *rules, new.changeover_seconds, new.published)
        await queries.delete_list_sessions(conn, edition_id, list_id)
    await queries.insert_list_sessions(conn, edition_id, list_id, session_ids)
    return await find_any(conn, edition_id, session_ids[0])


def _check_sessions(session_ids: list[UUID], found: Mapping[UUID, SessionOfList], list_id: UUID) -> None:
    """Raise what is wrong with the sessions of a list, of which the first is the one in the path."""
    if session_ids[0] not in found:
        raise NotFound
    if faults := list(_session_faults(session_ids, found)):
        raise Invalid(faults)
    for session in (found[id] for id in session_ids):
        if session.list_id not in (None, list_id):
            raise SessionHasList("Session `id` belongs to another list.", id=session.id)


def _session_faults(session_ids: list[UUID], found: Mapping[UUID, SessionOfList]) -> Iterator[Fault]:
    latest = found[session_ids[0]].starts_at
    for index, id in enumerate(session_ids[1:]):
        pointer = f"/continued_in/{index}"
        if id not in found:
            yield Fault(pointer=pointer, code="unknown_reference", detail="The edition has no such session.")
            continue
        if id == session_ids[0]:
            yield Fault(pointer=pointer, code="duplicate", detail="This is the session in which the list begins.")
            continue
        starts_at = found[id].starts_at
        if latest is not None and starts_at is not None and starts_at < latest:
            yield Fault(
                pointer=pointer, code="not_in_order", detail="It begins before the session that comes before it."
            )
        latest = starts_at or latest


def _show(stored: StoredList, now: datetime) -> SpeakersList:
    return SpeakersList(**asdict(stored), open=stored.is_open(now), warnings=stored.find_warnings())
