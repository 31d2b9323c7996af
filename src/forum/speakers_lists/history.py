"""What became of lists, requests and statements: written by triggers, read by the staff, oldest first."""

from uuid import UUID

from forum.db import Connection
from forum.pagination import Page, Paging
from forum.speakers_lists import history_queries as queries
from forum.speakers_lists import lists, request_queries
from forum.speakers_lists.history_types import SpeakersListTransition, SpeakingRequestTransition, StatementTransition


async def list_list_transitions(
    conn: Connection, edition_id: UUID, session_id: UUID, paging: Paging
) -> Page[SpeakersListTransition]:
    """The rules that a list had; raises `NotFound` without it."""
    stored = await lists.find_any(conn, edition_id, session_id)
    rows = await queries.list_list_transitions(conn, edition_id, stored.id, paging.after(int), paging.limit + 1)
    total = await queries.count_list_transitions(conn, edition_id, stored.id) if paging.count else None
    return paging.page(rows, lambda transition: transition.number, total)


async def list_request_transitions(
    conn: Connection, edition_id: UUID, session_id: UUID, request_id: UUID, paging: Paging
) -> Page[SpeakingRequestTransition]:
    """What became of a request; raises `NotFound` without it."""
    await _require_request(conn, edition_id, session_id, request_id)
    rows = await queries.list_request_transitions(conn, edition_id, request_id, paging.after(int), paging.limit + 1)
    total = await queries.count_request_transitions(conn, edition_id, request_id) if paging.count else None
    return paging.page(rows, lambda transition: transition.number, total)


async def list_statement_transitions(
    conn: Connection, edition_id: UUID, session_id: UUID, request_id: UUID, paging: Paging
) -> Page[StatementTransition]:
    """What became of the text of a statement, none for one that was never handed in; raises `NotFound`."""
    await _require_request(conn, edition_id, session_id, request_id)
    rows = await queries.list_statement_transitions(conn, edition_id, request_id, paging.after(int), paging.limit + 1)
    total = await queries.count_statement_transitions(conn, edition_id, request_id) if paging.count else None
    return paging.page(rows, lambda transition: transition.number, total)


async def _require_request(conn: Connection, edition_id: UUID, session_id: UUID, request_id: UUID) -> None:
    stored = await lists.find_any(conn, edition_id, session_id)
    await request_queries.find_request(conn, edition_id, stored.id, request_id, None, None)
