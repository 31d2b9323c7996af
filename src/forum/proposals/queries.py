"""One function for each statement of `proposals.sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.proposals.types import (
    ForgottenRows,
    LockedProposal,
    Proposal,
    ProposalFields,
    ProposalFilter,
    ProposalNotice,
    ProposalRow,
    ProposalStatus,
    ProposalTransition,
    Viewer,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("proposals")


def _written(fields: ProposalFields) -> tuple[Any, ...]:
    """What proposers say, in the order of the statements' parameters."""
    said = ProposalFields(**{name: getattr(fields, name) for name in ProposalFields.__struct_fields__})
    return columns(said)


async def insert_proposal(
    conn: Connection,
    edition_id: UUID,
    proposal_id: UUID,
    owner_id: UUID | None,
    fields: ProposalFields,
    now: datetime,
    token_id: UUID,
) -> None:
    """A new proposal, as a draft."""
    row = (edition_id, proposal_id, owner_id, *_written(fields), now, token_id)
    await execute(conn, _SQL["insert_proposal"], *row)


async def find_proposal(conn: Connection, edition_id: UUID, proposal_id: UUID, viewer: Viewer) -> Proposal:
    """One proposal as the viewer may see it; raises `NotFound` where they may not."""
    return await get(conn, _SQL["find_proposal"], Proposal, edition_id, proposal_id, *columns(viewer))


async def lock_proposal(conn: Connection, edition_id: UUID, proposal_id: UUID, viewer: Viewer) -> LockedProposal:
    """Lock a proposal until the transaction ends; raises `NotFound` where the viewer may not see it."""
    return await get(conn, _SQL["lock_proposal"], LockedProposal, edition_id, proposal_id, *columns(viewer))


async def lock_proposals(conn: Connection, edition_id: UUID, proposal_ids: Sequence[UUID]) -> list[LockedProposal]:
    """Lock several proposals until the transaction ends: those that there are."""
    return await fetch_all(conn, _SQL["lock_proposals"], LockedProposal, edition_id, proposal_ids)


async def list_proposals(
    conn: Connection,
    edition_id: UUID,
    viewer: Viewer,
    wanted: ProposalFilter,
    after_key: float | None,
    after_id: UUID | None,
    limit: int,
) -> list[Proposal]:
    """Proposals that the viewer may see."""
    chosen = (edition_id, *columns(viewer), *columns(wanted), after_key, after_id, limit)
    return await fetch_all(conn, _SQL["list_proposals"], Proposal, *chosen)


async def count_proposals(conn: Connection, edition_id: UUID, viewer: Viewer, wanted: ProposalFilter) -> int:
    """How many proposals the list has."""
    return int(await value(conn, _SQL["count_proposals"], edition_id, *columns(viewer), *columns(wanted)))


async def list_proposal_rows(
    conn: Connection,
    edition_id: UUID,
    viewer: Viewer,
    wanted: ProposalFilter,
    after_key: float | None,
    after_id: UUID | None,
    limit: int,
) -> list[ProposalRow]:
    """The same proposals as lines of a table."""
    chosen = (edition_id, *columns(viewer), *columns(wanted), after_key, after_id, limit)
    return await fetch_all(conn, _SQL["list_proposal_rows"], ProposalRow, *chosen)


async def update_proposal(conn: Connection, edition_id: UUID, proposal_id: UUID, fields: ProposalFields) -> None:
    """Write every field that can change; the version rises."""
    await execute(conn, _SQL["update_proposal"], edition_id, proposal_id, *_written(fields))


async def lock_lead(conn: Connection, edition_id: UUID, lead_entity: UUID) -> None:
    """Nobody else decides how many proposals an entity leads until the transaction ends."""
    await execute(conn, _SQL["lock_lead"], edition_id, lead_entity)


async def list_counted(conn: Connection, edition_id: UUID, lead_entity: UUID) -> list[UUID]:
    """The proposals that an entity leads and that count against the limit, oldest first."""
    return await fetch_all(conn, _SQL["list_counted"], UUID, edition_id, lead_entity)


async def move_proposal(
    conn: Connection,
    edition_id: UUID,
    proposal_id: UUID,
    status: ProposalStatus,
    told: str | None,
    session_id: UUID | None,
    merged_into: UUID | None,
    now: datetime,
    reason: str | None,
    token_id: UUID,
) -> None:
    """Move a proposal to another status and write that down, with what proposers are told and what history says."""
    row = (status, told, session_id, merged_into, now, reason, token_id)
    await execute(conn, _SQL["move_proposal"], edition_id, proposal_id, *row)


async def unite_proposals(conn: Connection, edition_id: UUID, gone: UUID, kept: UUID) -> None:
    """A proposal takes in the organisers and speakers of another, each once; its version rises."""
    await execute(conn, _SQL["unite_proposals"], edition_id, gone, kept)


async def find_proposal_notice(conn: Connection, edition_id: UUID, proposal_id: UUID) -> ProposalNotice | None:
    """Whom to tell what became of a proposal; None when its contact was forgotten."""
    return await find(conn, _SQL["find_proposal_notice"], ProposalNotice, edition_id, proposal_id)


async def find_proposal_title(conn: Connection, edition_id: UUID, proposal_id: UUID) -> dict[str, str] | None:
    """What a proposal is called, in its languages."""
    title: dict[str, str] | None = await value(conn, _SQL["find_proposal_title"], edition_id, proposal_id)
    return title


async def list_transitions(
    conn: Connection, edition_id: UUID, proposal_id: UUID, after: int | None, limit: int
) -> list[ProposalTransition]:
    """The history of a proposal."""
    return await fetch_all(conn, _SQL["list_transitions"], ProposalTransition, edition_id, proposal_id, after, limit)


async def count_transitions(conn: Connection, edition_id: UUID, proposal_id: UUID) -> int:
    """How long the history of a proposal is."""
    return int(await value(conn, _SQL["count_transitions"], edition_id, proposal_id))


async def forget_person(conn: Connection, person_id: UUID) -> ForgottenRows:
    """Take out of proposals who somebody was; out of how many rows."""
    return await get(conn, _SQL["forget_person"], ForgottenRows, person_id)


async def forget_particulars(conn: Connection, now: datetime) -> None:
    """Forget contacts, speakers and comments of the editions that were over 90 days ago."""
    await execute(conn, _SQL["forget_particulars"], now)
