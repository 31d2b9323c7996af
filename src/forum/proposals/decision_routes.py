"""The HTTP side of what becomes of proposals: submissions, score sheets, decisions and their history."""

from datetime import datetime
from uuid import UUID

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.proposals import service
from forum.proposals.score_types import NewScoreSheet, ScoreSheet
from forum.proposals.types import (
    Proposal,
    ProposalAcceptance,
    ProposalDecision,
    ProposalMerge,
    ProposalRefusal,
    ProposalSubmission,
    ProposalTransition,
)

SIGNED_IN, WRITE = needs(Permission.SIGNED_IN), needs(Permission.PROGRAMME_WRITE)
TAGS = ["proposals"]
PROPOSAL = "/editions/{edition:str}/proposals/{proposal_id:uuid}"


@post(f"{PROPOSAL}/submit", opt=SIGNED_IN, status_code=200, operation_id="submit_proposal", tags=TAGS)
async def submit_proposal(
    data: JSONBody[ProposalSubmission],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Hand a draft in while the call is open; the staff, with a reason, also while it is closed.

    409 `proposal_exists` names in `id` a proposal that the entity leads, when it leads as many as it may.
    """
    return await service.submit_proposal(conn, principal, edition_id, proposal_id, data.reason, now)


@post(f"{PROPOSAL}/withdraw", opt=SIGNED_IN, status_code=200, operation_id="withdraw_proposal", tags=TAGS)
async def withdraw_proposal(
    data: JSONBody[ProposalDecision],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Take a proposal back before it is decided. Its entity may lead another then."""
    return await service.withdraw_proposal(conn, principal, edition_id, proposal_id, data.reason, now)


@post(f"{PROPOSAL}/shortlist", opt=WRITE, status_code=200, operation_id="shortlist_proposal", tags=TAGS)
async def shortlist_proposal(
    data: JSONBody[ProposalDecision],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Put a proposal on the shortlist: its proposers change it no more. Nobody is told, because nothing is decided."""
    return await service.shortlist_proposal(conn, principal, edition_id, proposal_id, data.reason, now)


@post(f"{PROPOSAL}/accept", opt=WRITE, status_code=200, operation_id="accept_proposal", tags=TAGS)
async def accept_proposal(
    data: JSONBody[ProposalAcceptance],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Make a draft session of a proposal, in one of its slots or without a time, invite its speakers, tell its contact.

    409 `already_accepted` names the session in `id`.
    """
    return await service.accept_proposal(conn, principal, edition_id, proposal_id, data.slot, data.reason, now)


@post(f"{PROPOSAL}/reject", opt=WRITE, status_code=200, operation_id="reject_proposal", tags=TAGS)
async def reject_proposal(
    data: JSONBody[ProposalRefusal],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Reject a proposal. Its contact is told why."""
    return await service.reject_proposal(conn, principal, edition_id, proposal_id, data.reason, now)


@post(f"{PROPOSAL}/merge", opt=WRITE, status_code=200, operation_id="merge_proposal", tags=TAGS)
async def merge_proposal(
    data: JSONBody[ProposalMerge],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Unite a proposal with another that waits for a decision, too: its organisers and speakers join that one.

    This one keeps a pointer to it, and both contacts are told.
    """
    return await service.merge_proposal(conn, principal, edition_id, proposal_id, data.into, data.reason, now)


@post(f"{PROPOSAL}/reopen", opt=WRITE, status_code=200, operation_id="reopen_proposal", tags=TAGS)
async def reopen_proposal(
    data: JSONBody[ProposalDecision],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Consider a rejected proposal again; its contact is told so. 409 `proposal_exists` as for `submit`."""
    return await service.reopen_proposal(conn, principal, edition_id, proposal_id, data.reason, now)


@get(f"{PROPOSAL}/transitions", opt=WRITE, operation_id="list_proposal_transitions", tags=TAGS)
async def list_proposal_transitions(
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[ProposalTransition]:
    """Every status that a proposal had, oldest first: since when, by which token, and why."""
    return await service.list_transitions(conn, principal, edition_id, proposal_id, paging)


@get(f"{PROPOSAL}/score", opt=WRITE, operation_id="get_proposal_score", tags=TAGS)
async def get_proposal_score(
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> ScoreSheet:
    """Your own score sheet for a proposal."""
    return await service.find_score(conn, principal, edition_id, proposal_id)


@put(f"{PROPOSAL}/score", opt=WRITE, operation_id="put_proposal_score", tags=TAGS)
async def put_proposal_score(
    data: JSONBody[NewScoreSheet],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ScoreSheet:
    """Write your own score sheet for a proposal, the first time with `If-Match: *`: points for every criterion.

    409 `conflict_of_interest` where you act for the proposal, or belong to an entity that organises it.
    """
    return await service.put_score(conn, principal, edition_id, proposal_id, data, if_match, now)


@get(f"{PROPOSAL}/scores", opt=WRITE, operation_id="list_proposal_scores", tags=TAGS)
async def list_proposal_scores(
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[ScoreSheet]:
    """Every score sheet of a proposal, by reviewer."""
    return await service.list_scores(conn, principal, edition_id, proposal_id, paging)


HANDLERS = [
    submit_proposal,
    withdraw_proposal,
    shortlist_proposal,
    accept_proposal,
    reject_proposal,
    merge_proposal,
    reopen_proposal,
    list_proposal_transitions,
    get_proposal_score,
    put_proposal_score,
    list_proposal_scores,
]
