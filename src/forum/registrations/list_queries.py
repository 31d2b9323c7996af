"""One function for each statement of `registrations.sql` about exports and counts."""

from uuid import UUID

from forum.db import Connection, columns, fetch_all
from forum.registrations.list_types import RegistrationCount, RegistrationRow
from forum.registrations.types import RegistrationFilter
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations")


async def list_registration_rows(
    conn: Connection,
    edition_id: UUID,
    wanted: RegistrationFilter,
    after: UUID | None,
    limit: int,
    reach: list[UUID] | None,
) -> list[RegistrationRow]:
    """The registrations of an edition, of the delegations within `reach` (None: all), as lines of a table."""
    chosen = (edition_id, *columns(wanted), after, limit, reach)
    return await fetch_all(conn, _SQL["list_registration_rows"], RegistrationRow, *chosen)


async def count_registrations_by(
    conn: Connection, edition_id: UUID, by: str, status: str | None, mode: str | None, reach: list[UUID] | None
) -> list[RegistrationCount]:
    """How many registrations within `reach` there are of each value, the largest number first."""
    chosen = (edition_id, by, status, mode, reach)
    return await fetch_all(conn, _SQL["count_registrations_by"], RegistrationCount, *chosen)
