"""One function for each statement of `speakers_imports.sql`."""

from collections.abc import Sequence
from uuid import UUID

from forum.db import Connection, execute, fetch_all
from forum.references import Named
from forum.speakers.import_types import AppearanceKey
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers_imports")


async def lock_speaker_imports(conn: Connection, edition_id: UUID) -> None:
    """Only one transaction at a time imports speakers or appearances of an edition."""
    await execute(conn, _SQL["lock_speaker_imports"], edition_id)


async def list_named_speakers(conn: Connection, edition_id: UUID, names: Sequence[str]) -> list[Named]:
    """The speakers that have these external ids."""
    return await fetch_all(conn, _SQL["list_named_speakers"], Named, edition_id, names)


async def lock_named_speakers(conn: Connection, edition_id: UUID, speaker_ids: Sequence[UUID]) -> list[UUID]:
    """Lock speakers until the transaction ends, always in the same order; those that are there."""
    return await fetch_all(conn, _SQL["lock_named_speakers"], UUID, edition_id, speaker_ids)


async def list_appearances_of_sessions(
    conn: Connection, edition_id: UUID, session_ids: Sequence[UUID]
) -> list[AppearanceKey]:
    """Who appears in some sessions, in which role."""
    return await fetch_all(conn, _SQL["list_appearances_of_sessions"], AppearanceKey, edition_id, session_ids)
