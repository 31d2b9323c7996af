"""One function for each statement of `proposals_calls.sql`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, execute, get, rows_of
from forum.proposals.call_types import CallState, CallTerms, ProposalCall, ProposalReferences, Proposers, ScoreCriterion
from forum.proposals.types import PreferredSlot
from forum.sqlfiles import load_statements

_SQL = load_statements("proposals_calls")


async def find_call(conn: Connection, edition_id: UUID, now: datetime) -> ProposalCall:
    """The call of an edition; raises `NotFound`."""
    return await get(conn, _SQL["find_call"], ProposalCall, edition_id, now)


async def lock_call(conn: Connection, edition_id: UUID) -> None:
    """Lock an edition's call, also one that is still to be made, until the transaction ends."""
    await execute(conn, _SQL["lock_call"], edition_id)


async def hold_call(conn: Connection, edition_id: UUID) -> None:
    """Keep an edition's call as it is until the transaction ends."""
    await execute(conn, _SQL["hold_call"], edition_id)


async def get_call_state(conn: Connection, edition_id: UUID) -> CallState:
    """What decides whether a call may be changed."""
    return await get(conn, _SQL["get_call_state"], CallState, edition_id)


async def upsert_call(
    conn: Connection,
    edition_id: UUID,
    opens_at: datetime,
    closes_at: datetime,
    decides_on: date | None,
    session_types: list[str],
    max_per_entity: int,
    proposers: Proposers,
    criteria: list[ScoreCriterion],
    instructions: dict[str, str] | None,
) -> None:
    """Write the call of an edition; the version rises."""
    chosen: tuple[Any, ...] = (session_types, max_per_entity, proposers, rows_of(criteria), instructions)
    await execute(conn, _SQL["upsert_call"], edition_id, opens_at, closes_at, decides_on, *chosen)


async def get_call_terms(conn: Connection, edition_id: UUID, now: datetime) -> CallTerms:
    """What a proposal must fit."""
    return await get(conn, _SQL["get_call_terms"], CallTerms, edition_id, now)


async def get_proposal_references(
    conn: Connection,
    edition_id: UUID,
    entities: list[UUID],
    slots: list[PreferredSlot],
    lead_entity: UUID,
    person_id: UUID | None,
    delegation_ids: list[UUID],
) -> ProposalReferences:
    """What is wrong with the things that a proposal names."""
    named = (entities, rows_of(slots), lead_entity, person_id, delegation_ids)
    return await get(conn, _SQL["get_proposal_references"], ProposalReferences, edition_id, *named)
