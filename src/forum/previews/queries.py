"""One function for each statement of `previews.sql`."""

from uuid import UUID

from forum.db import Connection, find, get
from forum.previews.types import PreviewedEdition, PreviewedSession
from forum.sqlfiles import load_statements

_SQL = load_statements("previews")


async def find_previewed_edition(conn: Connection, edition_id: UUID) -> PreviewedEdition:
    """What mails say of an edition; raises `NotFound`."""
    return await get(conn, _SQL["find_previewed_edition"], PreviewedEdition, edition_id)


async def find_previewed_session(conn: Connection, edition_id: UUID, session_id: UUID) -> PreviewedSession | None:
    """What mails say of a session."""
    return await find(conn, _SQL["find_previewed_session"], PreviewedSession, edition_id, session_id)
