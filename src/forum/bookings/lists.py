"""What registrars take away as a table: who is expected in a session, and who waits."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from forum import exports
from forum.bookings import queries
from forum.bookings.types import BookingFilter, BookingRow
from forum.db import Connection, Pool

COLUMNS: Final = BookingRow.__struct_fields__


async def read_rows(
    conn: Connection, edition_id: UUID, session_id: UUID, wanted: BookingFilter, after: UUID | None
) -> list[BookingRow]:
    """The first rows of a table, after a cursor; raises `NotFound` without the session."""
    await queries.find_bookable_session(conn, edition_id, session_id, None)
    return await queries.list_booking_rows(conn, edition_id, session_id, wanted, after, exports.ROWS_AT_ONCE)


def encode_table(
    pool: Pool, edition_id: UUID, session_id: UUID, wanted: BookingFilter, rows: list[BookingRow], format: str
) -> AsyncIterator[bytes]:
    """A table in a format, of which the first `rows` were read before; the others are read while it is sent."""

    async def read_next(conn: Connection, last: BookingRow) -> list[BookingRow]:
        return await queries.list_booking_rows(conn, edition_id, session_id, wanted, last.id, exports.ROWS_AT_ONCE)

    return exports.ENCODERS[format](COLUMNS, exports.read_pages(pool, rows, read_next))
