"""What a person was told, as they read it in the API: the messages that were queued for them, without their mails.

Who came by the link of a registration reads what is about it. What later news took the place of before it was sent is
not there any more, and neither is what the staff took back.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from forum.db import Connection
from forum.errors import Fault, Invalid
from forum.notifications import service as notifications
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.pushes import feed_queries as queries
from forum.pushes.types import Marked, Notification, NotificationFilter, NotificationRow

NO_EDITION: Final = UUID(int=0)


async def list_notifications(
    conn: Connection, principal: Principal, wanted: NotificationFilter, language: str | None, paging: Paging
) -> Page[Notification]:
    """One's own, latest first; raises `Invalid` for a `since` without a zone, and `Forbidden` for a machine."""
    _require_instant(wanted.since)
    own = (principal.require_person(), principal.registration_id)
    rows = await queries.list_notifications(conn, *own, wanted, paging.after(int), paging.limit + 1)
    total = await queries.count_notifications(conn, *own, wanted) if paging.count else None
    page = paging.page(rows, lambda row: row.number, total)
    return Page(items=await _tell(conn, page.items, language), next_cursor=page.next_cursor, total=page.total)


async def mark_read(
    conn: Connection, principal: Principal, message_id: UUID, language: str | None, now: datetime
) -> Notification:
    """Remember that somebody has read something, the first time; raises `NotFound` for what others were told."""
    own = (principal.require_person(), principal.registration_id)
    await queries.mark_read(conn, *own, message_id, None, now)
    row = await queries.find_notification(conn, *own, message_id)
    return (await _tell(conn, [row], language))[0]


async def mark_all_read(conn: Connection, principal: Principal, until: datetime, now: datetime) -> Marked:
    """Remember that somebody has read everything that they were told up to an instant."""
    own = (principal.require_person(), principal.registration_id)
    return Marked(await queries.mark_read(conn, *own, None, until, now))


async def _tell(conn: Connection, rows: Sequence[NotificationRow], language: str | None) -> list[Notification]:
    wordings = await notifications.read_wordings(conn, {row.edition_id for row in rows if row.edition_id})
    found = []
    for row in rows:
        said = notifications.headline(row, language, wordings.get(row.edition_id or NO_EDITION, notifications.STANDARD))
        about = (row.edition_id, row.edition, row.session_id, row.registration_id)
        words = (said.title, said.text, said.language)
        found.append(Notification(row.id, row.kind, *about, *words, row.created_at, row.read_at))
    return found


def _require_instant(since: datetime | None) -> None:
    if since is None:
        return
    if since.tzinfo is None:
        raise Invalid([Fault(parameter="since", code="timezone_missing", detail="Say in which zone, such as `Z`.")])
    if not 1900 <= since.year <= 2200:
        raise Invalid([Fault(parameter="since", code="out_of_range", detail="Give a time between 1900 and 2200.")])
