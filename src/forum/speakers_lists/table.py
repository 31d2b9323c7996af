"""A list of speakers as a table to take away. Who needs more time is left out, because a file is passed on."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from forum import exports
from forum.db import Connection, Pool
from forum.permissions import Principal
from forum.speakers_lists import lists
from forum.speakers_lists import request_queries as queries
from forum.speakers_lists.planning import Plan, read_plan, show
from forum.speakers_lists.request_types import RequestFilter, SpeakingRequest, StoredRequest
from forum.speakers_lists.requests import reader_of

COLUMNS: Final = [
    name for name in SpeakingRequest.__struct_fields__ if name not in ("needs_more_time", "statement", "version")
]


class Table(Struct):
    """What is to be read, by whom, and the first rows of it."""

    edition_id: UUID
    list_id: UUID
    reader: tuple[list[UUID] | None, UUID | None]
    wanted: RequestFilter
    plan: Plan
    now: datetime
    rows: list[StoredRequest]


async def read_table(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, wanted: RequestFilter, now: datetime
) -> Table:
    """The first rows of a list, and when who waits will have the floor; raises `NotFound`."""
    stored = await lists.find_stored(conn, principal, edition_id, session_id)
    reader = reader_of(principal, edition_id)
    plan = await read_plan(conn, edition_id, stored, now, reader[0] is None)
    chosen = (edition_id, stored.id, *reader, wanted)
    rows = await queries.list_requests(conn, *chosen, None, None, exports.ROWS_AT_ONCE)
    return Table(edition_id, stored.id, reader, wanted, plan, now, rows)


def encode_table(pool: Pool, table: Table, format: str) -> AsyncIterator[bytes]:
    """A table in a format; what was not read yet is read while it is sent."""

    async def read_next(conn: Connection, last: StoredRequest) -> list[StoredRequest]:
        chosen = (table.edition_id, table.list_id, *table.reader, table.wanted)
        return await queries.list_requests(conn, *chosen, last.position, last.id, exports.ROWS_AT_ONCE)

    def items_of(row: StoredRequest) -> Iterator[Any]:
        shown = show(row, table.plan, table.now)
        return (getattr(shown, name) for name in COLUMNS)

    return exports.ENCODERS[format](COLUMNS, exports.read_pages(pool, table.rows, read_next), items_of)
