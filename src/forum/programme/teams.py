"""The rules of interpretation teams."""

from datetime import datetime
from uuid import UUID

from forum.bodies import merge
from forum.db import Connection
from forum.errors import Conflict
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.programme import team_queries as queries
from forum.programme.conflict_types import InterpretationTeam, InterpretationTeamPatch, NewInterpretationTeam


class InterpretationTeamNameTaken(Conflict, constraint="interpretation_teams_one_per_name"):
    """Another interpretation team of this edition has that name"""


async def create_interpretation_team(
    conn: Connection, edition_id: UUID, new: NewInterpretationTeam, now: datetime
) -> InterpretationTeam:
    """A new team; raises `InterpretationTeamNameTaken`."""
    return await queries.insert_team(conn, edition_id, new_id(), new, now)


async def find_interpretation_team(conn: Connection, edition_id: UUID, team_id: UUID) -> InterpretationTeam:
    """One team; raises `NotFound`."""
    return await queries.find_team(conn, edition_id, team_id)


async def list_interpretation_teams(
    conn: Connection, edition_id: UUID, external_id: str | None, paging: Paging
) -> Page[InterpretationTeam]:
    """The teams of an edition in the order in which they were made."""
    rows = await queries.list_teams(conn, edition_id, external_id, paging.after(UUID), paging.limit + 1)
    total = await queries.count_teams(conn, edition_id, external_id) if paging.count else None
    return paging.page(rows, lambda team: team.id, total)


async def update_interpretation_team(
    conn: Connection, edition_id: UUID, team_id: UUID, patch: InterpretationTeamPatch, if_match: IfMatch
) -> InterpretationTeam:
    """Change a team; raises `InterpretationTeamNameTaken`."""
    before = await queries.lock_team(conn, edition_id, team_id)
    if_match.require(before.version, before, patch)
    after = merge(before, patch)
    return await queries.update_team(conn, edition_id, team_id, after.name, after.languages, after.external_id)
