"""One function for each statement of `programme_conflicts.sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, get, value
from forum.problems import Clash
from forum.programme.conflict_types import ConflictFilter, ConflictLevels, ConflictOverride, ConflictRules
from forum.sqlfiles import load_statements

_SQL = load_statements("programme_conflicts")


async def get_conflict_rules(conn: Connection, edition_id: UUID) -> ConflictRules:
    """What an edition does about each kind of conflict; raises `NotFound`."""
    return await get(conn, _SQL["get_conflict_rules"], ConflictRules, edition_id)


async def lock_conflict_rules(conn: Connection, edition_id: UUID) -> ConflictRules:
    """The same, locked until the transaction ends."""
    return await get(conn, _SQL["lock_conflict_rules"], ConflictRules, edition_id)


async def update_conflict_rules(conn: Connection, edition_id: UUID, levels: ConflictLevels) -> ConflictRules:
    """Write all levels; the version rises."""
    return await get(conn, _SQL["update_conflict_rules"], ConflictRules, edition_id, *columns(levels))


async def list_conflicts(
    conn: Connection,
    edition_id: UUID,
    wanted: ConflictFilter,
    after_rule: str | None,
    after_sessions: Sequence[UUID] | None,
    after_subject: UUID | None,
    limit: int,
) -> list[Clash]:
    """The open conflicts of an edition by rule and sessions."""
    chosen = (edition_id, *columns(wanted), after_rule, after_sessions, after_subject, limit)
    return await fetch_all(conn, _SQL["list_conflicts"], Clash, *chosen)


async def count_conflicts(conn: Connection, edition_id: UUID, wanted: ConflictFilter) -> int:
    """How many open conflicts the list has."""
    return int(await value(conn, _SQL["count_conflicts"], edition_id, *columns(wanted)))


async def lock_speakers(conn: Connection, edition_id: UUID, speaker_ids: Sequence[UUID]) -> list[UUID]:
    """Lock speakers until the transaction ends, always in the same order; those who are there."""
    return await fetch_all(conn, _SQL["lock_speakers"], UUID, edition_id, speaker_ids)


async def list_speaker_clashes(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    parent: UUID | None,
    starts_at: datetime,
    ends_at: datetime | None,
    speaker_ids: Sequence[UUID],
) -> list[Clash]:
    """Where else speakers are confirmed while a session takes place."""
    named = (parent, starts_at, ends_at, speaker_ids)
    return await fetch_all(conn, _SQL["list_speaker_clashes"], Clash, edition_id, session_id, *named)


async def insert_overrides(
    conn: Connection, edition_id: UUID, session_id: UUID, reason: str, token_id: UUID, now: datetime, rows: list[Any]
) -> int:
    """That an organizer went on in spite of conflicts: rows of `id, rule, other, subject`; how many."""
    return await execute(conn, _SQL["insert_overrides"], edition_id, session_id, reason, token_id, now, rows)


async def list_overrides(
    conn: Connection, edition_id: UUID, session: UUID | None, after: UUID | None, limit: int
) -> list[ConflictOverride]:
    """When organizers went on in spite of a conflict, of one session or of all, in that order."""
    return await fetch_all(conn, _SQL["list_overrides"], ConflictOverride, edition_id, session, after, limit)


async def count_overrides(conn: Connection, edition_id: UUID, session: UUID | None) -> int:
    """How many of those the list has."""
    return int(await value(conn, _SQL["count_overrides"], edition_id, session))
