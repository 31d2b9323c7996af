"""The rules of score sheets: one per reviewer and proposal, by the call's criteria, and none for one's own."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict, Fault, Invalid
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.proposals import call_queries, queries
from forum.proposals import score_queries as scores
from forum.proposals.call_types import ScoreCriterion
from forum.proposals.proposals import delegations_of, view_of
from forum.proposals.score_types import NewScoreSheet, ScoreSheet
from forum.proposals.types import ProposalStatus

BY_PEOPLE: Final = "Score sheets are written by people."
SCORED: Final[frozenset[ProposalStatus]] = frozenset({"submitted", "shortlisted"})


class ConflictOfInterest(Conflict):
    """Nobody scores a proposal of their own entity"""


async def put_score(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    proposal_id: UUID,
    new: NewScoreSheet,
    if_match: IfMatch,
    now: datetime,
) -> ScoreSheet:
    """Write one's own sheet for a proposal that waits for a decision.

    Raises `ConflictOfInterest` for who acts for the proposal or is of one of its organisers, as far as the edition
    knows, `WrongStatus`, and `Invalid` unless there are points for every criterion of the call and for no other.
    """
    person_id = principal.require_person(BY_PEOPLE)
    await queries.lock_proposal(conn, edition_id, proposal_id, view_of(principal, edition_id))
    await call_queries.hold_call(conn, edition_id)
    reviewer = (person_id, delegations_of(principal, edition_id))
    scoring = await scores.get_scoring(conn, edition_id, proposal_id, *reviewer)
    if scoring.is_own:
        raise ConflictOfInterest("You act for it, or belong to an entity that organises it.")
    if scoring.status not in SCORED:
        raise WrongStatus(f"It is {scoring.status}.")
    if_match.require(scoring.version)
    if faults := list(_faults(new.points, scoring.criteria)):
        raise Invalid(faults)
    await scores.upsert_score(conn, edition_id, proposal_id, person_id, new.points, new.comment, now)
    return await scores.find_score(conn, edition_id, proposal_id, person_id)


async def find_score(conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID) -> ScoreSheet:
    """One's own sheet; raises `NotFound`."""
    return await scores.find_score(conn, edition_id, proposal_id, principal.require_person(BY_PEOPLE))


async def list_scores(
    conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID, paging: Paging
) -> Page[ScoreSheet]:
    """Every sheet of a proposal; raises `NotFound` without the proposal."""
    await queries.find_proposal(conn, edition_id, proposal_id, view_of(principal, edition_id))
    rows = await scores.list_scores(conn, edition_id, proposal_id, paging.after(UUID), paging.limit + 1)
    total = await scores.count_scores(conn, edition_id, proposal_id) if paging.count else None
    return paging.page(rows, lambda sheet: sheet.reviewer, total)


def _faults(points: Mapping[str, int], criteria: Sequence[ScoreCriterion]) -> Iterator[Fault]:
    known = {criterion.id: criterion for criterion in criteria}
    for name, given in points.items():
        if name not in known:
            yield Fault(pointer=f"/points/{name}", code="unknown_value", detail="The call has no such criterion.")
        elif given > known[name].max_score:
            detail = f"At most {known[name].max_score} points."
            yield Fault(pointer=f"/points/{name}", code="too_large", detail=detail)
    for name in known.keys() - points.keys():
        yield Fault(pointer=f"/points/{name}", code="missing", detail="Give points for every criterion.")
