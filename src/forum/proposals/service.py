"""What others may ask of proposals, and what is forgotten of the people in them."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import asdict

from forum.db import Connection
from forum.proposals import queries
from forum.proposals.acceptance import accept_proposal
from forum.proposals.calls import CallClosed, CriteriaInUse, find_call, put_call
from forum.proposals.lists import encode_table, list_transitions, read_rows
from forum.proposals.moves import (
    MOVES,
    AlreadyAccepted,
    Move,
    ProposalExists,
    merge_proposal,
    reject_proposal,
    reopen_proposal,
    shortlist_proposal,
    submit_proposal,
    withdraw_proposal,
)
from forum.proposals.proposals import create_proposal, find_proposal, list_proposals, update_proposal
from forum.proposals.scores import ConflictOfInterest, find_score, list_scores, put_score

__all__ = [
    "MOVES",
    "AlreadyAccepted",
    "CallClosed",
    "ConflictOfInterest",
    "CriteriaInUse",
    "Move",
    "ProposalExists",
    "accept_proposal",
    "create_proposal",
    "encode_table",
    "find_call",
    "find_proposal",
    "find_score",
    "forget_particulars",
    "forget_person",
    "list_proposals",
    "list_scores",
    "list_transitions",
    "merge_proposal",
    "put_call",
    "put_score",
    "read_rows",
    "reject_proposal",
    "reopen_proposal",
    "shortlist_proposal",
    "submit_proposal",
    "update_proposal",
    "withdraw_proposal",
]


async def forget_person(conn: Connection, person_id: UUID) -> dict[str, int]:
    """Take out of proposals who somebody was, while their address is still known; out of how many rows of each table.

    Their own drafts go. What was submitted is their entity's: it stays, without them.
    """
    return asdict(await queries.forget_person(conn, person_id))


async def forget_particulars(conn: Connection, now: datetime) -> None:
    """Forget contacts, proposed speakers and comments of the editions that were over 90 days ago."""
    await queries.forget_particulars(conn, now)
