"""The rules of calls: when proposals are taken, of which types, and by what they are scored."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from forum.db import Connection
from forum.editions import service as editions
from forum.errors import Conflict, Fault, Invalid
from forum.http import IfMatch
from forum.permissions import Permission, Principal
from forum.proposals import call_queries as queries
from forum.proposals.call_types import CallState, CallTerms, NewProposalCall, ProposalCall


class CallClosed(Conflict):
    """No proposals are taken at this time"""


class CriteriaInUse(Conflict):
    """Proposals were scored by these criteria"""


async def find_call(conn: Connection, principal: Principal, edition_id: UUID, now: datetime) -> ProposalCall:
    """The call of an edition; raises `NotFound` where there is none, and for a draft that is not one's own."""
    await editions.find_edition(conn, principal, edition_id)
    return await queries.find_call(conn, edition_id, now)


async def put_call(
    conn: Connection, edition_id: UUID, new: NewProposalCall, if_match: IfMatch, now: datetime
) -> ProposalCall:
    """Make or change the call of an edition.

    Raises `CriteriaInUse` when criteria by which proposals were scored would go, come, or allow other points; their
    weights and labels may change.
    """
    await queries.lock_call(conn, edition_id)
    before = await queries.get_call_state(conn, edition_id)
    if_match.require(before.version)
    known = await editions.list_terms(conn, edition_id, "session_type")
    if faults := list(_faults(new, before, known)):
        raise Invalid(faults)
    if before.is_scored and _scales(before) != _scales(new):
        raise CriteriaInUse("Weights and labels may change; which criteria there are, and their points, may not.")
    await queries.upsert_call(
        conn, edition_id, new.opens_at, new.closes_at, new.decides_on, new.session_types, new.max_per_entity,
        new.proposers, new.criteria, new.instructions,
    )  # fmt: skip
    return await queries.find_call(conn, edition_id, now)


def _faults(new: NewProposalCall, before: CallState, known: frozenset[str]) -> Iterator[Fault]:
    for index, value in enumerate(new.session_types):
        if value not in known:
            detail = "The series has no such session_type."
            yield Fault(pointer=f"/session_types/{index}", code="unknown_value", detail=detail)
    if new.decides_on and new.decides_on < new.closes_at.astimezone(ZoneInfo(before.timezone)).date():
        yield Fault(pointer="/decides_on", code="before_the_end", detail="Nothing is decided before it closes.")


def _scales(call: CallState | NewProposalCall) -> dict[str, int]:
    return {criterion.id: criterion.max_score for criterion in call.criteria}


def require_call(terms: CallTerms) -> None:
    """Raise `CallClosed` where an edition has no call at all."""
    if terms.opens_at is None:
        raise CallClosed("This edition has no call for proposals.")


def require_open(terms: CallTerms) -> None:
    """Raise `CallClosed`, with the times, unless proposals are taken now."""
    require_call(terms)
    if not terms.is_open and terms.opens_at and terms.closes_at:
        raise CallClosed(f"Proposals are taken from {_utc(terms.opens_at)} to {_utc(terms.closes_at)}.")


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def may_see_edition(principal: Principal, edition_id: UUID, terms: CallTerms) -> bool:
    """Whether an edition is there for a principal: a draft is for its staff."""
    return terms.edition_status != "draft" or principal.may(Permission.PROGRAMME_WRITE, edition_id)
