"""Publishing: the programme as the staff has it becomes a numbered release that never changes."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.editions import service as editions
from forum.errors import Conflict, NotFound
from forum.jobs import InviteEdition
from forum.outbox import publish as publish_job
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.programme import queries, release_queries
from forum.programme.kept import KeptRelease
from forum.programme.release_types import ChangedSession, Publication, Release, SessionDifference


class EditionIsDraft(Conflict):
    """The edition is still a draft"""


async def publish(conn: Connection, edition_id: UUID, published_by: UUID, note: str | None, now: datetime) -> Release:
    """Publish all confirmed and cancelled sessions as the next release, and have invitations follow.

    When nothing has changed since, that is the last release, and nobody is told anything. `published_by` is a token's
    id. Raises `EditionIsDraft`.
    """
    release = await _publish_changes(conn, edition_id, published_by, note, now)
    return release or (await release_queries.list_releases(conn, edition_id, None, 1))[0]


async def publish_programme(
    conn: Connection, edition_id: UUID, published_by: UUID, note: str | None, dry_run: bool, now: datetime
) -> Publication:
    """Publish, or in a dry run only tell, what has changed since the last release.

    What is told is read from the release itself: sessions may change while it is made.
    """
    differences: list[SessionDifference] = []
    if dry_run:
        differences = await release_queries.list_differences(conn, edition_id, None)
    elif release := await _publish_changes(conn, edition_id, published_by, note, now):
        differences = await release_queries.list_differences(conn, edition_id, release.number)
    last = await release_queries.list_releases(conn, edition_id, None, 1)
    return Publication(
        release=last[0] if last else None,
        added=[row.id for row in differences if row.change == "added"],
        removed=[row.id for row in differences if row.change == "removed"],
        changed=[ChangedSession(row.id, row.fields) for row in differences if row.change == "changed"],
    )


async def _publish_changes(
    conn: Connection, edition_id: UUID, published_by: UUID, note: str | None, now: datetime
) -> Release | None:
    """The next release; None when the last one holds just what it would."""
    await queries.lock_programme(conn, edition_id)
    if await release_queries.get_edition_status(conn, edition_id) == "draft":
        raise EditionIsDraft("Announce the edition before you publish its programme.")
    release = await release_queries.insert_release(conn, edition_id, published_by, note, now)
    if release is not None:
        await publish_job(conn, InviteEdition(edition_id, release.number))
    return release


async def list_releases(conn: Connection, principal: Principal, edition_id: UUID, paging: Paging) -> Page[Release]:
    """The releases of an edition, newest first; raises `NotFound` for a draft that is not one's own."""
    await editions.find_edition(conn, principal, edition_id)
    rows = await release_queries.list_releases(conn, edition_id, paging.after(int), paging.limit + 1)
    total = await release_queries.count_releases(conn, edition_id) if paging.count else None
    return paging.page(rows, lambda release: release.number, total)


async def read_release(conn: Connection, edition_id: UUID, number: int) -> KeptRelease:
    """Any release, by its number; raises `NotFound`."""
    head = await release_queries.find_release_head(conn, edition_id, number)
    if head is None:
        raise NotFound
    sessions = await release_queries.list_release_sessions(conn, edition_id, head.number, head.hidden_speakers)
    return KeptRelease(head, sessions)
