"""The rules of requests: one for each delegation, in the order of rank and time, or where the staff has put them."""

from datetime import datetime
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import asdict

from forum.bodies import merge
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.speakers_lists import lists, order
from forum.speakers_lists import request_queries as queries
from forum.speakers_lists.asking import complete_request
from forum.speakers_lists.planning import read_plan, show
from forum.speakers_lists.projection import WAITING
from forum.speakers_lists.request_types import (
    MadeSpeakingRequest,
    NewPlaceInLine,
    NewSpeakingRequest,
    RequestFilter,
    SpeakingRequest,
    SpeakingRequestMove,
    SpeakingRequestPatch,
    StoredRequest,
)
from forum.speakers_lists.types import Change, StoredList


class AlreadyOnList(Conflict, constraint="speaking_requests_one_per_entity"):
    """This delegation, or this person, is on the list already"""


def reader_of(principal: Principal, edition_id: UUID) -> tuple[list[UUID] | None, UUID | None]:
    """Whose requests the principal may see: of which delegations (None: all), and of which person."""
    return principal.reach(Permission.PROGRAMME_WRITE, edition_id), principal.person_id


async def create_request(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, new: NewSpeakingRequest, now: datetime
) -> MadeSpeakingRequest:
    """Ask for the floor; the staff may at any time, others while the list is open, and theirs must be accepted.

    Raises `NotFound` without a list that they may see, `Invalid` with every wrong reference, `ListNotOpen`, and
    `AlreadyOnList` with the id of the request that there is.
    """
    stored = await lists.find_stored(conn, principal, edition_id, session_id)
    wanted = await complete_request(conn, principal, edition_id, stored, new)
    stored = await lists.lock(conn, edition_id, session_id, Change(principal.token_id, now))
    if wanted.status == "requested":
        lists.require_open(stored, now)
    same = (wanted.entity, wanted.registration, wanted.speaker)
    await _refuse_second(conn, edition_id, stored, *same, None)
    request_id = new_id()
    ticket = await queries.draw_ticket(conn, edition_id, stored.id)
    await queries.insert_request(conn, edition_id, request_id, stored.id, ticket, wanted, now, principal.token_id)
    await place_by_rank(conn, edition_id, stored, request_id)
    is_staff = wanted.status == "accepted"
    made = await read_request(conn, edition_id, stored, request_id, now, is_staff)
    warnings = (await lists.find_any(conn, edition_id, session_id)).find_warnings() if is_staff else []
    return MadeSpeakingRequest(**asdict(made), warnings=warnings)


async def find_request(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, request_id: UUID, now: datetime
) -> SpeakingRequest:
    """One request, for the staff, for who looks after its delegation and for whose it is; raises `NotFound`."""
    stored = await lists.find_stored(conn, principal, edition_id, session_id)
    reader = reader_of(principal, edition_id)
    row = await queries.find_request(conn, edition_id, stored.id, request_id, *reader)
    return show(row, await read_plan(conn, edition_id, stored, now, reader[0] is None), now)


async def read_request(
    conn: Connection, edition_id: UUID, stored: StoredList, request_id: UUID, now: datetime, exact: bool = True
) -> SpeakingRequest:
    """A request after it was changed; `exact` for the staff only, see `read_plan`."""
    row = await queries.find_request(conn, edition_id, stored.id, request_id, None, None)
    return show(row, await read_plan(conn, edition_id, stored, now, exact), now)


async def list_requests(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    wanted: RequestFilter,
    paging: Paging,
    now: datetime,
) -> Page[SpeakingRequest]:
    """Those that the principal may see, in their order; those that were taken out come last."""
    stored = await lists.find_stored(conn, principal, edition_id, session_id)
    reader = reader_of(principal, edition_id)
    chosen = (edition_id, stored.id, *reader, wanted)
    after_position, after_id = paging.after(tuple[int | None, UUID]) or (None, None)
    rows = await queries.list_requests(conn, *chosen, after_position, after_id, paging.limit + 1)
    total = await queries.count_requests(conn, *chosen) if paging.count else None
    plan = await read_plan(conn, edition_id, stored, now, reader[0] is None)
    return paging.page([show(row, plan, now) for row in rows], lambda row: (row.position, row.id), total)


async def update_request(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    request_id: UUID,
    patch: SpeakingRequestPatch,
    if_match: IfMatch,
    now: datetime,
) -> SpeakingRequest:
    """Change a request; with another rank it has another place, unless the staff has put it where it is."""
    stored = await lists.lock(conn, edition_id, session_id, Change(principal.token_id, now))
    before = await queries.find_request(conn, edition_id, stored.id, request_id, None, None)
    if_match.require(before.version)
    after = merge(before, patch)
    is_allotted = patch.allotted_seconds is not UNSET
    fields = (after.rank, after.language, after.on_behalf_of, after.needs_more_time, after.allotted_seconds)
    await queries.update_request(conn, edition_id, request_id, *fields, is_allotted)
    if after.rank != before.rank and before.status in WAITING and before.moved_at is None:
        await place_by_rank(conn, edition_id, stored, request_id)
    return await read_request(conn, edition_id, stored, request_id, now)


async def move_request(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    request_id: UUID,
    target: NewPlaceInLine,
    now: datetime,
) -> SpeakingRequest:
    """Put a request that waits in another place, and write down why; raises `WrongStatus` and `Invalid`."""
    stored = await lists.lock(conn, edition_id, session_id, Change(principal.token_id, now, target.reason))
    row = await queries.find_request(conn, edition_id, stored.id, request_id, None, None)
    if row.status not in WAITING:
        raise WrongStatus(f"It is {row.status}: only who waits can be moved.")
    line = [standing.id for standing in await queries.list_standings(conn, edition_id, stored.id)]
    for name, anchor in (("before", target.before), ("after", target.after)):
        if anchor is not None and (anchor == request_id or anchor not in line):
            raise Invalid.at(f"/{name}", "unknown_reference", "No other request of that id stands in this list.")
    moved = order.move(line, request_id, target)
    await queries.update_positions(conn, edition_id, stored.id, moved)
    await queries.update_moved(conn, edition_id, request_id, now)
    places = (line.index(request_id) + 1, moved.index(request_id) + 1)
    written = (new_id(), request_id, *places, target.reason, now, principal.token_id)
    await queries.insert_move(conn, edition_id, *written)
    return await read_request(conn, edition_id, stored, request_id, now)


async def list_moves(
    conn: Connection, edition_id: UUID, session_id: UUID, request_id: UUID, paging: Paging
) -> Page[SpeakingRequestMove]:
    """How the staff has moved a request, oldest first; raises `NotFound` without it."""
    stored = await lists.find_any(conn, edition_id, session_id)
    await queries.find_request(conn, edition_id, stored.id, request_id, None, None)
    rows = await queries.list_moves(conn, edition_id, request_id, paging.after(UUID), paging.limit + 1)
    total = await queries.count_moves(conn, edition_id, request_id) if paging.count else None
    return paging.page(rows, lambda move: move.id, total)


async def place_by_rank(conn: Connection, edition_id: UUID, stored: StoredList, request_id: UUID) -> None:
    """Put a request that stands in line where rank and time say; the caller holds the list."""
    line = await queries.list_standings(conn, edition_id, stored.id)
    placed = next(standing for standing in line if standing.id == request_id)
    others = [standing for standing in line if standing.id != request_id]
    await queries.update_positions(conn, edition_id, stored.id, order.place(others, placed))


async def refuse_second(conn: Connection, edition_id: UUID, stored: StoredList, row: StoredRequest) -> None:
    """Raise `AlreadyOnList` when a request that was taken out has been replaced meanwhile."""
    same = (row.entity, row.registration, row.speaker)
    await _refuse_second(conn, edition_id, stored, *same, row.id)


async def _refuse_second(
    conn: Connection,
    edition_id: UUID,
    stored: StoredList,
    entity_id: UUID | None,
    registration_id: UUID | None,
    speaker_id: UUID | None,
    but: UUID | None,
) -> None:
    """Name the request that is there already. The caller holds the list: no other can come meanwhile."""
    same = (entity_id, registration_id, speaker_id, but)
    if (other := await queries.find_same_request(conn, edition_id, stored.id, *same)) is not None:
        raise AlreadyOnList("Request `id` is theirs.", id=other)
