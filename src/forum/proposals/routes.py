"""The HTTP side of the call for proposals and of proposals."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from litestar import Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import ForumRequest, ForumResponse, IfMatch, download
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.proposals import decision_routes, service
from forum.proposals.call_types import NewProposalCall, ProposalCall
from forum.proposals.types import (
    NewProposal,
    Proposal,
    ProposalFilter,
    ProposalPatch,
    ProposalSort,
    ProposalStatus,
)
from forum.transactions import unit_of

PUBLIC, SIGNED_IN = needs(Permission.PUBLIC), needs(Permission.SIGNED_IN)
WRITE = needs(Permission.PROGRAMME_WRITE)
TAGS = ["proposals"]
PROPOSALS = "/editions/{edition:str}/proposals"
PROPOSAL = f"{PROPOSALS}/{{proposal_id:uuid}}"


@get(f"{PROPOSALS}/call", opt=PUBLIC, operation_id="get_proposal_call", tags=TAGS)
async def get_proposal_call(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ProposalCall:
    """From when to when an edition takes proposals, of which types, and by what they are scored."""
    return await service.find_call(conn, principal, edition_id, now)


@put(f"{PROPOSALS}/call", opt=WRITE, operation_id="put_proposal_call", tags=TAGS)
async def put_proposal_call(
    data: JSONBody[NewProposalCall],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> ProposalCall:
    """Make the call of an edition, with `If-Match: *`, or change it.

    Once proposals were scored, 409 `criteria_in_use` for other criteria or other points; weights and labels may change.
    """
    return await service.put_call(conn, edition_id, data, if_match, now)


@get(PROPOSALS, opt=SIGNED_IN, operation_id="list_proposals", tags=TAGS)
async def list_proposals(
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    status: FromQuery[ProposalStatus | None] = None,
    type: FromQuery[str | None] = None,
    organiser: FromQuery[UUID | None] = None,
    min_score: FromQuery[float | None] = None,
    sort: FromQuery[ProposalSort] = "created",
    format: FromQuery[Literal["json", "csv", "xlsx"]] = "json",
) -> Response[Page[Proposal]]:
    """All proposals, for the staff; for others their own.

    Those are what they made, whose contact they are, and whose lead they look after as a focal point. Scores are the
    staff's alone. With `format=csv` or `format=xlsx` all of them as a table, from `cursor` on and
    whatever the `limit`.
    """
    wanted = ProposalFilter(status=status, type=type, organiser=organiser, min_score=min_score, sort=sort)
    if format == "json":
        return ForumResponse(await service.list_proposals(conn, principal, edition_id, wanted, paging))
    rows = await service.read_rows(conn, principal, edition_id, wanted, paging.after(tuple[float, UUID]))
    await unit_of(request.scope).close()  # nothing is held while the client reads
    parts = service.encode_table(request.app.state.pool, principal, edition_id, wanted, rows, format)
    return download(parts, "proposals", format)


@post(PROPOSALS, opt=SIGNED_IN, operation_id="create_proposal", tags=TAGS)
async def create_proposal(
    data: JSONBody[NewProposal],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Propose a session for an entity, as a draft that waits to be submitted.

    Its speakers and its concept note are seen by those who act for it and by the staff. 409 `call_closed` tells when
    proposals are taken; the staff may enter one at any time.
    """
    return await service.create_proposal(conn, principal, edition_id, data, now)


@get(PROPOSAL, opt=SIGNED_IN, operation_id="get_proposal", tags=TAGS)
async def get_proposal(
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Proposal:
    """One proposal, for the staff and for those who act for it."""
    return await service.find_proposal(conn, principal, edition_id, proposal_id)


@patch(PROPOSAL, opt=SIGNED_IN, operation_id="update_proposal", tags=TAGS)
async def update_proposal(
    data: JSONBody[ProposalPatch],
    proposal_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Proposal:
    """Change a proposal until the call closes or it is shortlisted; the staff until it is decided.

    What was submitted keeps its lead.
    """
    return await service.update_proposal(conn, principal, edition_id, proposal_id, data, if_match, now)


HANDLERS = [
    get_proposal_call,
    put_proposal_call,
    list_proposals,
    create_proposal,
    get_proposal,
    update_proposal,
    *decision_routes.HANDLERS,
]
