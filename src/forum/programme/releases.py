"""Publishing: the programme as the staff has it, or as it was, becomes a numbered release that never changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from forum.db import Connection
from forum.editions import service as editions
from forum.errors import Conflict, NotFound
from forum.jobs import InviteEdition
from forum.outbox import publish as publish_job
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.programme import queries, release_queries
from forum.programme.kept import KeptRelease
from forum.programme.release_types import (
    ChangedSession,
    Publication,
    Release,
    ReleaseDifference,
    ReleaseHead,
    SessionDifference,
    Told,
    ToldOfSession,
)

LARGEST: Final = 2**31 - 1
"""No release comes to have this number: it fills the database's integer."""


class EditionIsDraft(Conflict):
    """The edition is still a draft"""


async def publish(conn: Connection, edition_id: UUID, published_by: UUID, note: str | None, now: datetime) -> Release:
    """Publish all confirmed and cancelled sessions as the next release, and have invitations follow.

    When nothing has changed since, that is the last release, and nobody is told anything. `published_by` is a token's
    id. Raises `EditionIsDraft`.
    """
    release = await _publish_changes(conn, edition_id, published_by, note, now, None)
    return release or (await release_queries.list_releases(conn, edition_id, None, 1))[0]


async def publish_programme(
    conn: Connection,
    edition_id: UUID,
    published_by: UUID,
    note: str | None,
    dry_run: bool,
    now: datetime,
    restored: int | None = None,
) -> Publication:
    """Publish the sessions, or the content of an earlier release, and tell what has changed since the last release.

    What is told is read from the release itself: sessions may change while it is made. So it is in a dry run, which
    makes the release, counts who would be told what by the rules that tell them, and undoes it all.

    Raises `EditionIsDraft`, and `NotFound` when there is no such release.
    """
    if not dry_run:
        return await _publish_and_compare(conn, edition_id, published_by, note, now, restored)
    last = await release_queries.list_releases(conn, edition_id, None, 1)
    attempt = conn.transaction()
    await attempt.start()
    try:
        publication = await _publish_and_compare(conn, edition_id, published_by, note, now, restored)
        publication.told = await _count_told(conn, edition_id)
    finally:
        await attempt.rollback()
    publication.release = last[0] if last else None
    return publication


async def _publish_and_compare(
    conn: Connection, edition_id: UUID, published_by: UUID, note: str | None, now: datetime, restored: int | None
) -> Publication:
    differences: list[SessionDifference] = []
    if release := await _publish_changes(conn, edition_id, published_by, note, now, restored):
        numbers = (release.number - 1, release.number)
        differences = await release_queries.list_differences(conn, edition_id, *numbers, [])
    last = release or (await release_queries.list_releases(conn, edition_id, None, 1))[0]
    return Publication(release=last, **_by_change(differences))


async def _publish_changes(
    conn: Connection, edition_id: UUID, published_by: UUID, note: str | None, now: datetime, restored: int | None
) -> Release | None:
    """The next release; None when the last one holds just what it would.

    What is brought back may be older than what the staff has made since: no session's calendar sequence may stand
    below what readers then have, nor on the same where it tells something else.
    """
    await queries.lock_programme(conn, edition_id)
    if await release_queries.get_edition_status(conn, edition_id) == "draft":
        raise EditionIsDraft("Announce the edition before you publish its programme.")
    if restored is not None:
        await _find_head(conn, edition_id, restored)
    release = await release_queries.insert_release(conn, edition_id, published_by, note, now, restored)
    if release is not None:
        if restored is not None:
            await release_queries.raise_sequences(conn, edition_id, release.number)
        await publish_job(conn, InviteEdition(edition_id, release.number))
    return release


async def _count_told(conn: Connection, edition_id: UUID) -> Told:
    await release_queries.settle_entries(conn, edition_id)
    whole, *rows = await release_queries.count_told(conn, edition_id)
    names = ToldOfSession.__struct_fields__
    by_session = [{name: getattr(row, name) for name in names} for row in rows]
    return Told(whole.people, whole.messages, msgspec.convert(by_session, list[ToldOfSession]))


def _by_change(differences: Sequence[SessionDifference]) -> dict[str, Any]:
    """The ids of what was added and removed, and the fields of what was changed."""
    return {
        "added": [row.id for row in differences if row.change == "added"],
        "removed": [row.id for row in differences if row.change == "removed"],
        "changed": [ChangedSession(row.id, row.fields) for row in differences if row.change == "changed"],
    }


async def compare_releases(conn: Connection, edition_id: UUID, number: int, other: int | None) -> ReleaseDifference:
    """How a release differs from another, the one before it unless told otherwise; 0 is the empty programme.

    Nobody is named who does not want to be named any more. Raises `NotFound`.
    """
    before = number - 1 if other is None else other
    heads = [await _find_head(conn, edition_id, one) for one in (number, before) if one != 0 or one == number]
    hidden = sorted({speaker for head in heads for speaker in head.hidden_speakers})
    rows = await release_queries.list_differences(conn, edition_id, before, number, hidden)
    return ReleaseDifference(before=before, after=number, **_by_change(rows))


async def list_releases(conn: Connection, principal: Principal, edition_id: UUID, paging: Paging) -> Page[Release]:
    """The releases of an edition, newest first; raises `NotFound` for a draft that is not one's own."""
    await editions.find_edition(conn, principal, edition_id)
    rows = await release_queries.list_releases(conn, edition_id, paging.after(int), paging.limit + 1)
    total = await release_queries.count_releases(conn, edition_id) if paging.count else None
    return paging.page(rows, lambda release: release.number, total)


async def read_release(conn: Connection, edition_id: UUID, number: int) -> KeptRelease:
    """Any release, by its number; raises `NotFound`."""
    head = await _find_head(conn, edition_id, number)
    sessions = await release_queries.list_release_sessions(conn, edition_id, head.number, head.hidden_speakers)
    return KeptRelease(head, sessions)


async def _find_head(conn: Connection, edition_id: UUID, number: int) -> ReleaseHead:
    """A release by its number; raises `NotFound`, also for a number that no release can have."""
    head = await release_queries.find_release_head(conn, edition_id, max(0, min(number, LARGEST)))
    if head is None:
        raise NotFound
    return head
