"""One function for each statement of `registrations_erasure.sql`."""

from datetime import datetime
from uuid import UUID

import msgspec

from forum.db import Connection, execute, fetch_all, find, get, value
from forum.registrations.erasure_types import EmptiedRows, Erasable, ErasableKey, KeptRows
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations_erasure")


async def list_erasable(conn: Connection, person_id: UUID) -> list[ErasableKey]:
    """The registrations of a person that are not erased, in the order in which places are locked."""
    return await fetch_all(conn, _SQL["list_erasable"], ErasableKey, person_id)


async def find_status(conn: Connection, edition_id: UUID, registration_id: UUID) -> str | None:
    """What a registration is, if there is one."""
    return await find(conn, _SQL["find_status"], str, edition_id, registration_id)


async def lock_erasable(conn: Connection, edition_id: UUID, registration_id: UUID, token_id: str) -> Erasable | None:
    """Lock a registration, and remember who acts for the history."""
    return await find(conn, _SQL["lock_erasable"], Erasable, edition_id, registration_id, token_id)


async def insert_nobody(conn: Connection, id: UUID, now: datetime) -> None:
    """Make somebody whom nothing leads to."""
    await execute(conn, _SQL["insert_nobody"], id, now)


async def erase_registration(
    conn: Connection, edition_id: UUID, registration_id: UUID, nobody: UUID, now: datetime, person_id: UUID
) -> EmptiedRows:
    """Take out of a registration and its history whose it was."""
    row = (edition_id, registration_id, nobody, now, person_id)
    return await get(conn, _SQL["erase_registration"], EmptiedRows, *row)


async def delete_personal_rows(conn: Connection, edition_id: UUID, registration_id: UUID) -> dict[str, int]:
    """Delete what belongs to a registration where the rule of the table says so; how many rows each had."""
    counts = await value(conn, _SQL["delete_personal_rows"], edition_id, registration_id)
    return msgspec.convert(counts, dict[str, int])


async def count_kept_rows(conn: Connection, edition_id: UUID, registration_id: UUID) -> dict[str, KeptRows]:
    """How many rows of a registration stay in each table, and on what basis."""
    counts = await value(conn, _SQL["count_kept_rows"], edition_id, registration_id)
    return msgspec.convert(counts, dict[str, KeptRows])


async def delete_objections(conn: Connection, person_id: UUID) -> None:
    """Forget what a person had objected to."""
    await execute(conn, _SQL["delete_objections"], person_id)


async def is_person_needed(conn: Connection, person_id: UUID) -> bool:
    """Whether anything but tokens and objections still refers to a person."""
    return bool(await value(conn, _SQL["is_person_needed"], person_id))
