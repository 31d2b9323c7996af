"""What registrars list, count and take away as a table."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec.structs import astuple

from forum import exports
from forum.codes import Mode
from forum.db import Connection, Pool
from forum.errors import Fault, Invalid
from forum.permissions import Permission, Principal
from forum.questions import service as questions
from forum.registrations import list_queries as queries
from forum.registrations.list_types import CountedBy, RegistrationCounts, RegistrationRow
from forum.registrations.types import RegistrationFilter, RegistrationStatus

COLUMNS: Final = RegistrationRow.__struct_fields__[:-1]
"""What every table has; then comes a column for each question."""


def require_words(wanted: RegistrationFilter) -> RegistrationFilter:
    """The same filter; raises `Invalid` when it looks for no word at all."""
    if wanted.q is not None and not wanted.q.strip():
        raise Invalid([Fault(parameter="q", code="blank", detail="Give a part of a name or of an address.")])
    return wanted


async def read_rows(
    conn: Connection, edition_id: UUID, wanted: RegistrationFilter, reach: list[UUID] | None, after: UUID | None
) -> list[RegistrationRow]:
    """The next rows of a table; fewer than `ROWS_AT_ONCE` are the last ones."""
    return await queries.list_registration_rows(conn, edition_id, wanted, after, exports.ROWS_AT_ONCE, reach)


async def list_question_keys(conn: Connection, edition_id: UUID) -> list[str]:
    """The questions that are columns of a table, in their order."""
    return await questions.list_exported_keys(conn, edition_id)


def encode_table(
    pool: Pool,
    edition_id: UUID,
    wanted: RegistrationFilter,
    reach: list[UUID] | None,
    rows: list[RegistrationRow],
    format: str,
    keys: Sequence[str],
) -> AsyncIterator[bytes]:
    """A table in a format, of which the first `rows` were read before, with a column for each question of these keys.

    Each registration is in it at most once, as it was when its page was read; who registers meanwhile comes last.
    """

    async def read_next(conn: Connection, last: RegistrationRow) -> list[RegistrationRow]:
        return await read_rows(conn, edition_id, wanted, reach, last.id)

    def items_of(row: RegistrationRow) -> list[Any]:
        return [*astuple(row)[:-1], *(row.answers.get(key) for key in keys)]

    pages = exports.read_pages(pool, rows, read_next)
    return exports.ENCODERS[format]([*COLUMNS, *keys], pages, items_of)


async def count_registrations(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    by: CountedBy,
    status: RegistrationStatus | None,
    mode: Mode | None,
) -> RegistrationCounts:
    """Registrations of an edition by status, mode, category, delegation or country, all or of one status and mode.

    A focal point counts the people of their own delegations.
    """
    reach = principal.reach(Permission.REGISTRATIONS_READ, edition_id)
    items = await queries.count_registrations_by(conn, edition_id, by, status, mode, reach)
    return RegistrationCounts(by, items, sum(item.count for item in items))
