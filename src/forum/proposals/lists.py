"""Proposals as a table, and what became of each."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from forum import exports
from forum.db import Connection, Pool
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.proposals import queries
from forum.proposals.proposals import sort_key, view_of
from forum.proposals.types import ProposalFilter, ProposalRow, ProposalTransition

COLUMNS: Final = ProposalRow.__struct_fields__
Key = tuple[float, UUID]


async def read_rows(
    conn: Connection, principal: Principal, edition_id: UUID, wanted: ProposalFilter, after: Key | None
) -> list[ProposalRow]:
    """The next rows of a table; fewer than `ROWS_AT_ONCE` are the last ones."""
    chosen = (edition_id, view_of(principal, edition_id), wanted)
    key, after_id = after or (None, None)
    return await queries.list_proposal_rows(conn, *chosen, key, after_id, exports.ROWS_AT_ONCE)


def encode_table(
    pool: Pool, principal: Principal, edition_id: UUID, wanted: ProposalFilter, rows: list[ProposalRow], format: str
) -> AsyncIterator[bytes]:
    """A table in a format, of which the first `rows` were read before."""

    async def read_next(conn: Connection, last: ProposalRow) -> list[ProposalRow]:
        score = None if last.average_score is None else float(last.average_score)
        return await read_rows(conn, principal, edition_id, wanted, (sort_key(wanted, score), last.id))

    return exports.ENCODERS[format](COLUMNS, exports.read_pages(pool, rows, read_next))


async def list_transitions(
    conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID, paging: Paging
) -> Page[ProposalTransition]:
    """The history of a proposal, oldest first; raises `NotFound` without it."""
    await queries.find_proposal(conn, edition_id, proposal_id, view_of(principal, edition_id))
    rows = await queries.list_transitions(conn, edition_id, proposal_id, paging.after(int), paging.limit + 1)
    total = await queries.count_transitions(conn, edition_id, proposal_id) if paging.count else None
    return paging.page(rows, lambda step: step.number, total)
