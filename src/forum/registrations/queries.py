"""One function for each statement of `registrations.sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, execute, fetch_all, find, get, value
from forum.registrations.types import BadgeKey, BadgeRow, Places, Registration, Transition
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations")


async def lock_places(conn: Connection, edition_id: UUID, modes: Sequence[str], token_id: str) -> list[Places]:
    """The places of these modes, locked until the transaction ends."""
    return await fetch_all(conn, _SQL["lock_places"], Places, edition_id, modes, token_id)


async def insert_registration(conn: Connection, *fields: Any) -> UUID | None:
    """Register a person; None when they are registered already. The fields stand in the statement's order."""
    return await find(conn, _SQL["insert_registration"], UUID, *fields)


async def find_active(conn: Connection, edition_id: UUID, email: str) -> UUID | None:
    """The active registration of an address."""
    return await find(conn, _SQL["find_active"], UUID, edition_id, email)


async def find_registration(
    conn: Connection, edition_id: UUID, registration_id: UUID, reads_all: bool, person_id: UUID | None
) -> Registration:
    """A registration that is the person's, or any for who reads all; raises `NotFound`."""
    key = (edition_id, registration_id, reads_all, person_id)
    return await get(conn, _SQL["find_registration"], Registration, *key)


async def lock_registration(conn: Connection, edition_id: UUID, registration_id: UUID) -> UUID:
    """Lock a registration; its owner."""
    return await get(conn, _SQL["lock_registration"], UUID, edition_id, registration_id)


async def list_registrations(
    conn: Connection,
    edition_id: UUID,
    status: str | None,
    mode: str | None,
    category: str | None,
    country: str | None,
    delegation: UUID | None,
    entity: UUID | None,
    email: str | None,
    external_id: str | None,
    after: UUID | None,
    limit: int,
) -> list[Registration]:
    """The registrations of an edition."""
    chosen = (edition_id, status, mode, category, country, delegation, entity, email, external_id)
    return await fetch_all(conn, _SQL["list_registrations"], Registration, *chosen, after, limit)


async def count_registrations(
    conn: Connection,
    edition_id: UUID,
    status: str | None,
    mode: str | None,
    category: str | None,
    country: str | None,
    delegation: UUID | None,
    entity: UUID | None,
    email: str | None,
    external_id: str | None,
) -> int:
    """How many registrations the list has."""
    chosen = (edition_id, status, mode, category, country, delegation, entity, email, external_id)
    return int(await value(conn, _SQL["count_registrations"], *chosen))


async def list_own_registrations(
    conn: Connection, person_id: UUID, after: UUID | None, limit: int
) -> list[Registration]:
    """A person's registrations in every edition."""
    return await fetch_all(conn, _SQL["list_own_registrations"], Registration, person_id, after, limit)


async def update_registration(conn: Connection, *fields: Any) -> None:
    """Write every field that can be edited; the fields stand in the statement's order."""
    await execute(conn, _SQL["update_registration"], *fields)


async def move_registration(
    conn: Connection, edition_id: UUID, registration_id: UUID, status: str, mode: str, now: datetime
) -> None:
    """Change status and mode."""
    await execute(conn, _SQL["move_registration"], edition_id, registration_id, status, mode, now)


async def take_place(conn: Connection, edition_id: UUID, mode: str) -> None:
    """One place more is taken."""
    await execute(conn, _SQL["take_place"], edition_id, mode)


async def free_place(conn: Connection, edition_id: UUID, mode: str) -> None:
    """One place less is taken."""
    await execute(conn, _SQL["free_place"], edition_id, mode)


async def promote_waiting(conn: Connection, edition_id: UUID, mode: str, now: datetime) -> list[UUID]:
    """Give the free places of a mode to who has waited longest."""
    return await fetch_all(conn, _SQL["promote_waiting"], UUID, edition_id, mode, now)


async def list_transitions(conn: Connection, edition_id: UUID, registration_id: UUID) -> list[Transition]:
    """The history of a registration."""
    return await fetch_all(conn, _SQL["list_transitions"], Transition, edition_id, registration_id)


async def ensure_badge_key(conn: Connection, private_key: bytes, public_key: bytes, now: datetime) -> None:
    """Keep the first badge key, unless there is one."""
    await execute(conn, _SQL["ensure_badge_key"], private_key, public_key, now)


async def lock_badge_keys(conn: Connection) -> None:
    """Only one process makes the first key."""
    await execute(conn, _SQL["lock_badge_keys"])


async def list_badge_keys(conn: Connection) -> list[BadgeKey]:
    """Every badge key."""
    return await fetch_all(conn, _SQL["list_badge_keys"], BadgeKey)


async def list_badges(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    reads_all: bool,
    person_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[BadgeRow]:
    """The badges of a registration that is the person's, or any for who reads all."""
    key = (edition_id, registration_id, reads_all, person_id, after, limit)
    return await fetch_all(conn, _SQL["list_badges"], BadgeRow, *key)
