"""One function for each statement of `speakers_lists_requests.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.speakers_lists.request_types import (
    Asker,
    MediaType,
    RequestFilter,
    RequestReferences,
    RequestStatus,
    RequestToStore,
    SpeakingRequestMove,
    Standing,
    StoredRequest,
    Turn,
)
from forum.speakers_lists.statement_types import StatementFile
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers_lists_requests")


async def lock_asker(conn: Connection, edition_id: UUID, registration_id: UUID, person_id: UUID | None) -> Asker | None:
    """Lock the registration of who is to speak."""
    return await find(conn, _SQL["lock_asker"], Asker, edition_id, registration_id, person_id)


async def lock_entity_of_request(
    conn: Connection, edition_id: UUID, entity_id: UUID, delegation_id: UUID | None
) -> None:
    """Have an entity and a delegation stay there until the transaction ends."""
    await execute(conn, _SQL["lock_entity_of_request"], edition_id, entity_id, delegation_id)


async def get_request_references(
    conn: Connection,
    edition_id: UUID,
    session_ids: list[UUID],
    entity_id: UUID | None,
    delegation_id: UUID | None,
    speaker_id: UUID | None,
    appearance_id: UUID | None,
) -> RequestReferences:
    """What must be known of the things that a request names."""
    named = (session_ids, entity_id, delegation_id, speaker_id, appearance_id)
    return await get(conn, _SQL["get_request_references"], RequestReferences, edition_id, *named)


async def find_same_request(
    conn: Connection,
    edition_id: UUID,
    list_id: UUID,
    entity_id: UUID | None,
    registration_id: UUID | None,
    speaker_id: UUID | None,
    but: UUID | None,
) -> UUID | None:
    """The request, other than `but`, that an entity, or else a person, has in a list already."""
    same = (list_id, entity_id, registration_id, speaker_id, but)
    return await find(conn, _SQL["find_same_request"], UUID, edition_id, *same)


async def draw_ticket(conn: Connection, edition_id: UUID, list_id: UUID) -> int:
    """The next number in the order in which requests come; the caller holds the list."""
    return int(await value(conn, _SQL["draw_ticket"], edition_id, list_id))


async def insert_request(
    conn: Connection,
    edition_id: UUID,
    request_id: UUID,
    list_id: UUID,
    ticket: int,
    new: RequestToStore,
    now: datetime,
    by_token: UUID,
) -> None:
    """A new request, behind all others."""
    row = (edition_id, request_id, list_id, ticket, *columns(new), now, by_token)
    await execute(conn, _SQL["insert_request"], *row)


async def list_standings(conn: Connection, edition_id: UUID, list_id: UUID) -> list[Standing]:
    """Who stands in line, in order."""
    return await fetch_all(conn, _SQL["list_standings"], Standing, edition_id, list_id)


async def update_positions(conn: Connection, edition_id: UUID, list_id: UUID, request_ids: list[UUID]) -> None:
    """Number the requests of a list in this order; all that stand in line are named."""
    await execute(conn, _SQL["update_positions"], edition_id, list_id, request_ids)


async def find_request(
    conn: Connection,
    edition_id: UUID,
    list_id: UUID,
    request_id: UUID,
    delegation_ids: list[UUID] | None,
    person_id: UUID | None,
) -> StoredRequest:
    """One request among those that the reader may see (null delegations: all); raises `NotFound`."""
    reader = (delegation_ids, person_id)
    return await get(conn, _SQL["find_request"], StoredRequest, edition_id, list_id, request_id, *reader)


async def list_requests(
    conn: Connection,
    edition_id: UUID,
    list_id: UUID,
    delegation_ids: list[UUID] | None,
    person_id: UUID | None,
    wanted: RequestFilter,
    after_position: int | None,
    after_id: UUID | None,
    limit: int,
) -> list[StoredRequest]:
    """Requests in their order, those that were taken out last."""
    chosen = (edition_id, list_id, delegation_ids, person_id, *columns(wanted), after_position, after_id, limit)
    return await fetch_all(conn, _SQL["list_requests"], StoredRequest, *chosen)


async def count_requests(
    conn: Connection,
    edition_id: UUID,
    list_id: UUID,
    delegation_ids: list[UUID] | None,
    person_id: UUID | None,
    wanted: RequestFilter,
) -> int:
    """How many requests the list has."""
    chosen = (edition_id, list_id, delegation_ids, person_id, *columns(wanted))
    return int(await value(conn, _SQL["count_requests"], *chosen))


async def list_shown_requests(conn: Connection, edition_id: UUID, list_id: UUID) -> list[StoredRequest]:
    """Who was taken on, in order: those of whom everybody may read."""
    return await fetch_all(conn, _SQL["list_shown_requests"], StoredRequest, edition_id, list_id)


async def list_turns(conn: Connection, edition_id: UUID, list_id: UUID) -> list[Turn]:
    """Who has the floor or waits for it, in order."""
    return await fetch_all(conn, _SQL["list_turns"], Turn, edition_id, list_id)


async def find_floor_holder(conn: Connection, edition_id: UUID, list_id: UUID) -> UUID | None:
    """The request of who has the floor."""
    return await find(conn, _SQL["find_floor_holder"], UUID, edition_id, list_id)


async def update_request(
    conn: Connection,
    edition_id: UUID,
    request_id: UUID,
    rank: str,
    language: str,
    on_behalf_of: str | None,
    needs_more_time: bool,
    allotted_seconds: int | None,
    is_allotted: bool,
) -> None:
    """Write what the staff can change; `is_allotted` says that the seconds are given, else they stay as they are."""
    fields = (rank, language, on_behalf_of, needs_more_time, allotted_seconds, is_allotted)
    await execute(conn, _SQL["update_request"], edition_id, request_id, *fields)


async def update_state(
    conn: Connection,
    edition_id: UUID,
    request_id: UUID,
    status: RequestStatus,
    position: int | None,
    spoken_ms: int,
    running_since: datetime | None,
    started_at: datetime | None,
    ended_at: datetime | None,
    session_id: UUID | None,
    frozen_seconds: int | None,
    reason: str | None,
) -> None:
    """Write what a move changes; `frozen_seconds` are allotted for good where the staff has given none."""
    times = (spoken_ms, running_since, started_at, ended_at, session_id, frozen_seconds, reason)
    await execute(conn, _SQL["update_state"], edition_id, request_id, status, position, *times)


async def update_moved(conn: Connection, edition_id: UUID, request_id: UUID, now: datetime) -> None:
    """Remember that the staff has put a request in its place; the version rises."""
    await execute(conn, _SQL["update_moved"], edition_id, request_id, now)


async def insert_move(
    conn: Connection,
    edition_id: UUID,
    move_id: UUID,
    request_id: UUID,
    from_position: int,
    to_position: int,
    reason: str,
    now: datetime,
    by_token: UUID,
) -> None:
    """Write down that the staff has put a request in another place."""
    row = (edition_id, move_id, request_id, from_position, to_position, reason, now, by_token)
    await execute(conn, _SQL["insert_move"], *row)


async def list_moves(
    conn: Connection, edition_id: UUID, request_id: UUID, after: UUID | None, limit: int
) -> list[SpeakingRequestMove]:
    """How the staff has moved a request, oldest first."""
    return await fetch_all(conn, _SQL["list_moves"], SpeakingRequestMove, edition_id, request_id, after, limit)


async def count_moves(conn: Connection, edition_id: UUID, request_id: UUID) -> int:
    """How often the staff has moved a request."""
    return int(await value(conn, _SQL["count_moves"], edition_id, request_id))


async def upsert_statement(
    conn: Connection,
    edition_id: UUID,
    request_id: UUID,
    language: str,
    media_type: MediaType,
    content: bytes,
    published: bool,
    now: datetime,
) -> None:
    """The text of a statement, in place of the one before; the version rises."""
    row = (edition_id, request_id, language, media_type, content, published, now)
    await execute(conn, _SQL["upsert_statement"], *row)


async def update_statement(
    conn: Connection, edition_id: UUID, request_id: UUID, language: str, published: bool
) -> None:
    """Write what can change of a statement without its text; the version rises."""
    await execute(conn, _SQL["update_statement"], edition_id, request_id, language, published)


async def find_statement(
    conn: Connection,
    edition_id: UUID,
    list_id: UUID,
    request_id: UUID,
    delegation_ids: list[UUID] | None,
    person_id: UUID | None,
) -> StatementFile:
    """The text of a statement, for who may see the request or, once published, for all; raises `NotFound`."""
    reader = (delegation_ids, person_id)
    return await get(conn, _SQL["find_statement"], StatementFile, edition_id, list_id, request_id, *reader)


async def get_last_position(conn: Connection, edition_id: UUID, list_id: UUID) -> int:
    """The last place of a list that is taken; 0 when nobody stands in line."""
    return int(await value(conn, _SQL["get_last_position"], edition_id, list_id))
