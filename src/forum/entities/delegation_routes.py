"""The HTTP side of delegations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from forum.db import Connection
from forum.entities import delegations
from forum.entities.delegation_types import (
    Delegation,
    DelegationDetails,
    DelegationFilter,
    DelegationPatch,
    NewDelegation,
)
from forum.http import ForumRequest, ForumResponse, IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs

READ, WRITE = needs(Permission.DELEGATIONS_READ), needs(Permission.REGISTRATIONS_WRITE)
TAGS = ["entities"]
DELEGATIONS = "/editions/{edition:str}/delegations"
MOVED = {
    308: ResponseSpec(
        DelegationDetails, description="Its people are in another since their entities were merged: see `Location`."
    )
}


@get(DELEGATIONS, opt=READ, operation_id="list_delegations", tags=TAGS)
async def list_delegations(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    entity: FromQuery[UUID | None] = None,
    category: FromQuery[str | None] = None,
    country: FromQuery[str | None] = None,
    q: Annotated[
        str | None,
        QueryParameter(
            min_length=1,
            max_length=200,
            pattern=r"\S",
            description="Parts that one of the entity's names must have, whatever their case and accents.",
        ),
    ] = None,
) -> Page[Delegation]:
    """The delegations of an edition, by entity or by its category, country and names; a focal point's own ones."""
    wanted = DelegationFilter(entity, category, country, q)
    return await delegations.list_delegations(conn, principal, edition_id, wanted, paging)


@post(DELEGATIONS, opt=WRITE, operation_id="create_delegation", tags=TAGS)
async def create_delegation(
    data: JSONBody[NewDelegation],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Delegation:
    """Let an entity take part in an edition with a delegation; 409 `delegation_exists` names the one that it has."""
    return await delegations.create_delegation(conn, edition_id, data, now)


@get(f"{DELEGATIONS}/{{delegation_id:uuid}}", opt=READ, operation_id="get_delegation", tags=TAGS, responses=MOVED)
async def get_delegation(
    delegation_id: FromPath[UUID],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> ForumResponse[DelegationDetails]:
    """One delegation: who leads it and, for registrars and its focal points, how many people it has in each mode and
    status and who looks after it. The id of one that was merged into another answers 308 with that other's address.
    """
    found = await delegations.describe_delegation(conn, principal, edition_id, delegation_id)
    if found.id == delegation_id:
        return ForumResponse(found)
    there = request.url.path.replace(str(delegation_id), str(found.id))
    return ForumResponse(found, status_code=308, headers={"Location": there})


@patch(f"{DELEGATIONS}/{{delegation_id:uuid}}", opt=WRITE, operation_id="update_delegation", tags=TAGS)
async def update_delegation(
    data: JSONBody[DelegationPatch],
    delegation_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Delegation:
    """Say who leads a delegation, one of its active registrations, and how many people it may have in each mode.

    A quota lowered below use keeps its people and lets in nobody new; one that is raised lets in who waits for it.
    """
    return await delegations.update_delegation(conn, edition_id, delegation_id, data, if_match, now)


@delete(f"{DELEGATIONS}/{{delegation_id:uuid}}", opt=WRITE, operation_id="delete_delegation", tags=TAGS)
async def delete_delegation(
    delegation_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> None:
    """Take back a delegation to which nobody belongs or ever did; 409 `delegation_has_people` tells how many do."""
    await delegations.delete_delegation(conn, edition_id, delegation_id, if_match)


HANDLERS = [list_delegations, create_delegation, get_delegation, update_delegation, delete_delegation]
