"""The rules of agendas: each is its person's alone, and shows no more of the programme than everybody can read.

Staff read how many people a session interests, and never who: there is no way to anybody else's agenda.
"""

from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

from forum.agenda import queries
from forum.agenda.types import AgendaItem, Interest, Star
from forum.bookings.service import NotRegistered
from forum.db import Connection
from forum.editions import service as editions
from forum.errors import NotFound
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.registrations import service as registrations

LEAST_TOLD: Final = 5
"""Fewer people than this could be guessed."""


async def star_session(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, now: datetime
) -> Star:
    """Star a session of the last release for the principal's own registration; once is enough.

    Raises `NotFound` for what is not published, `NotRegistered` for who does not take part, `Forbidden` for a machine.
    """
    person_id = await _require_person(conn, principal, edition_id)
    if not await queries.is_published(conn, edition_id, session_id):
        raise NotFound
    own = await registrations.lock_own_registration(conn, edition_id, person_id, principal.registration_id)
    if own is None or not own.is_active:
        raise NotRegistered("Register first, and star sessions then.")
    await queries.insert_star(conn, edition_id, own.id, session_id, now)
    [item] = await queries.list_agenda(conn, edition_id, own.id, 1, session_id=session_id)
    return Star(session_id, item.starred_at or now, item.overlaps)


async def unstar_session(conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID) -> None:
    """Take a star back; when there is none, nothing happens. A booking stays."""
    person_id = await _require_person(conn, principal, edition_id)
    own = await registrations.find_own_registration(conn, edition_id, person_id, principal.registration_id)
    if own is not None:
        await queries.delete_star(conn, edition_id, own, session_id)


async def list_agenda(
    conn: Connection, principal: Principal, edition_id: UUID, day: date | None, paging: Paging
) -> Page[AgendaItem]:
    """What the principal has starred, booked or speaks in, by time; raises `NotRegistered`, `Forbidden`."""
    after_time, after_id = paging.after(tuple[datetime | None, UUID]) or (None, None)
    person_id = await _require_person(conn, principal, edition_id)
    own = await registrations.find_own_registration(conn, edition_id, person_id, principal.registration_id)
    if own is None:
        raise NotRegistered("Register first.")
    rows = await queries.list_agenda(conn, edition_id, own, paging.limit + 1, after_time, after_id, day)
    total = await queries.count_agenda(conn, edition_id, own, day) if paging.count else None
    return paging.page(rows, lambda item: (_sort_time(item), item.session), total)


async def count_interest(conn: Connection, edition_id: UUID, session_id: UUID) -> Interest:
    """How many people have starred a session; fewer than five are not told."""
    stars = await queries.count_stars(conn, edition_id, session_id)
    return Interest(session_id, stars if stars >= LEAST_TOLD else None)


async def _require_person(conn: Connection, principal: Principal, edition_id: UUID) -> UUID:
    await editions.find_edition(conn, principal, edition_id)
    return principal.require_person("Only people have an agenda.")


def _sort_time(item: AgendaItem) -> datetime | None:
    """The instant by which a session stands in the agenda, as the statement has it."""
    if item.held_on is not None:
        return datetime.combine(item.held_on, time(), UTC)
    return item.starts_at
