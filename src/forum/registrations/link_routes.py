"""The HTTP side of the links to registrations, and of what only their person may say."""

from datetime import datetime
from uuid import UUID

from litestar import post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from forum.db import Connection
from forum.http import ForumRequest
from forum.permissions import Permission, Principal, needs
from forum.registrations import links
from forum.registrations.link_types import LinkSent, LinkToken, Objection, OpenedLink
from forum.registrations.types import Registration
from forum.seen_tokens import forget_tokens

PUBLIC, OWN = needs(Permission.PUBLIC), needs(Permission.REGISTRATIONS_OWN)
TAGS = ["registrations"]
REGISTRATION = "/editions/{edition:str}/registrations/{registration_id:uuid}"


@post("/auth/registration-link", opt=PUBLIC, operation_id="open_registration_link", tags=TAGS)
async def open_registration_link(
    data: JSONBody[LinkToken], state: State, conn: NamedDependency[Connection], now: NamedDependency[datetime]
) -> OpenedLink:
    """Exchange what stands behind the `#` of a mailed link for a token that is good for that one registration.

    With it the person reads, changes, switches and withdraws it, objects to it, and fetches its badge and calendar. 401
    `wrong_link` is the same for a link that never was, that another has replaced, and that is over.
    """
    return await links.open_link(conn, data.token, state.key_ring, now)


@post(f"{REGISTRATION}/resend-link", opt=OWN, status_code=202, operation_id="resend_registration_link", tags=TAGS)
async def resend_registration_link(
    registration_id: FromPath[UUID],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> LinkSent:
    """Mail the person of a registration a new link to it; the links before, and their tokens, are good no more."""
    forget_tokens(request)
    await links.resend_link(conn, principal, edition_id, registration_id, now)
    return LinkSent("A new link is on its way to the address of the registration.")


@post(f"{REGISTRATION}/object", opt=OWN, status_code=200, operation_id="object_to_registration", tags=TAGS)
async def object_to_registration(
    data: JSONBody[Objection],
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Registration:
    """Say that you did not agree to having been registered by others: you are withdrawn, and no other can do it again.

    You can still register yourself. 409 `not_registered_by_others` where you did that.
    """
    return await links.object_to_registration(conn, principal, edition_id, registration_id, data.reason, now)


@post(f"{REGISTRATION}/lift-objection", opt=OWN, status_code=200, operation_id="lift_objection", tags=TAGS)
async def lift_objection(
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Registration:
    """Let others register you for this edition again; where there was no objection nothing changes."""
    return await links.lift_objection(conn, principal, edition_id, registration_id)


HANDLERS = [open_registration_link, resend_registration_link, object_to_registration, lift_objection]
