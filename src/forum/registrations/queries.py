"""One function for each statement of `registrations.sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, execute, fetch_all, find, get, rows_of, value
from forum.registrations.types import (
    ChangeRules,
    LockedRegistration,
    NamedReferences,
    NamedRegistration,
    OwnRegistration,
    Places,
    Registration,
    RegistrationReferences,
    RegistrationRow,
    Transition,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations")


async def list_registration_references(
    conn: Connection, edition_id: UUID, named: Sequence[NamedReferences]
) -> list[RegistrationReferences]:
    """What is known of the things that new registrations name, in their order; empty without the edition."""
    sql = _SQL["list_registration_references"]
    return await fetch_all(conn, sql, RegistrationReferences, edition_id, rows_of(named))


async def lock_places(
    conn: Connection, edition_id: UUID, modes: Sequence[str], token_id: str, reason: str
) -> list[Places]:
    """The places of these modes, locked until the transaction ends; none without the edition."""
    return await fetch_all(conn, _SQL["lock_places"], Places, edition_id, modes, token_id, reason)


async def insert_registrations(
    conn: Connection, edition_id: UUID, mode: str, rows: Sequence[RegistrationRow]
) -> list[Registration]:
    """Register people for a mode: those who get a place, and those who wait; see the statement for who is left out."""
    return await fetch_all(conn, _SQL["insert_registrations"], Registration, edition_id, mode, rows_of(rows))


async def find_active(conn: Connection, edition_id: UUID, email: str) -> UUID | None:
    """The active registration of an address."""
    return await find(conn, _SQL["find_active"], UUID, edition_id, email)


async def list_named(conn: Connection, edition_id: UUID, external_ids: Sequence[str]) -> list[NamedRegistration]:
    """The registrations of an edition that have one of these external_ids."""
    return await fetch_all(conn, _SQL["list_named"], NamedRegistration, edition_id, external_ids)


async def find_registration(
    conn: Connection, edition_id: UUID, registration_id: UUID, reach: list[UUID] | None, person_id: UUID | None
) -> Registration:
    """A registration that is the person's or of a delegation within `reach` (None: all); raises `NotFound`."""
    key = (edition_id, registration_id, reach, person_id)
    return await get(conn, _SQL["find_registration"], Registration, *key)


async def lock_registration(
    conn: Connection, edition_id: UUID, registration_id: UUID, reach: list[UUID] | None, person_id: UUID | None
) -> LockedRegistration:
    """Lock a registration that is the person's or of a delegation within `reach` (None: all); raises `NotFound`."""
    key = (edition_id, registration_id, reach, person_id)
    return await get(conn, _SQL["lock_registration"], LockedRegistration, *key)


async def list_own_registrations(
    conn: Connection, person_id: UUID, after: UUID | None, limit: int
) -> list[Registration]:
    """A person's registrations in every edition."""
    return await fetch_all(conn, _SQL["list_own_registrations"], Registration, person_id, after, limit)


async def update_registration(conn: Connection, *fields: Any) -> None:
    """Write every field that can be edited; the fields stand in the statement's order."""
    await execute(conn, _SQL["update_registration"], *fields)


async def is_place_free(conn: Connection, edition_id: UUID, registration_id: UUID, mode: str) -> bool:
    """Whether there is a place of a mode for a registration."""
    return bool(await value(conn, _SQL["is_place_free"], edition_id, registration_id, mode))


async def move_registration(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    status: str,
    mode: str,
    waits_for: str | None,
    now: datetime,
) -> None:
    """Change status, mode and line."""
    await execute(conn, _SQL["move_registration"], edition_id, registration_id, status, mode, waits_for, now)


async def list_lapsing(conn: Connection, now: datetime) -> list[UUID]:
    """The editions in which offers have expired."""
    return await fetch_all(conn, _SQL["list_lapsing"], UUID, now)


async def lapse_offers(conn: Connection, edition_id: UUID, now: datetime) -> None:
    """End the offers of an edition that nobody accepted in time."""
    await execute(conn, _SQL["lapse_offers"], edition_id, now)


async def list_transitions(
    conn: Connection, edition_id: UUID, registration_id: UUID, after: int | None, limit: int
) -> list[Transition]:
    """The history of a registration, oldest first."""
    return await fetch_all(conn, _SQL["list_transitions"], Transition, edition_id, registration_id, after, limit)


async def get_change_rules(conn: Connection, edition_id: UUID, mode: str) -> ChangeRules:
    """What decides whether the owner of a registration may change it directly; raises `NotFound`."""
    return await get(conn, _SQL["get_change_rules"], ChangeRules, edition_id, mode)


async def lock_own_registration(
    conn: Connection, edition_id: UUID, person_id: UUID | None, registration_id: UUID | None
) -> OwnRegistration | None:
    """Lock a person's own registration until the transaction ends, an active one before all others."""
    return await find(conn, _SQL["lock_own_registration"], OwnRegistration, edition_id, person_id, registration_id)


async def find_own_registration(
    conn: Connection, edition_id: UUID, person_id: UUID, registration_id: UUID | None
) -> UUID | None:
    """A person's own registration to read by, an active one before all others."""
    return await find(conn, _SQL["find_own_registration"], UUID, edition_id, person_id, registration_id)
