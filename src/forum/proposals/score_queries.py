"""One function for each statement of `proposals_scores.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, fetch_all, get, value
from forum.proposals.score_types import ScoreSheet, Scoring
from forum.sqlfiles import load_statements

_SQL = load_statements("proposals_scores")


async def get_scoring(
    conn: Connection, edition_id: UUID, proposal_id: UUID, person_id: UUID, delegation_ids: list[UUID]
) -> Scoring:
    """What a reviewer must fit; raises `NotFound` where there is no call."""
    return await get(conn, _SQL["get_scoring"], Scoring, edition_id, proposal_id, person_id, delegation_ids)


async def upsert_score(
    conn: Connection,
    edition_id: UUID,
    proposal_id: UUID,
    person_id: UUID,
    points: dict[str, int],
    comment: str | None,
    now: datetime,
) -> None:
    """Write the sheet of a reviewer; the version rises."""
    await execute(conn, _SQL["upsert_score"], edition_id, proposal_id, person_id, points, comment, now)


async def find_score(conn: Connection, edition_id: UUID, proposal_id: UUID, person_id: UUID) -> ScoreSheet:
    """The sheet of a reviewer; raises `NotFound`."""
    return await get(conn, _SQL["find_score"], ScoreSheet, edition_id, proposal_id, person_id)


async def list_scores(
    conn: Connection, edition_id: UUID, proposal_id: UUID, after: UUID | None, limit: int
) -> list[ScoreSheet]:
    """The sheets of a proposal, by reviewer."""
    return await fetch_all(conn, _SQL["list_scores"], ScoreSheet, edition_id, proposal_id, after, limit)


async def count_scores(conn: Connection, edition_id: UUID, proposal_id: UUID) -> int:
    """How many sheets a proposal has."""
    return int(await value(conn, _SQL["count_scores"], edition_id, proposal_id))
