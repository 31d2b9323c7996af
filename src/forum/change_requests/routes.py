"""The HTTP side of change requests."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.change_requests import service
from forum.change_requests.types import (
    Approval,
    ChangedField,
    ChangePolicy,
    ChangePolicyPatch,
    ChangeRequest,
    ChangeRequestFilter,
    ChangeRequestStatus,
    NewChangeRequest,
    Refusal,
)
from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs

SIGNED_IN, READ, WRITE = (
    needs(Permission.SIGNED_IN),
    needs(Permission.REGISTRATIONS_READ),
    needs(Permission.REGISTRATIONS_WRITE),
)
TAGS = ["registrations"]
REQUESTS = "/editions/{edition:str}/registrations/{registration_id:uuid}/change-requests"
REQUEST = f"{REQUESTS}/{{request_id:uuid}}"
POLICY = "/editions/{edition:str}/change-policy"


@post(REQUESTS, opt=SIGNED_IN, operation_id="create_change_request", tags=TAGS)
async def create_change_request(
    data: JSONBody[NewChangeRequest],
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ChangeRequest:
    """Ask for a change of your own registration that you cannot make yourself (any more).

    Entity, delegation, country, category and mode; name and given answers once registration in your mode is over, or
    where the organizers want to approve them. What else you change comes with it. 409 `approval_not_needed` when you
    could make every change yourself; `change_request_open` names in `id` the request that is waiting.
    """
    return await service.create_change_request(conn, principal, edition_id, registration_id, data, now)


@get(REQUESTS, opt=SIGNED_IN, operation_id="list_own_change_requests", tags=TAGS)
async def list_own_change_requests(
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[ChangeRequest]:
    """The changes that were asked for of one registration: your own, or any as a registrar."""
    return await service.list_own_change_requests(conn, principal, edition_id, registration_id, paging)


@get(REQUEST, opt=SIGNED_IN, operation_id="get_change_request", tags=TAGS)
async def get_change_request(
    registration_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> ChangeRequest:
    """One change that was asked for, with the fields as they were then, and what was decided by whom."""
    return await service.find_change_request(conn, principal, edition_id, registration_id, request_id)


@post(f"{REQUEST}/approve", opt=WRITE, status_code=200, operation_id="approve_change_request", tags=TAGS)
async def approve_change_request(
    data: JSONBody[Approval],
    registration_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ChangeRequest:
    """Make the changes, in one step, under the rules as they are now.

    409 `registration_changed` when one of the fields was changed since: `errors` shows what it was and what it is;
    `changes_outdated` when it is not valid any more, for the reasons in `errors`.
    """
    chosen = (edition_id, registration_id, request_id)
    return await service.approve_change_request(conn, principal, *chosen, data.reason, now)


@post(f"{REQUEST}/decline", opt=WRITE, status_code=200, operation_id="decline_change_request", tags=TAGS)
async def decline_change_request(
    data: JSONBody[Refusal],
    registration_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ChangeRequest:
    """Leave the registration as it is, and say why."""
    chosen = (edition_id, registration_id, request_id)
    return await service.decline_change_request(conn, principal, *chosen, data.reason, now)


@post(f"{REQUEST}/cancel", opt=SIGNED_IN, status_code=200, operation_id="cancel_change_request", tags=TAGS)
async def cancel_change_request(
    registration_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ChangeRequest:
    """Take your own request back while nobody has decided."""
    return await service.cancel_change_request(conn, principal, edition_id, registration_id, request_id, now)


@get("/editions/{edition:str}/change-requests", opt=READ, operation_id="list_change_requests", tags=TAGS)
async def list_change_requests(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    registration: FromQuery[UUID | None] = None,
    status: FromQuery[ChangeRequestStatus | None] = None,
    field: FromQuery[ChangedField | None] = None,
    category: FromQuery[str | None] = None,
    delegation: FromQuery[UUID | None] = None,
) -> Page[ChangeRequest]:
    """The changes that people of an edition asked for, oldest first, for registrars.

    `field` is one that is to be changed; category and delegation are those of the registration as it is.
    """
    wanted = ChangeRequestFilter(registration, status, field, category, delegation)
    return await service.list_change_requests(conn, edition_id, wanted, paging)


@get(POLICY, opt=needs(Permission.PUBLIC), operation_id="get_change_policy", tags=TAGS)
async def get_change_policy(
    edition_id: NamedDependency[UUID], conn: NamedDependency[Connection], principal: NamedDependency[Principal]
) -> ChangePolicy:
    """What people may not change by themselves even while registration is open."""
    return await service.find_change_policy(conn, principal, edition_id)


@patch(POLICY, opt=needs(Permission.EDITIONS_WRITE), operation_id="update_change_policy", tags=TAGS)
async def update_change_policy(
    data: JSONBody[ChangePolicyPatch],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> ChangePolicy:
    """Decide whether names and given answers need approval while registration is open; afterwards they always do."""
    return await service.update_change_policy(conn, edition_id, data, if_match)


HANDLERS = [
    create_change_request,
    list_own_change_requests,
    get_change_request,
    approve_change_request,
    decline_change_request,
    cancel_change_request,
    list_change_requests,
    get_change_policy,
    update_change_policy,
]
