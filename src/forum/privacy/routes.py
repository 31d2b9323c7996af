"""The HTTP side of privacy."""

from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from forum.db import Connection
from forum.http import ForumRequest
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.privacy import service
from forum.privacy.types import Erasure, ErasureRequest, NewErasure, PersonalData
from forum.seen_tokens import forget_tokens

SIGNED_IN, ERASE = needs(Permission.SIGNED_IN), needs(Permission.REGISTRATIONS_ERASE)
TAGS = ["privacy"]


@get("/me/data", opt=SIGNED_IN, operation_id="get_personal_data", tags=TAGS)
async def get_personal_data(
    conn: NamedDependency[Connection], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> PersonalData:
    """Everything that is held of you, from every table, as it is stored; secrets and their hashes are left out."""
    return await service.read_personal_data(conn, principal, now)


@post("/me/erasure", opt=SIGNED_IN, status_code=200, operation_id="erase_own_data", tags=TAGS)
async def erase_own_data(
    data: JSONBody[ErasureRequest],
    request: ForumRequest,
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Erasure:
    """Erase everything that tells who you are: your registrations in every edition, then your account, at once.

    Your places go to the next in line, mails that wait are dropped, your roles and tokens end. What figures and
    official records are made of stays, under nobody's name. This cannot be undone.
    """
    forget_tokens(request)
    return await service.erase_own(conn, principal, data.email, now)


@post(
    "/editions/{edition:str}/registrations/{registration_id:uuid}/erase",
    opt=ERASE,
    status_code=200,
    operation_id="erase_registration",
    tags=TAGS,
)
async def erase_registration(
    data: JSONBody[NewErasure],
    request: ForumRequest,
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Erasure:
    """Erase what tells whose a registration was, in whatever state it is; the next in line follows.

    The person's account goes too when nothing else refers to it: no registration in any edition, no role, no pledge.
    """
    forget_tokens(request)
    return await service.erase_registration(conn, principal, edition_id, registration_id, data.reason, now)


@get("/editions/{edition:str}/erasures", opt=ERASE, operation_id="list_erasures", tags=TAGS)
async def list_erasures(
    edition_id: NamedDependency[UUID], conn: NamedDependency[Connection], paging: NamedDependency[Paging]
) -> Page[Erasure]:
    """Evidence of what was erased of an edition, oldest first: when, by which token, how much, what stays and why."""
    return await service.list_erasures(conn, edition_id, paging)


HANDLERS = [get_personal_data, erase_own_data, erase_registration, list_erasures]
