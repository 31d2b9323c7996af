"""One function for each statement of `registrations_lists.sql`."""

from uuid import UUID

from forum.db import Connection, columns, fetch_all, value
from forum.registrations.list_types import (
    ListedRegistration,
    Position,
    RegistrationCount,
    RegistrationFilter,
    RegistrationRow,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations_lists")


async def list_registrations(
    conn: Connection,
    edition_id: UUID,
    wanted: RegistrationFilter,
    reach: list[UUID] | None,
    position: Position,
    limit: int,
) -> list[ListedRegistration]:
    """The registrations of an edition, of the delegations within `reach` (None: all)."""
    chosen = (edition_id, *columns(wanted), reach, *columns(position), limit)
    return await fetch_all(conn, _SQL["list_registrations"], ListedRegistration, *chosen)


async def count_registrations(
    conn: Connection, edition_id: UUID, wanted: RegistrationFilter, reach: list[UUID] | None
) -> int:
    """How many registrations the list has."""
    return int(await value(conn, _SQL["count_registrations"], edition_id, *columns(wanted), reach))


async def list_registration_rows(
    conn: Connection,
    edition_id: UUID,
    wanted: RegistrationFilter,
    reach: list[UUID] | None,
    position: Position,
    limit: int,
) -> list[RegistrationRow]:
    """The registrations of an edition, of the delegations within `reach` (None: all), as lines of a table."""
    chosen = (edition_id, *columns(wanted), reach, *columns(position), limit)
    return await fetch_all(conn, _SQL["list_registration_rows"], RegistrationRow, *chosen)


async def count_registrations_by(
    conn: Connection, edition_id: UUID, by: str, status: str | None, mode: str | None, reach: list[UUID] | None
) -> list[RegistrationCount]:
    """How many registrations within `reach` there are of each value, the largest number first."""
    chosen = (edition_id, by, status, mode, reach)
    return await fetch_all(conn, _SQL["count_registrations_by"], RegistrationCount, *chosen)
