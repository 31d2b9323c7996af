"""What registrars list, count and take away as a table.

A list goes on after the last item that was seen, by what it is sorted by and that item's id: a cursor of one order is
none of another, but for its direction.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec.structs import astuple

from forum import exports
from forum.codes import Mode
from forum.db import Connection, Pool
from forum.errors import Fault, Invalid
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.questions import service as questions
from forum.registrations import list_queries as queries
from forum.registrations.list_types import (
    CountedBy,
    ListedRegistration,
    Position,
    RegistrationCounts,
    RegistrationFilter,
    RegistrationRow,
    SortedBy,
)
from forum.registrations.types import RegistrationStatus

COLUMNS: Final = RegistrationRow.__struct_fields__[:-1]
"""What every table has; then comes a column for each question."""
LETTERS_SORTED: Final = 40
"""So many letters of a family name decide, as in the database; who has the same come as they were made."""


def check_filter(wanted: RegistrationFilter) -> RegistrationFilter:
    """The same filter; raises `Invalid` when it looks for no word at all, or for an answer to nothing."""
    if wanted.q is not None and not wanted.q.strip():
        raise Invalid([Fault(parameter="q", code="blank", detail="Give a part of a name or of an address.")])
    if wanted.answer is not None and wanted.question is None:
        raise Invalid([Fault(parameter="question", code="missing", detail="Say which question that answers.")])
    return wanted


def find_position(paging: Paging, sort: SortedBy) -> Position:
    """Where a page begins; raises `Invalid` for a cursor of another order."""
    if sort.endswith("family_name"):
        id, name = paging.after(tuple[UUID, str]) or (None, None)
        return Position(sort, id, name=name)
    if sort.endswith("status_changed_at"):
        id, at = paging.after(tuple[UUID, datetime]) or (None, None)
        return Position(sort, id, at=at)
    return Position(sort, paging.after(UUID))


async def list_registrations(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    wanted: RegistrationFilter,
    sort: SortedBy,
    paging: Paging,
) -> Page[ListedRegistration]:
    """The registrations of an edition; a focal point sees those of their own."""
    reach = principal.reach(Permission.REGISTRATIONS_READ, edition_id)
    position = find_position(paging, sort)
    rows = await queries.list_registrations(conn, edition_id, wanted, reach, position, paging.limit + 1)
    total = await queries.count_registrations(conn, edition_id, wanted, reach) if paging.count else None
    return paging.page(rows, lambda one: _key(sort, one.id, one.person.family_name, one.status_changed_at), total)


def _key(sort: SortedBy, id: UUID, family_name: str, status_changed_at: datetime) -> Any:
    if sort.endswith("family_name"):
        return id, family_name[:LETTERS_SORTED]
    return (id, status_changed_at) if sort.endswith("status_changed_at") else id


async def read_rows(
    conn: Connection, edition_id: UUID, wanted: RegistrationFilter, reach: list[UUID] | None, position: Position
) -> list[RegistrationRow]:
    """The next rows of a table; fewer than `ROWS_AT_ONCE` are the last ones."""
    return await queries.list_registration_rows(conn, edition_id, wanted, reach, position, exports.ROWS_AT_ONCE)


async def list_question_keys(conn: Connection, edition_id: UUID) -> list[str]:
    """The questions that are columns of a table, in their order."""
    return await questions.list_exported_keys(conn, edition_id)


def encode_table(
    pool: Pool,
    edition_id: UUID,
    wanted: RegistrationFilter,
    reach: list[UUID] | None,
    sort: SortedBy,
    rows: list[RegistrationRow],
    format: str,
    keys: Sequence[str],
) -> AsyncIterator[bytes]:
    """A table in a format, of which the first `rows` were read before, with a column for each question of these keys.

    Each registration is in it as it was when its page was read. In the order in which they were made each is in it at
    most once; in another order, who is renamed or moved meanwhile may be in it twice, or not at all.
    """

    async def read_next(conn: Connection, last: RegistrationRow) -> list[RegistrationRow]:
        position = Position(sort, last.id, last.family_name[:LETTERS_SORTED], last.status_changed_at)
        return await read_rows(conn, edition_id, wanted, reach, position)

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
