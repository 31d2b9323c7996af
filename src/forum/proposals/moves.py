"""What becomes of a proposal: every allowed move, who is told of it, and how many an entity may lead."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict, Invalid
from forum.permissions import Principal
from forum.proposals import call_queries, queries
from forum.proposals.calls import require_call, require_open
from forum.proposals.news import tell
from forum.proposals.proposals import view_of
from forum.proposals.types import LockedProposal, Proposal, ProposalStatus

Move = Literal["submit", "withdraw", "shortlist", "accept", "reject", "merge", "reopen"]
MOVES: Final[dict[Move, tuple[frozenset[ProposalStatus], ProposalStatus]]] = {
    "submit": (frozenset({"draft"}), "submitted"),
    "withdraw": (frozenset({"draft", "submitted", "shortlisted"}), "withdrawn"),
    "shortlist": (frozenset({"submitted"}), "shortlisted"),
    "accept": (frozenset({"submitted", "shortlisted"}), "accepted"),
    "reject": (frozenset({"submitted", "shortlisted"}), "rejected"),
    "merge": (frozenset({"submitted", "shortlisted"}), "merged"),
    "reopen": (frozenset({"rejected"}), "submitted"),
}
"""Every allowed change of status. What was accepted goes on as a session, and is cancelled there."""
BY_PROPOSERS: Final[frozenset[Move]] = frozenset({"submit", "withdraw"})


class ProposalExists(Conflict, constraint="proposals_no_more_per_lead_than_the_call_allows"):
    """This entity leads as many proposals as it may"""


class AlreadyAccepted(Conflict):
    """This proposal was accepted"""


def require_move(proposal: LockedProposal, move: Move, is_staff: bool) -> None:
    """Raise `AlreadyAccepted` with the session, or `WrongStatus` naming the moves that are allowed now."""
    if proposal.status in MOVES[move][0]:
        return
    if proposal.status == "accepted":
        raise AlreadyAccepted("It goes on as session `id`.", id=proposal.session)
    moves = [name for name, (sources, _) in MOVES.items() if proposal.status in sources]
    raise WrongStatus(f"It is {proposal.status}.", allowed=[name for name in moves if is_staff or name in BY_PROPOSERS])


async def submit_proposal(
    conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID, reason: str | None, now: datetime
) -> Proposal:
    """Hand a proposal in; raises `CallClosed` and `ProposalExists`.

    The staff may enter one while the call is closed, and says why: without a reason it raises `Invalid`.
    """
    viewer = view_of(principal, edition_id)
    locked = await queries.lock_proposal(conn, edition_id, proposal_id, viewer)
    require_move(locked, "submit", viewer.sees_all)
    terms = await call_queries.get_call_terms(conn, edition_id, now)
    (require_call if viewer.sees_all else require_open)(terms)
    if not terms.is_open and reason is None:
        raise Invalid.at("/reason", "missing", "The call is closed: say why it is entered all the same.")
    await _require_room(conn, edition_id, locked.lead_entity, terms.max_per_entity)
    await _move(conn, principal, edition_id, proposal_id, "submit", None, now, reason)
    await tell(conn, edition_id, proposal_id, "submitted", now, decides_on=terms.decides_on)
    return await queries.find_proposal(conn, edition_id, proposal_id, viewer)


async def withdraw_proposal(
    conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID, reason: str | None, now: datetime
) -> Proposal:
    """Take a proposal back before it is decided; its entity may lead another then."""
    return await _settle(conn, principal, edition_id, proposal_id, "withdraw", None, now, reason)


async def shortlist_proposal(
    conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID, reason: str | None, now: datetime
) -> Proposal:
    """Put a proposal on the shortlist. Nobody is told: nothing is decided."""
    return await _settle(conn, principal, edition_id, proposal_id, "shortlist", None, now, reason)


async def reject_proposal(
    conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID, reason: str, now: datetime
) -> Proposal:
    """Reject a proposal, and tell its contact why."""
    proposal = await _settle(conn, principal, edition_id, proposal_id, "reject", reason, now, reason)
    await tell(conn, edition_id, proposal_id, "rejected", now, reason=reason)
    return proposal


async def reopen_proposal(
    conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID, reason: str | None, now: datetime
) -> Proposal:
    """Consider a rejected proposal again, and tell its contact; raises `ProposalExists`."""
    viewer = view_of(principal, edition_id)
    locked = await queries.lock_proposal(conn, edition_id, proposal_id, viewer)
    require_move(locked, "reopen", True)
    terms = await call_queries.get_call_terms(conn, edition_id, now)
    await _require_room(conn, edition_id, locked.lead_entity, terms.max_per_entity)
    await _move(conn, principal, edition_id, proposal_id, "reopen", None, now, reason)
    await tell(conn, edition_id, proposal_id, "reopened", now)
    return await queries.find_proposal(conn, edition_id, proposal_id, viewer)


async def merge_proposal(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    proposal_id: UUID,
    into: UUID,
    reason: str | None,
    now: datetime,
) -> Proposal:
    """Unite a proposal with another, which takes in its organisers and speakers; both contacts are told.

    Raises `WrongStatus` unless both wait for a decision, and `Invalid` when there is no such other.
    """
    if into == proposal_id:
        raise Invalid.at("/into", "same_proposal", "Name another proposal.")
    viewer = view_of(principal, edition_id)
    locked = {row.id: row for row in await queries.lock_proposals(conn, edition_id, [proposal_id, into])}
    if proposal_id not in locked:
        await queries.lock_proposal(conn, edition_id, proposal_id, viewer)  # raises NotFound
    if into not in locked:
        raise Invalid.at("/into", "unknown_reference", "The edition has no such proposal.")
    for one in (proposal_id, into):
        require_move(locked[one], "merge", True)
    await queries.unite_proposals(conn, edition_id, proposal_id, into)
    await queries.move_proposal(
        conn, edition_id, proposal_id, "merged", None, None, into, now, reason, principal.token_id
    )
    await tell(conn, edition_id, proposal_id, "merged", now, other=into)
    await tell(conn, edition_id, into, "joined", now, other=proposal_id)
    return await queries.find_proposal(conn, edition_id, proposal_id, viewer)


async def _require_room(conn: Connection, edition_id: UUID, lead_entity: UUID, most: int) -> None:
    """Raise `ProposalExists`, with the newest that stands in the way, when an entity leads as many as it may."""
    await queries.lock_lead(conn, edition_id, lead_entity)
    rivals = await queries.list_counted(conn, edition_id, lead_entity)
    if len(rivals) >= most:
        detail = f"An entity may lead {most}; proposal `id` is one of them."
        raise ProposalExists(detail, id=rivals[-1])


async def _settle(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    proposal_id: UUID,
    move: Move,
    told: str | None,
    now: datetime,
    reason: str | None,
) -> Proposal:
    viewer = view_of(principal, edition_id)
    locked = await queries.lock_proposal(conn, edition_id, proposal_id, viewer)
    require_move(locked, move, viewer.sees_all)
    await _move(conn, principal, edition_id, proposal_id, move, told, now, reason)
    return await queries.find_proposal(conn, edition_id, proposal_id, viewer)


async def _move(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    proposal_id: UUID,
    move: Move,
    told: str | None,
    now: datetime,
    reason: str | None,
) -> None:
    row = (MOVES[move][1], told, None, None, now, reason, principal.token_id)
    await queries.move_proposal(conn, edition_id, proposal_id, *row)
