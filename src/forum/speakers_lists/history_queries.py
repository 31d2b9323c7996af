"""One function for each statement of `speakers_lists_history.sql`."""

from uuid import UUID

from forum.db import Connection, fetch_all, value
from forum.speakers_lists.history_types import SpeakersListTransition, SpeakingRequestTransition, StatementTransition
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers_lists_history")


async def list_list_transitions(
    conn: Connection, edition_id: UUID, list_id: UUID, after: int | None, limit: int
) -> list[SpeakersListTransition]:
    """The rules that a list had, oldest first."""
    return await fetch_all(
        conn, _SQL["list_list_transitions"], SpeakersListTransition, edition_id, list_id, after, limit
    )


async def count_list_transitions(conn: Connection, edition_id: UUID, list_id: UUID) -> int:
    """How often the rules of a list were written."""
    return int(await value(conn, _SQL["count_list_transitions"], edition_id, list_id))


async def list_request_transitions(
    conn: Connection, edition_id: UUID, request_id: UUID, after: int | None, limit: int
) -> list[SpeakingRequestTransition]:
    """What became of a request, oldest first."""
    sql = _SQL["list_request_transitions"]
    return await fetch_all(conn, sql, SpeakingRequestTransition, edition_id, request_id, after, limit)


async def count_request_transitions(conn: Connection, edition_id: UUID, request_id: UUID) -> int:
    """How long the history of a request is."""
    return int(await value(conn, _SQL["count_request_transitions"], edition_id, request_id))


async def list_statement_transitions(
    conn: Connection, edition_id: UUID, request_id: UUID, after: int | None, limit: int
) -> list[StatementTransition]:
    """What became of the text of a statement, oldest first."""
    sql = _SQL["list_statement_transitions"]
    return await fetch_all(conn, sql, StatementTransition, edition_id, request_id, after, limit)


async def count_statement_transitions(conn: Connection, edition_id: UUID, request_id: UUID) -> int:
    """How long the history of a text is."""
    return int(await value(conn, _SQL["count_statement_transitions"], edition_id, request_id))
