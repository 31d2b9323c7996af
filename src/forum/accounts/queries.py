"""One function for each statement of `accounts.sql`."""

from datetime import datetime
from uuid import UUID

from forum.accounts.types import ErasedPerson, GivenRole, GrantFilter, Token
from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.sqlfiles import load_statements

_SQL = load_statements("accounts")


async def ensure_person(
    conn: Connection, id: UUID, email: str, language: str, timezone: str, created_at: datetime
) -> UUID:
    """The person of an address, made when there is none."""
    return await get(conn, _SQL["ensure_person"], UUID, id, email, language, timezone, created_at)


async def find_person_email(conn: Connection, person_id: UUID) -> str | None:
    """The address of a person."""
    return await find(conn, _SQL["find_person_email"], str, person_id)


async def count_recent_codes(conn: Connection, email: str, since: datetime) -> int:
    """How many codes were asked for an address since an instant."""
    return int(await value(conn, _SQL["count_recent_codes"], email, since))


async def insert_code(
    conn: Connection, id: UUID, email: str, code_sha256: bytes, created_at: datetime, expires_at: datetime
) -> None:
    """Keep the hash of a code."""
    await execute(conn, _SQL["insert_code"], id, email, code_sha256, created_at, expires_at)


async def use_code(conn: Connection, email: str, code_sha256: bytes, now: datetime) -> str | None:
    """The address that the code was mailed to when it was right (it is spent now), else None."""
    return await find(conn, _SQL["use_code"], str, email, code_sha256, now)


async def insert_token(
    conn: Connection,
    id: UUID,
    sha256: bytes,
    kind: str,
    person_id: UUID | None,
    edition_id: UUID | None,
    registration_id: UUID | None,
    speaker_id: UUID | None,
    label: str,
    scopes: list[str],
    created_at: datetime,
    expires_at: datetime | None,
) -> Token:
    """Keep the hash of a new token."""
    bound_to = (person_id, edition_id, registration_id, speaker_id)
    row = (id, sha256, kind, *bound_to, label, scopes, created_at, expires_at)
    return await get(conn, _SQL["insert_token"], Token, *row)


async def list_tokens(conn: Connection, edition_id: UUID, after: UUID | None, limit: int) -> list[Token]:
    """The client and device tokens of an edition."""
    return await fetch_all(conn, _SQL["list_tokens"], Token, edition_id, after, limit)


async def revoke_token(conn: Connection, edition_id: UUID, token_id: UUID, now: datetime) -> Token:
    """Revoke a token of an edition; raises `NotFound`."""
    return await get(conn, _SQL["revoke_token"], Token, edition_id, token_id, now)


async def revoke_own_token(conn: Connection, token_id: UUID, now: datetime) -> None:
    """The token that was used is good no more."""
    await execute(conn, _SQL["revoke_own_token"], token_id, now)


async def insert_grant(
    conn: Connection,
    id: UUID,
    person_id: UUID,
    role: str,
    edition_id: UUID | None,
    delegation_id: UUID | None,
    created_at: datetime,
) -> GivenRole:
    """Give a person a role; giving it again changes nothing."""
    row = (id, person_id, role, edition_id, delegation_id, created_at)
    return await get(conn, _SQL["insert_grant"], GivenRole, *row)


async def list_grants(
    conn: Connection, edition_id: UUID, wanted: GrantFilter, after: UUID | None, limit: int
) -> list[GivenRole]:
    """The roles given on an edition and on its delegations."""
    return await fetch_all(conn, _SQL["list_grants"], GivenRole, edition_id, *columns(wanted), after, limit)


async def count_grants(conn: Connection, edition_id: UUID, wanted: GrantFilter) -> int:
    """How many roles the list has."""
    return int(await value(conn, _SQL["count_grants"], edition_id, *columns(wanted)))


async def delete_grant(conn: Connection, edition_id: UUID, grant_id: UUID) -> int:
    """Take a role back; how many rows that was."""
    return await execute(conn, _SQL["delete_grant"], edition_id, grant_id)


async def pseudonymise_person(conn: Connection, person_id: UUID, now: datetime) -> ErasedPerson:
    """Take out of a person what tells who it was; how much that was."""
    return await get(conn, _SQL["pseudonymise_person"], ErasedPerson, person_id, now)
