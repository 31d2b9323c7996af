"""The HTTP side of accounts."""

from datetime import datetime
from uuid import UUID

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.accounts import service
from forum.accounts.types import (
    CodeRequest,
    CodeSent,
    GivenRole,
    GrantFilter,
    IssuedToken,
    Me,
    NewGrant,
    NewToken,
    SignIn,
    Token,
)
from forum.db import Connection
from forum.editions import service as editions
from forum.http import ForumRequest
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, Role, needs
from forum.seen_tokens import forget_tokens


@post("/auth/codes", opt=needs(Permission.PUBLIC), status_code=202, operation_id="send_code", tags=["accounts"])
async def send_code(
    data: JSONBody[CodeRequest], conn: NamedDependency[Connection], now: NamedDependency[datetime]
) -> CodeSent:
    """Mail a one-time sign-in code. The answer is the same whether or not the address is known."""
    await service.send_code(conn, data.email, data.language, now)
    seconds = int(service.CODE_LIFETIME.total_seconds())
    return CodeSent("If mail reaches this address, a code is on its way.", seconds)


@post("/auth/tokens", opt=needs(Permission.PUBLIC), operation_id="sign_in", tags=["accounts"])
async def sign_in(
    data: JSONBody[SignIn], conn: NamedDependency[Connection], now: NamedDependency[datetime]
) -> IssuedToken:
    """Exchange a mailed code for a token."""
    return await service.sign_in(conn, data.email, data.code, now)


@post(
    "/auth/sign-out",
    opt=needs(Permission.REGISTRATIONS_OWN),
    status_code=204,
    operation_id="sign_out",
    tags=["accounts"],
)
async def sign_out(
    request: ForumRequest,
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """Revoke the token of this request."""
    forget_tokens(request)
    await service.sign_out(conn, principal, now)


@get("/me", opt=needs(Permission.SIGNED_IN), operation_id="get_me", tags=["accounts"])
async def get_me(conn: NamedDependency[Connection], principal: NamedDependency[Principal]) -> Me:
    """Who the token says you are, and what you may do."""
    return await service.describe(conn, principal)


@post("/tokens", opt=needs(Permission.TOKENS_WRITE), operation_id="create_token", tags=["accounts"])
async def create_token(
    data: JSONBody[NewToken],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> IssuedToken:
    """Make a token for a frontend or a scanner. Its secret stands in this answer and nowhere else."""
    edition = await editions.find_manageable(conn, principal, Permission.TOKENS_WRITE, data.edition)
    return await service.issue_token(conn, data.kind, None, edition, data.label, [*data.scopes], now, data.expires_at)


@get(
    "/editions/{edition:str}/tokens",
    opt=needs(Permission.TOKENS_WRITE),
    operation_id="list_tokens",
    tags=["accounts"],
)
async def list_tokens(
    edition_id: NamedDependency[UUID], conn: NamedDependency[Connection], paging: NamedDependency[Paging]
) -> Page[Token]:
    """The client and device tokens of an edition, without their secrets."""
    rows = await service.list_tokens(conn, edition_id, paging.after(UUID), paging.limit + 1)
    return paging.page(rows, lambda token: token.id)


@post(
    "/editions/{edition:str}/tokens/{token_id:uuid}/revoke",
    opt=needs(Permission.TOKENS_WRITE),
    status_code=200,
    operation_id="revoke_token",
    tags=["accounts"],
)
async def revoke_token(
    token_id: FromPath[UUID],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Token:
    """Revoke a client or device token; it is refused from the next request on."""
    forget_tokens(request)
    return await service.revoke_token(conn, edition_id, token_id, now)


@post("/grants", opt=needs(Permission.GRANTS_WRITE), operation_id="create_grant", tags=["accounts"])
async def create_grant(
    data: JSONBody[NewGrant],
    request: ForumRequest,
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> GivenRole:
    """Give a person a role on an edition, or (`focal_point`) on one of its delegations.

    Giving it again changes nothing. 422 `unknown_reference` for a delegation that the edition has not.
    """
    forget_tokens(request)
    edition_id = await editions.find_id(conn, data.edition) if data.edition else None
    return await service.give_role(conn, principal, data, edition_id, now)


@get(
    "/editions/{edition:str}/grants",
    opt=needs(Permission.GRANTS_WRITE),
    operation_id="list_grants",
    tags=["accounts"],
)
async def list_grants(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    role: FromQuery[Role | None] = None,
    delegation: FromQuery[UUID | None] = None,
) -> Page[GivenRole]:
    """Who has which role on an edition, and who looks after which delegation."""
    return await service.list_grants(conn, edition_id, GrantFilter(role, delegation), paging)


@delete(
    "/editions/{edition:str}/grants/{grant_id:uuid}",
    opt=needs(Permission.GRANTS_WRITE),
    operation_id="delete_grant",
    tags=["accounts"],
)
async def delete_grant(
    grant_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> None:
    """Take a role back."""
    await service.take_role(conn, edition_id, grant_id)


HANDLERS = [
    send_code,
    sign_in,
    sign_out,
    get_me,
    create_token,
    list_tokens,
    revoke_token,
    create_grant,
    list_grants,
    delete_grant,
]
