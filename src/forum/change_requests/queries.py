"""One function for each statement of `change_requests.sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from forum.change_requests.types import ChangePolicy, ChangeRequest, ChangeRequestFilter
from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.sqlfiles import load_statements

_SQL = load_statements("change_requests")


async def insert_change_request(conn: Connection, *fields: Any) -> ChangeRequest:
    """Somebody wants their registration changed; the fields stand in the statement's order."""
    return await get(conn, _SQL["insert_change_request"], ChangeRequest, *fields)


async def find_open_change_request(conn: Connection, edition_id: UUID, registration_id: UUID) -> UUID | None:
    """The open request for a registration."""
    return await find(conn, _SQL["find_open_change_request"], UUID, edition_id, registration_id)


async def find_change_request(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    request_id: UUID,
    reads_all: bool,
    person_id: UUID | None,
) -> ChangeRequest:
    """A request about a registration that is the person's, or any for who reads all; raises `NotFound`."""
    key = (edition_id, registration_id, request_id, reads_all, person_id)
    return await get(conn, _SQL["find_change_request"], ChangeRequest, *key)


async def lock_change_request(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    request_id: UUID,
    writes_all: bool,
    person_id: UUID | None,
) -> ChangeRequest:
    """Lock such a request until the transaction ends; raises `NotFound`."""
    key = (edition_id, registration_id, request_id, writes_all, person_id)
    return await get(conn, _SQL["lock_change_request"], ChangeRequest, *key)


async def list_change_requests(
    conn: Connection, edition_id: UUID, wanted: ChangeRequestFilter, after: UUID | None, limit: int
) -> list[ChangeRequest]:
    """Requests in the order in which they came."""
    return await fetch_all(
        conn, _SQL["list_change_requests"], ChangeRequest, edition_id, *columns(wanted), after, limit
    )


async def count_change_requests(conn: Connection, edition_id: UUID, wanted: ChangeRequestFilter) -> int:
    """How many requests the list has."""
    return int(await value(conn, _SQL["count_change_requests"], edition_id, *columns(wanted)))


async def decide_change_request(
    conn: Connection,
    edition_id: UUID,
    request_id: UUID,
    status: str,
    now: datetime,
    decided_by: UUID | None,
    reason: str | None,
) -> ChangeRequest:
    """Approve, decline or cancel a request."""
    decision = (status, now, decided_by, reason)
    return await get(conn, _SQL["decide_change_request"], ChangeRequest, edition_id, request_id, *decision)


async def get_change_policy(conn: Connection, edition_id: UUID) -> ChangePolicy:
    """What the organizers of an edition approve; raises `NotFound`."""
    return await get(conn, _SQL["get_change_policy"], ChangePolicy, edition_id)


async def lock_change_policy(conn: Connection, edition_id: UUID) -> None:
    """Be the only one who changes what is approved."""
    await execute(conn, _SQL["lock_change_policy"], edition_id)


async def upsert_change_policy(conn: Connection, edition_id: UUID, needs_approval: Sequence[str]) -> ChangePolicy:
    """What the organizers of an edition approve from now on."""
    return await get(conn, _SQL["upsert_change_policy"], ChangePolicy, edition_id, needs_approval)


async def forget_due_changes(conn: Connection, now: datetime) -> int:
    """Take answers whose retention is over out of requests; how many requests."""
    return await execute(conn, _SQL["forget_due_changes"], now)
