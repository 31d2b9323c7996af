"""The rules of proposals before they are decided: who may propose what, who sees it, until when it is edited."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from forum.bodies import check, merge
from forum.db import Connection
from forum.editions import service as editions
from forum.editions.service import WrongStatus
from forum.errors import Fault, Invalid, NotFound
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.programme import service as programme
from forum.proposals import call_queries, queries
from forum.proposals.call_types import CallTerms, ProposalReferences
from forum.proposals.calls import may_see_edition, require_call, require_open
from forum.proposals.types import (
    NewProposal,
    PreferredSlot,
    Proposal,
    ProposalContact,
    ProposalFields,
    ProposalFilter,
    ProposalPatch,
    ProposalStatus,
    Viewer,
)

F = TypeVar("F", bound=ProposalFields)
EDITABLE: Final[frozenset[ProposalStatus]] = frozenset({"draft", "submitted", "shortlisted"})
EDITABLE_BY_PROPOSERS: Final[frozenset[ProposalStatus]] = frozenset({"draft", "submitted"})


def view_of(principal: Principal, edition_id: UUID) -> Viewer:
    """What a principal may see of an edition's proposals."""
    sees_all = principal.may(Permission.PROGRAMME_WRITE, edition_id)
    return Viewer(sees_all, principal.person_id, delegations_of(principal, edition_id))


def delegations_of(principal: Principal, edition_id: UUID) -> list[UUID]:
    """The delegations whose focal point a principal is."""
    return [grant.delegation_id for grant in principal.grants if grant.edition_id == edition_id and grant.delegation_id]


async def create_proposal(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewProposal, now: datetime
) -> Proposal:
    """A new proposal, as a draft; raises `CallClosed`, but not for the staff, and `Invalid` with every fault.

    What the staff enters has no owner: its contact acts for it.
    """
    principal.require_person("Proposals are made by people who signed in.")
    terms = await call_queries.get_call_terms(conn, edition_id, now)
    if not may_see_edition(principal, edition_id, terms):
        raise NotFound
    viewer = view_of(principal, edition_id)
    (require_call if viewer.sees_all else require_open)(terms)
    fields = _in_utc(new)
    await _check_references(conn, edition_id, fields, viewer, terms, None)
    proposal_id, owner_id = new_id(), None if viewer.sees_all else principal.person_id
    await queries.insert_proposal(conn, edition_id, proposal_id, owner_id, fields, now, principal.token_id)
    return await queries.find_proposal(conn, edition_id, proposal_id, viewer)


async def find_proposal(conn: Connection, principal: Principal, edition_id: UUID, proposal_id: UUID) -> Proposal:
    """A proposal, for the staff and for who acts for it; raises `NotFound`."""
    return await queries.find_proposal(conn, edition_id, proposal_id, view_of(principal, edition_id))


async def list_proposals(
    conn: Connection, principal: Principal, edition_id: UUID, wanted: ProposalFilter, paging: Paging
) -> Page[Proposal]:
    """All proposals, for the staff; for others those for which they act."""
    await editions.find_edition(conn, principal, edition_id, Permission.PROGRAMME_WRITE)
    chosen = (edition_id, view_of(principal, edition_id), wanted)
    key, after_id = paging.after(tuple[float, UUID]) or (None, None)
    rows = await queries.list_proposals(conn, *chosen, key, after_id, paging.limit + 1)
    total = await queries.count_proposals(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda proposal: (sort_key(wanted, proposal.average_score), proposal.id), total)


def sort_key(wanted: ProposalFilter, score: float | None) -> float:
    """By what a proposal stands in a list, as the statement has it: the best first, those without a score last."""
    if wanted.sort == "created":
        return 0.0
    return 1.0 if score is None else -score


async def update_proposal(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    proposal_id: UUID,
    patch: ProposalPatch,
    if_match: IfMatch,
    now: datetime,
) -> Proposal:
    """Change a proposal: proposers while the call is open and it is not shortlisted, the staff until it is decided.

    Raises `CallClosed`, `WrongStatus`, and `Invalid` with every fault.
    """
    viewer = view_of(principal, edition_id)
    locked = await queries.lock_proposal(conn, edition_id, proposal_id, viewer)
    if_match.require(locked.version)
    if locked.status not in (EDITABLE if viewer.sees_all else EDITABLE_BY_PROPOSERS):
        raise WrongStatus(f"It is {locked.status}.")
    terms = await call_queries.get_call_terms(conn, edition_id, now)
    if not viewer.sees_all:
        require_open(terms)
    before = await queries.find_proposal(conn, edition_id, proposal_id, viewer)
    after = _in_utc(_merge(before, patch))
    check(after, Proposal)
    if locked.status != "draft" and after.lead_entity != before.lead_entity:
        detail = "Once submitted a proposal keeps its lead: withdraw it, and propose anew."
        raise Invalid.at("/lead_entity", "not_allowed", detail)
    await _check_references(conn, edition_id, after, viewer, terms, before)
    await queries.update_proposal(conn, edition_id, proposal_id, after)
    return await queries.find_proposal(conn, edition_id, proposal_id, viewer)


def _merge(before: Proposal, patch: ProposalPatch) -> Proposal:
    """`before` with the patch; a contact that was forgotten is given anew as a whole."""
    if patch.contact is UNSET or before.contact is not None:
        return merge(before, patch)
    missing = [name for name in ("name", "email") if getattr(patch.contact, name) is UNSET]
    if missing:
        faults = [Fault(pointer=f"/contact/{name}", code="missing", detail="Give it anew.") for name in missing]
        raise Invalid(faults)
    return merge(replace(before, contact=ProposalContact(name="", email="")), patch)


def _in_utc(fields: F) -> F:
    """Slots are kept as instants, whatever the offset that they were given with."""
    slots = [
        PreferredSlot(slot.starts_at.astimezone(UTC), slot.ends_at.astimezone(UTC)) for slot in fields.preferred_slots
    ]
    return replace(fields, preferred_slots=slots)


async def _check_references(
    conn: Connection,
    edition_id: UUID,
    fields: ProposalFields,
    viewer: Viewer,
    terms: CallTerms,
    before: Proposal | None,
) -> None:
    """Raise `Invalid` with everything that a proposal names and that is not there, or not allowed."""
    entities = [*fields.organisers, *(speaker.entity for speaker in fields.speakers if speaker.entity)]
    found = await call_queries.get_proposal_references(
        conn, edition_id, entities, fields.preferred_slots, fields.lead_entity, viewer.person_id, viewer.delegation_ids
    )
    faults = [*_unknown_entities(fields, found), *_placing_faults(fields, found, before)]
    if (before is None or before.type != fields.type) and fields.type not in terms.session_types:
        detail = f"The call is for {', '.join(terms.session_types)}."
        faults.append(Fault(pointer="/type", code="unknown_value", detail=detail))
    bound = terms.proposers == "own_entity" and not viewer.sees_all
    if bound and not found.is_own_entity and (before is None or before.lead_entity != fields.lead_entity):
        detail = "Propose for an entity of which you are a focal point, or for which you are registered."
        faults.append(Fault(pointer="/lead_entity", code="not_your_entity", detail=detail))
    if faults:
        raise Invalid(faults)


def _unknown_entities(fields: ProposalFields, found: ProposalReferences) -> Iterator[Fault]:
    named = {f"/organisers/{index}": entity for index, entity in enumerate(fields.organisers)}
    named |= {f"/speakers/{index}/entity": one.entity for index, one in enumerate(fields.speakers) if one.entity}
    for pointer, entity in named.items():
        if entity in found.unknown_entities:
            yield Fault(pointer=pointer, code="unknown_reference", detail="There is no such entity.")


def _placing_faults(fields: ProposalFields, found: ProposalReferences, before: Proposal | None) -> Iterator[Fault]:
    """Slots outside the edition's days, unless its dates have moved away from slots that stood before."""
    if fields.type in programme.OUTSIDE_TYPES:
        return
    kept = before.preferred_slots if before and before.type == fields.type else []
    for index in found.outside_slots:
        if fields.preferred_slots[index] not in kept:
            detail = f"Outside the edition's own days there can be {', '.join(sorted(programme.OUTSIDE_TYPES))} only."
            yield Fault(pointer=f"/preferred_slots/{index}", code="outside_edition", detail=detail)
