"""The rules of pledges: who may see and change them, in which order they move, and what they come to.

A principal of None stands for the organization itself, such as an import from its own files: it may do what a pledge
officer may.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET

from forum.bodies import check, merge
from forum.codes import Money
from forum.db import Connection
from forum.editions import service as editions
from forum.editions.service import WrongStatus
from forum.errors import Fault, Forbidden, Invalid, NotFound
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.pledges import queries
from forum.pledges.types import (
    NewPledge,
    Pledge,
    PledgeFields,
    PledgeFilter,
    PledgePatch,
    PledgeReferences,
    PledgeStatus,
    Summary,
    Viewer,
)

Move = Literal["submit", "verify", "announce", "withdraw"]
MOVES: Final[dict[Move, tuple[frozenset[PledgeStatus], PledgeStatus]]] = {
    "submit": (frozenset({"draft"}), "submitted"),
    "verify": (frozenset({"submitted"}), "verified"),
    "announce": (frozenset({"verified"}), "announced"),
    "withdraw": (frozenset({"draft", "submitted", "verified", "announced"}), "withdrawn"),
}
"""Every allowed change of status. A withdrawn pledge does not come back: it is made anew, under a new reference."""
_VOCABULARIES: Final = {
    "contribution_kinds": "contribution_kind",
    "objectives": "objective",
    "focus_areas": "focus_area",
    "multistakeholder_pledges": "multistakeholder_pledge",
}


async def create_pledge(
    conn: Connection, principal: Principal | None, edition_id: UUID, new: NewPledge, now: datetime
) -> Pledge:
    """A new pledge, as a draft of the principal's; raises `Invalid` with every reference that leads nowhere."""
    faults = await _reference_faults(conn, edition_id, new)
    if not _is_officer(principal, edition_id):
        faults += _officers_only(new, None)
    if faults:
        raise Invalid(faults)
    pledge_id, viewer = new_id(), view_of(principal, edition_id)
    await queries.insert_pledge(conn, edition_id, pledge_id, new, viewer.id, now)
    return await queries.find_pledge(conn, edition_id, pledge_id, viewer)


async def find_pledge(conn: Connection, principal: Principal | None, edition_id: UUID, pledge_id: UUID) -> Pledge:
    """A pledge: public once verified, before that its owner's and the pledge officers'; raises `NotFound`."""
    return await queries.find_pledge(conn, edition_id, pledge_id, view_of(principal, edition_id))


async def find_external_pledge(conn: Connection, edition_id: UUID, external_id: str) -> Pledge | None:
    """The pledge that has an external_id, as the pledge officers see it."""
    pledge_id = await queries.find_external_pledge(conn, edition_id, external_id)
    return None if pledge_id is None else await find_pledge(conn, None, edition_id, pledge_id)


async def list_pledges(
    conn: Connection, principal: Principal, edition_id: UUID, wanted: PledgeFilter, paging: Paging
) -> Page[Pledge]:
    """Pledges that the principal may see, by number; withdrawn ones only where that status is wanted."""
    await editions.find_edition(conn, principal, edition_id, Permission.PLEDGES_READ)
    chosen = (edition_id, view_of(principal, edition_id), wanted)
    rows = await queries.list_pledges(conn, *chosen, paging.after(int), paging.limit + 1)
    total = await queries.count_pledges(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda pledge: pledge.number, total)


async def summarize_pledges(conn: Connection, principal: Principal, edition_id: UUID, now: datetime) -> Summary:
    """What the public pledges of an edition come to at this instant: a joint pledge counts once."""
    await editions.find_edition(conn, principal, edition_id, Permission.PLEDGES_READ)
    return await queries.get_summary(conn, edition_id, now)


async def update_pledge(
    conn: Connection,
    principal: Principal | None,
    edition_id: UUID,
    pledge_id: UUID,
    patch: PledgePatch,
    if_match: IfMatch,
) -> Pledge:
    """Change a pledge. Its owner does so while it is a draft, pledge officers until it is withdrawn.

    Raises `Forbidden`, `WrongStatus`, and `Invalid` with every reference that leads nowhere.
    """
    before = await _lock(conn, principal, edition_id, pledge_id)
    if_match.require(before.version)
    is_officer = _is_officer(principal, edition_id)
    if before.status == "withdrawn":
        raise WrongStatus("It is withdrawn: it stays as it was.")
    if not is_officer and before.status != "draft":
        raise WrongStatus(f"It is {before.status}: pledge officers change it from now on.", allowed=_moves(before))
    after = _merge(before, patch)
    check(after, Pledge)
    faults = await _reference_faults(conn, edition_id, after)
    if not is_officer:
        faults += _officers_only(after, before)
    if faults:
        raise Invalid(faults)
    await queries.update_pledge(conn, edition_id, pledge_id, after)
    return await find_pledge(conn, principal, edition_id, pledge_id)


async def move_pledge(
    conn: Connection, principal: Principal | None, edition_id: UUID, pledge_id: UUID, move: Move, now: datetime
) -> Pledge:
    """Submit, verify or withdraw a pledge; raises `WrongStatus` naming the moves that are allowed now.

    The caller has made sure that the principal may verify; whose pledge it is, is looked at here.
    """
    pledge = await _lock(conn, principal, edition_id, pledge_id)
    require_move(pledge, move)
    await queries.update_pledge_status(conn, edition_id, pledge_id, MOVES[move][1], now)
    return await find_pledge(conn, principal, edition_id, pledge_id)


async def accept_partner(
    conn: Connection, principal: Principal | None, edition_id: UUID, pledge_id: UUID, entity_id: UUID, now: datetime
) -> Pledge:
    """A partner is named with the pledge in public from now on; raises `NotFound` for who was not asked."""
    pledge = await _lock(conn, principal, edition_id, pledge_id)
    if entity_id not in pledge.partners:
        raise NotFound
    if pledge.status == "withdrawn":
        raise WrongStatus("It is withdrawn: nobody joins it any more.")
    await queries.accept_partner(conn, edition_id, pledge_id, entity_id, now)
    return await find_pledge(conn, principal, edition_id, pledge_id)


def view_of(principal: Principal | None, edition_id: UUID) -> Viewer:
    """What a principal may see of an edition's pledges."""
    if principal is None:
        return Viewer(sees_all=True, id=None)
    sees_all = principal.may(Permission.PLEDGES_READ, edition_id)
    return Viewer(sees_all, principal.person_id or principal.token_id)


def require_move(pledge: Pledge, move: Move) -> None:
    """Raise `WrongStatus`, naming the moves that are allowed now, unless this one is."""
    if pledge.status not in MOVES[move][0]:
        raise WrongStatus(f"The pledge is {pledge.status}.", allowed=_moves(pledge))


def _moves(pledge: Pledge) -> list[str]:
    return [name for name, (states, _) in MOVES.items() if pledge.status in states]


def _is_officer(principal: Principal | None, edition_id: UUID) -> bool:
    return principal is None or principal.may(Permission.PLEDGES_WRITE, edition_id)


async def _lock(conn: Connection, principal: Principal | None, edition_id: UUID, pledge_id: UUID) -> Pledge:
    """A pledge that the principal may change, locked before it is read; `Forbidden` where they may only see it."""
    viewer = view_of(principal, edition_id)
    is_own = await queries.lock_pledge(conn, edition_id, pledge_id, viewer.id)
    pledge = await queries.find_pledge(conn, edition_id, pledge_id, viewer)
    if not is_own and not _is_officer(principal, edition_id):
        raise Forbidden
    return pledge


def _merge(before: Pledge, patch: PledgePatch) -> Pledge:
    """`before` with the patch. A rate belongs to a currency: with another one it is gone unless a new one is given."""
    if isinstance(patch.amount, msgspec.Struct) and before.amount is None:
        missing = [name for name in ("amount", "currency") if getattr(patch.amount, name) is UNSET]
        if missing:
            detail = "An amount needs both a number and a currency."
            raise Invalid([Fault(pointer=f"/amount/{name}", code="missing", detail=detail) for name in missing])
        before = msgspec.structs.replace(before, amount=Money("0", "USD"))
    after = merge(before, patch)
    if _currency(after) != _currency(before) and patch.usd_rate is UNSET and patch.usd_rate_on is UNSET:
        after = msgspec.structs.replace(after, usd_rate=None, usd_rate_on=None)
    return after


def _currency(pledge: Pledge) -> str | None:
    return None if pledge.amount is None else pledge.amount.currency


def _officers_only(fields: PledgeFields, before: Pledge | None) -> list[Fault]:
    """What only pledge officers may say of a pledge, and was said here."""
    unsaid = {"usd_rate": None, "usd_rate_on": None, "stage": "not_reported"}
    said = [
        name
        for name, nothing in unsaid.items()
        if getattr(fields, name) not in (nothing, getattr(before, name) if before else nothing)
    ]
    return [Fault(pointer=f"/{name}", code="not_allowed", detail="Pledge officers set this.") for name in said]


async def _reference_faults(conn: Connection, edition_id: UUID, fields: PledgeFields) -> list[Fault]:
    found = await queries.get_pledge_references(
        conn, edition_id, fields.lead_entity, fields.partners, fields.contribution_kinds, fields.objectives,
        fields.focus_areas, fields.multistakeholder_pledges,
    )  # fmt: skip
    return list(_unknown(fields, found))


def _unknown(fields: PledgeFields, found: PledgeReferences) -> Iterator[Fault]:
    if not found.is_lead_entity_known:
        yield Fault(pointer="/lead_entity", code="unknown_reference", detail="There is no such entity.")
    for index, partner in enumerate(fields.partners):
        if partner in found.unknown_partners:
            pointer = f"/partners/{index}"
            yield Fault(pointer=pointer, code="unknown_reference", detail="There is no such entity.")
    for name, vocabulary in _VOCABULARIES.items():
        unknown = getattr(found, f"unknown_{name}")
        for index, value in enumerate(getattr(fields, name)):
            if value in unknown:
                detail = f"The series has no such {vocabulary}."
                yield Fault(pointer=f"/{name}/{index}", code="unknown_value", detail=detail)
