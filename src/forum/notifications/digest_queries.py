"""One function for each statement of `notifications_digests.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, fetch_all, value
from forum.notifications.types import Entry
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_digests")


async def lock_waiting(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID]) -> None:
    """Hold back what waits to be sent to these people until the transaction ends."""
    await execute(conn, _SQL["lock_waiting"], edition_id, registration_ids)


async def gather_entries(
    conn: Connection,
    edition_id: UUID,
    registration_ids: Sequence[UUID],
    now: datetime,
    changes_in_digest: int,
    most_alone: int,
    most_in_digest: int,
) -> int:
    """Have queued entries go out together; how many went from one mail to another."""
    limits = changes_in_digest, most_alone, most_in_digest
    return int(await value(conn, _SQL["gather_entries"], edition_id, registration_ids, now, *limits))


async def list_entries(conn: Connection, digest_ids: Sequence[UUID]) -> list[Entry]:
    """The calendar entries that go out in these digests."""
    return await fetch_all(conn, _SQL["list_entries"], Entry, digest_ids)


async def lock_digest_of(conn: Connection, edition_id: UUID, message_id: UUID) -> list[UUID]:
    """Lock the digest in which an entry waits; none, when it is none or waits alone."""
    return await fetch_all(conn, _SQL["lock_digest_of"], UUID, edition_id, message_id)


async def drop_empty_digest(conn: Connection, digest_id: UUID) -> None:
    """A digest whose last entry was taken back is not sent."""
    await execute(conn, _SQL["drop_empty_digest"], digest_id)


async def resend_entries(conn: Connection, edition_id: UUID, digest_id: UUID, new_id: UUID, now: datetime) -> None:
    """Queue the calendar entries of a digest once more, with the one that repeats it."""
    await execute(conn, _SQL["resend_entries"], edition_id, digest_id, new_id, now)
