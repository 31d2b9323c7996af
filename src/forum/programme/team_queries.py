"""One function for each statement of `programme_teams.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, fetch_all, get, value
from forum.programme.conflict_types import InterpretationTeam, NewInterpretationTeam
from forum.sqlfiles import load_statements

_SQL = load_statements("programme_teams")


async def insert_team(
    conn: Connection, edition_id: UUID, team_id: UUID, new: NewInterpretationTeam, now: datetime
) -> InterpretationTeam:
    """A new interpretation team."""
    return await get(conn, _SQL["insert_team"], InterpretationTeam, edition_id, team_id, *columns(new), now)


async def find_team(conn: Connection, edition_id: UUID, team_id: UUID) -> InterpretationTeam:
    """One interpretation team; raises `NotFound`."""
    return await get(conn, _SQL["find_team"], InterpretationTeam, edition_id, team_id)


async def lock_team(conn: Connection, edition_id: UUID, team_id: UUID) -> InterpretationTeam:
    """Lock an interpretation team until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_team"], InterpretationTeam, edition_id, team_id)


async def list_teams(
    conn: Connection, edition_id: UUID, external_id: str | None, after: UUID | None, limit: int
) -> list[InterpretationTeam]:
    """The interpretation teams of an edition in the order in which they were made."""
    return await fetch_all(conn, _SQL["list_teams"], InterpretationTeam, edition_id, external_id, after, limit)


async def count_teams(conn: Connection, edition_id: UUID, external_id: str | None) -> int:
    """How many interpretation teams the list has."""
    return int(await value(conn, _SQL["count_teams"], edition_id, external_id))


async def update_team(
    conn: Connection, edition_id: UUID, team_id: UUID, name: str, languages: Sequence[str], external_id: str | None
) -> InterpretationTeam:
    """Write every field that can change; the version rises."""
    fields = (name, languages, external_id)
    return await get(conn, _SQL["update_team"], InterpretationTeam, edition_id, team_id, *fields)
