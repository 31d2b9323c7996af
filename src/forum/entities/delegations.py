"""The rules of delegations: who may see them, who leads them, and when they can go."""

from datetime import datetime
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import asdict

from forum.bodies import merge
from forum.db import Connection
from forum.editions.service import lock_places, promote_waiting
from forum.entities import delegation_queries as queries
from forum.entities.delegation_types import (
    Delegation,
    DelegationDetails,
    DelegationFilter,
    DelegationPatch,
    NewDelegation,
)
from forum.errors import Conflict, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal


class DelegationExists(Conflict, constraint="delegations_one_per_entity"):
    """This entity has a delegation already"""


class DelegationHasPeople(Conflict):
    """Somebody belongs to this delegation"""


async def create_delegation(conn: Connection, edition_id: UUID, new: NewDelegation, now: datetime) -> Delegation:
    """An entity takes part in an edition; raises `DelegationExists` with the id of its delegation."""
    delegation_id = new_id()
    if not await queries.insert_delegation(conn, edition_id, delegation_id, new.entity, now):
        raise DelegationExists(id=await queries.find_entity_delegation(conn, edition_id, new.entity))
    await queries.update_quota(conn, edition_id, delegation_id, "in_person", new.in_person_quota)
    await queries.update_quota(conn, edition_id, delegation_id, "online", new.online_quota)
    return await queries.find_delegation(conn, edition_id, delegation_id, None)


async def describe_delegation(
    conn: Connection, principal: Principal, edition_id: UUID, delegation_id: UUID
) -> DelegationDetails:
    """A delegation, or the one that it was merged into, with its people counted for who may list them.

    Raises `NotFound`, also for a focal point of another.
    """
    reach = _reach(principal, edition_id)
    found = await queries.find_delegation(conn, edition_id, delegation_id, reach)
    shown = asdict(found)
    if not principal.may(Permission.DELEGATIONS_MANAGE, edition_id):
        return DelegationDetails(**shown, people=None, focal_points=None)
    people = await queries.list_delegation_people(conn, edition_id, found.id)
    focal_points = await queries.list_focal_points(conn, edition_id, found.id)
    return DelegationDetails(**shown, people=people, focal_points=focal_points)


async def list_delegations(
    conn: Connection, principal: Principal, edition_id: UUID, wanted: DelegationFilter, paging: Paging
) -> Page[Delegation]:
    """The delegations of an edition; a focal point's own."""
    chosen = (edition_id, _reach(principal, edition_id), wanted)
    rows = await queries.list_delegations(conn, *chosen, paging.after(UUID), paging.limit + 1)
    total = await queries.count_delegations(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda delegation: delegation.id, total)


async def update_delegation(
    conn: Connection, edition_id: UUID, delegation_id: UUID, patch: DelegationPatch, if_match: IfMatch, now: datetime
) -> Delegation:
    """Say who leads a delegation and how many people it may have; raises `Invalid` for who is not actively of it.

    People keep their places when a quota is lowered below use; when it is raised, those who wait for it are promoted.
    The places are locked first, the registration before the delegation, as by whoever withdraws it.
    """
    has_quota = patch.in_person_quota is not UNSET or patch.online_quota is not UNSET
    if has_quota:
        await lock_places(conn, edition_id)
    is_member = isinstance(patch.head, UUID) and await queries.is_in_delegation(
        conn, edition_id, patch.head, delegation_id
    )
    before = await queries.lock_delegation(conn, edition_id, delegation_id)
    if_match.require(before.version)
    after = merge(before, patch)
    if after.head is not None and after.head != before.head and not is_member:
        raise Invalid.at("/head", "unknown_reference", "The delegation has no such active registration.")
    await queries.update_delegation(conn, edition_id, delegation_id, after.head)
    if has_quota:
        await queries.update_quota(conn, edition_id, delegation_id, "in_person", after.in_person_quota)
        await queries.update_quota(conn, edition_id, delegation_id, "online", after.online_quota)
        await promote_waiting(conn, edition_id, now)
    return await queries.find_delegation(conn, edition_id, delegation_id, None)


async def delete_delegation(conn: Connection, edition_id: UUID, delegation_id: UUID, if_match: IfMatch) -> None:
    """A delegation takes part no more; raises `DelegationHasPeople`. Its focal points are none any more."""
    before = await queries.lock_delegation(conn, edition_id, delegation_id)
    if_match.require(before.version)
    if count := await queries.count_people_of_delegation(conn, edition_id, delegation_id):
        raise DelegationHasPeople(f"It has {count} registration{'s' if count != 1 else ''}, those that ended included.")
    await queries.delete_delegation(conn, edition_id, delegation_id)


def _reach(principal: Principal, edition_id: UUID) -> list[UUID] | None:
    """The delegations that a principal sees: None for all, which who may register people for them does."""
    if principal.may(Permission.REGISTRATIONS_CREATE, edition_id):
        return None
    return principal.reach(Permission.REGISTRATIONS_READ, edition_id)
