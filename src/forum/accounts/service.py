"""The rules of accounts: what a code, a token and a role are worth."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from forum.accounts import queries
from forum.accounts.types import ErasedPerson, GivenRole, GrantFilter, IssuedToken, Me, NewGrant, Token
from forum.db import Connection
from forum.errors import Forbidden, ForumError, NotFound
from forum.ids import new_id
from forum.outbox import queue_message
from forum.pagination import Page, Paging
from forum.permissions import PLATFORM, Permission, Principal, Role, token_sha256

CODE_LIFETIME = timedelta(minutes=15)
CODES_PER_HOUR = 5
SIGNED_IN_FOR = timedelta(days=30)


class WrongCode(ForumError):
    """The code is wrong, spent or too old"""

    status = 401
    keeps_changes = True  # the attempt that was counted must stay counted


async def send_code(conn: Connection, email: str, language: str, now: datetime) -> None:
    """Mail a one-time code; nothing tells whether the address is known, or was asked for too often."""
    if await queries.count_recent_codes(conn, email, now - timedelta(hours=1)) >= CODES_PER_HOUR:
        return
    code = f"{secrets.randbelow(10**8):08d}"
    await queries.insert_code(conn, new_id(), email, _code_sha256(email, code), now, now + CODE_LIFETIME)
    await queue_message(conn, "sign_in", email, {"code": code, "language": language}, now)


async def sign_in(conn: Connection, email: str, code: str, now: datetime) -> IssuedToken:
    """A token for the person of an address; raises `WrongCode`. The first sign-in makes the person."""
    address = await queries.use_code(conn, email, _code_sha256(email, code), now)
    if address is None:
        raise WrongCode("Ask for a new code: each is good once, for 15 minutes, and for five attempts.")
    person_id = await ensure_person(conn, address, "en", "UTC", now)
    return await issue_token(conn, "person", person_id, None, "signed in by mail", [], now, now + SIGNED_IN_FOR)


async def ensure_person(conn: Connection, email: str, language: str, timezone: str, now: datetime) -> UUID:
    """The id of the person of an address, made when there is none."""
    return await queries.ensure_person(conn, new_id(), email, language, timezone, now)


async def issue_token(
    conn: Connection,
    kind: str,
    person_id: UUID | None,
    edition_id: UUID | None,
    label: str,
    scopes: list[str],
    now: datetime,
    expires_at: datetime | None,
    registration_id: UUID | None = None,
    speaker_id: UUID | None = None,
) -> IssuedToken:
    """A new token of 256 random bits; only its SHA-256 is kept."""
    secret = f"forum_{secrets.token_urlsafe(32)}"
    bound_to = (person_id, edition_id, registration_id, speaker_id)
    row = (new_id(), token_sha256(secret), kind, *bound_to, label, scopes, now, expires_at)
    token = await queries.insert_token(conn, *row)
    return IssuedToken(token.id, secret, token.expires_at)


async def list_tokens(conn: Connection, edition_id: UUID, after: UUID | None, limit: int) -> list[Token]:
    """The client and device tokens of an edition, without their secrets."""
    return await queries.list_tokens(conn, edition_id, after, limit)


async def revoke_token(conn: Connection, edition_id: UUID, token_id: UUID, now: datetime) -> Token:
    """Revoke a token at once; raises `NotFound`."""
    return await queries.revoke_token(conn, edition_id, token_id, now)


async def sign_out(conn: Connection, principal: Principal, now: datetime) -> None:
    """Revoke the token that was used."""
    await queries.revoke_own_token(conn, principal.token_id, now)


async def give_role(
    conn: Connection, principal: Principal, new: NewGrant, edition_id: UUID | None, now: datetime
) -> GivenRole:
    """Give the person of an address a role; raises `Forbidden` or `NotFound` beyond the giver's own editions.

    Raises `Invalid` for a delegation that the edition has not.
    """
    if not principal.may(Permission.GRANTS_WRITE, edition_id or PLATFORM):
        raise Forbidden if edition_id is None else NotFound
    return await grant(conn, new.email, new.role, edition_id, now, new.delegation)


async def grant(
    conn: Connection,
    email: str,
    role: Role,
    edition_id: UUID | None,
    now: datetime,
    delegation_id: UUID | None = None,
) -> GivenRole:
    """Give the person of an address a role, on the operator's word."""
    person_id = await ensure_person(conn, email, "en", "UTC", now)
    return await queries.insert_grant(conn, new_id(), person_id, role, edition_id, delegation_id, now)


async def list_grants(conn: Connection, edition_id: UUID, wanted: GrantFilter, paging: Paging) -> Page[GivenRole]:
    """The roles given on an edition and on its delegations."""
    rows = await queries.list_grants(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_grants(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, lambda grant: grant.id, total)


async def take_role(conn: Connection, edition_id: UUID, grant_id: UUID) -> None:
    """Take a role back; raises `NotFound`."""
    if not await queries.delete_grant(conn, edition_id, grant_id):
        raise NotFound


async def find_person_email(conn: Connection, person_id: UUID) -> str | None:
    """The address of a person."""
    return await queries.find_person_email(conn, person_id)


async def pseudonymise_person(conn: Connection, person_id: UUID, now: datetime) -> ErasedPerson:
    """Leave of a person an id that leads to nobody: no address, no role, no token that is good; how much went."""
    return await queries.pseudonymise_person(conn, person_id, now)


async def describe(conn: Connection, principal: Principal) -> Me:
    """Who the principal is, for their own eyes."""
    email = await queries.find_person_email(conn, principal.person_id) if principal.person_id else None
    return Me(principal.kind, principal.person_id, email, principal.edition_id, principal.scopes, principal.grants)


def _code_sha256(email: str, code: str) -> bytes:
    return hashlib.sha256(f"{email.lower()} {code}".encode()).digest()
