"""The HTTP side of registrations."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from forum.db import Connection
from forum.http import ForumRequest, IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.registrations import service
from forum.registrations.badge_routes import HANDLERS as BADGES
from forum.registrations.desk import RegistrationDesk
from forum.registrations.import_routes import HANDLERS as IMPORTS
from forum.registrations.link_routes import HANDLERS as LINKS
from forum.registrations.list_routes import HANDLERS as LISTS
from forum.registrations.nomination_routes import HANDLERS as NOMINATIONS
from forum.registrations.reserve_routes import HANDLERS as RESERVES
from forum.registrations.types import (
    ModeSwitch,
    MoveReason,
    NewRegistration,
    Registration,
    RegistrationPatch,
    Transition,
)
from forum.transactions import unit_of

SIGNED_IN, WRITE = needs(Permission.SIGNED_IN), needs(Permission.REGISTRATIONS_WRITE)
MANAGE = needs(Permission.DELEGATIONS_MANAGE)
OWN = needs(Permission.REGISTRATIONS_OWN)
TAGS = ["registrations"]
REGISTRATIONS = "/editions/{edition:str}/registrations"


@post(REGISTRATIONS, opt=SIGNED_IN, operation_id="create_registration", tags=TAGS)
async def create_registration(
    data: JSONBody[NewRegistration],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Registration:
    """Register yourself, with the address that you signed in with, or others: as a registrar, a trusted frontend, or
    the focal point of their delegation.

    When no place is free the answer is 201 with status `waitlisted` and the position in line. Who names a delegation
    that has a focal point or a quota is `submitted` until its focal point or a registrar approves. 409
    `already_registered` names the active registration of that person in `id`.
    """
    state, unit = request.app.state, unit_of(request.scope)
    if unit.request_key:  # the answer is stored with the registration
        return await service.create_registration(await unit.connection(), principal, edition_id, data, now)
    await unit.close()  # nothing is held while the desk registers them with others
    desk: RegistrationDesk = state.registration_desk
    return await desk.create_registration(state.pool, principal, edition_id, data, now)


@get(f"{REGISTRATIONS}/{{registration_id:uuid}}", opt=OWN, operation_id="get_registration", tags=TAGS)
async def get_registration(
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Registration:
    """One registration: your own, one of your delegation as its focal point, or any as a registrar."""
    return await service.find_registration(conn, principal, edition_id, registration_id)


@patch(f"{REGISTRATIONS}/{{registration_id:uuid}}", opt=OWN, operation_id="update_registration", tags=TAGS)
async def update_registration(
    data: JSONBody[RegistrationPatch],
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Registration:
    """Change the details of an active registration. Whose and as what it counts is for registrars to change; entity and
    country also for a focal point of the delegation.
    """
    return await service.update_registration(conn, principal, edition_id, registration_id, data, if_match, now)


@get(
    f"{REGISTRATIONS}/{{registration_id:uuid}}/transitions",
    opt=OWN,
    operation_id="list_registration_transitions",
    tags=TAGS,
)
async def list_registration_transitions(
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[Transition]:
    """Every change of status or mode of a registration, oldest first: when, by which token, and why."""
    return await service.list_transitions(conn, principal, edition_id, registration_id, paging)


@post(
    f"{REGISTRATIONS}/{{registration_id:uuid}}/switch-mode",
    opt=OWN,
    status_code=200,
    operation_id="switch_registration_mode",
    tags=TAGS,
)
async def switch_registration_mode(
    data: JSONBody[ModeSwitch],
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Registration:
    """Take part in the other way from now on: the place goes to the next in line, the badge is revoked or made.

    When the other mode is full you keep what you have and wait for it (`waits_for`); who waits already gets 409
    `no_place_free`. Switch to the mode that you have to leave that line.
    """
    return await service.switch_mode(conn, principal, edition_id, registration_id, data.mode, data.reason, now)


@post(
    f"{REGISTRATIONS}/{{registration_id:uuid}}/accept-offer",
    opt=OWN,
    status_code=200,
    operation_id="accept_registration_offer",
    tags=TAGS,
)
async def accept_registration_offer(
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Registration:
    """Take the place that is held until `offer_expires_at`. 409 `no_offer` when none is, or no longer."""
    return await service.accept_offer(conn, principal, edition_id, registration_id, now)


@post(
    f"{REGISTRATIONS}/{{registration_id:uuid}}/decline-offer",
    opt=OWN,
    status_code=200,
    operation_id="decline_registration_offer",
    tags=TAGS,
)
async def decline_registration_offer(
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Registration:
    """Leave the offered place to the next in line. Who takes part online meanwhile goes on doing so."""
    return await service.decline_offer(conn, principal, edition_id, registration_id, now)


def _move_route(move: service.Move, opt: dict[str, Permission], description: str) -> HTTPRouteHandler:
    async def move_registration(
        data: JSONBody[MoveReason],
        registration_id: FromPath[UUID],
        edition_id: NamedDependency[UUID],
        conn: NamedDependency[Connection],
        principal: NamedDependency[Principal],
        now: NamedDependency[datetime],
    ) -> Registration:
        return await service.move_registration(conn, principal, edition_id, registration_id, move, data.reason, now)

    return HTTPRouteHandler(
        f"{REGISTRATIONS}/{{registration_id:uuid}}/{move}",
        http_method=HttpMethod.POST,
        opt=opt,
        status_code=200,
        operation_id=f"{move}_registration",
        description=description,
        tags=TAGS,
    )(move_registration)


@get("/me/registrations", opt=SIGNED_IN, operation_id="list_own_registrations", tags=TAGS)
async def list_own_registrations(
    conn: NamedDependency[Connection], principal: NamedDependency[Principal], paging: NamedDependency[Paging]
) -> Page[Registration]:
    """Your own registrations in every edition, oldest first."""
    return await service.list_own_registrations(conn, principal, paging)


HANDLERS = [
    create_registration,
    get_registration,
    update_registration,
    list_registration_transitions,
    switch_registration_mode,
    accept_registration_offer,
    decline_registration_offer,
    _move_route(
        "approve",
        MANAGE,
        "Approve a submitted registration; without a free place it waits for one. A focal point approves own people "
        "where the edition's approval is `review`, and everywhere those who named the delegation themselves.",
    ),
    _move_route(
        "decline",
        MANAGE,
        "Decline a registration that is submitted or waiting, as a registrar or as a focal point of its delegation.",
    ),
    _move_route(
        "withdraw",
        OWN,
        "Withdraw your own registration, one of your delegation as its focal point, or any as a registrar; the next in "
        "line follows.",
    ),
    _move_route("revoke", WRITE, "Take an approved place back; the next in line follows."),
    list_own_registrations,
    *LISTS,
    *BADGES,
    *LINKS,
    *RESERVES,
    *NOMINATIONS,
    *IMPORTS,
]
