"""The rules of announcements: a verified pledge, once, in a confirmed session, with its text of that moment.

Locked, in this order and each in a statement of its own: the session, the pledge, the edition's numbers.
"""

import re
from datetime import datetime
from uuid import UUID

import msgspec

from forum.db import Connection
from forum.editions import service as editions
from forum.editions.service import WrongStatus
from forum.errors import Conflict, Fault, Invalid
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.pledges import announcement_queries as queries
from forum.pledges import queries as pledge_queries
from forum.pledges.announcement_types import Announcement, NewAnnouncement, Revision
from forum.pledges.pledges import require_move
from forum.pledges.types import Pledge, Viewer
from forum.programme import service as programme


class AlreadyAnnounced(Conflict, constraint="announcements_one_per_pledge"):
    """This pledge was announced already"""


async def announce(
    conn: Connection, edition_id: UUID, session_id: UUID, new: NewAnnouncement, now: datetime
) -> Announcement:
    """Announce a pledge in a session: the pledge moves to `announced`, and its text of this moment is kept for good.

    Raises `NotFound` without the session, `Invalid` for a pledge or a speaker that the edition has not, `WrongStatus`
    unless the session is confirmed and the pledge verified, and `AlreadyAnnounced` with the id of the announcement.
    """
    session = await programme.lock_session(conn, edition_id, session_id)
    is_own = await pledge_queries.lock_pledge(conn, edition_id, new.pledge, None)
    found = await queries.find_named_by_announcement(conn, edition_id, new.pledge, new.speaker)
    known = {"pledge": is_own is not None, "speaker": found.is_speaker_known}
    if missing := [name for name, is_known in known.items() if not is_known]:
        raise Invalid([_unknown(name) for name in missing])
    if found.announcement_id is not None:
        raise AlreadyAnnounced("Announcement `id` did it.", id=found.announcement_id)
    if session.status != "confirmed":
        allowed = [name for name, (states, _) in programme.MOVES.items() if session.status in states]
        raise WrongStatus(f"The session is {session.status}.", allowed=allowed)
    viewer = Viewer(sees_all=True, id=None)
    require_move(await pledge_queries.find_pledge(conn, edition_id, new.pledge, viewer), "announce")
    await pledge_queries.update_pledge_status(conn, edition_id, new.pledge, "announced", now)
    revision = msgspec.to_builtins(_freeze(await pledge_queries.find_pledge(conn, edition_id, new.pledge, viewer)))
    row = (new_id(), session_id, new.pledge, new.speaker, revision, now)
    await queries.insert_announcement(conn, edition_id, *row)
    return await queries.find_announcement(conn, edition_id, session_id, row[0], sees_all=True)


async def find_announcement(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, announcement_id: UUID
) -> Announcement:
    """One announcement in a session; raises `NotFound`."""
    sees_all = principal.may(Permission.PLEDGES_READ, edition_id)
    return await queries.find_announcement(conn, edition_id, session_id, announcement_id, sees_all)


async def list_announcements(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID | None, paging: Paging
) -> Page[Announcement]:
    """The announcements of an edition, newest first, of one session or all."""
    await editions.find_edition(conn, principal, edition_id, Permission.PLEDGES_READ)
    chosen = (edition_id, principal.may(Permission.PLEDGES_READ, edition_id), session_id)
    rows = await queries.list_announcements(conn, *chosen, paging.after(int), paging.limit + 1)
    total = await queries.count_announcements(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda announcement: announcement.number, total)


async def find_start(conn: Connection, principal: Principal, edition_id: UUID, last_event_id: str | None) -> int:
    """The number after which a follower reads on: the one it has seen last, else that of the last announcement.

    Raises `NotFound` for an edition that one may not see, and `Invalid` for what was never the id of an event.
    """
    await editions.find_edition(conn, principal, edition_id, Permission.PLEDGES_READ)
    if last_event_id is None:
        return await queries.get_last_announcement(conn, edition_id)
    if not re.fullmatch(r"[0-9]{1,9}", last_event_id):
        detail = "Send the id of the event that you have seen last, unchanged."
        raise Invalid([Fault(parameter="Last-Event-ID", code="bad_parameter", detail=detail)])
    return int(last_event_id)


def _freeze(pledge: Pledge) -> Revision:
    """What everybody may read of a pledge, to be kept as it is now."""
    accepted = [partner for partner in pledge.partners if partner not in pledge.pending_partners]
    public = msgspec.structs.replace(pledge, partners=accepted)
    return Revision(**{name: getattr(public, name) for name in Revision.__struct_fields__})


def _unknown(name: str) -> Fault:
    return Fault(pointer=f"/{name}", code="unknown_reference", detail=f"The edition has no such {name}.")
