"""One function for each statement of `speakers_links.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, find, get
from forum.speakers.invitation_types import Addressee, LinkedSpeaker, SpeakerInvitation
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers_links")


async def find_addressee(conn: Connection, edition_id: UUID, speaker_id: UUID) -> Addressee:
    """Where a speaker is written to; raises `NotFound` without the speaker."""
    return await get(conn, _SQL["find_addressee"], Addressee, edition_id, speaker_id)


async def ensure_link(conn: Connection, edition_id: UUID, speaker_id: UUID, now: datetime) -> None:
    """Make a link for a speaker who has none."""
    await execute(conn, _SQL["ensure_link"], edition_id, speaker_id, now)


async def find_linked(conn: Connection, link_id: UUID, days_after: int) -> LinkedSpeaker | None:
    """The speaker that a link leads to, until so many days after its edition."""
    return await find(conn, _SQL["find_linked"], LinkedSpeaker, link_id, days_after)


async def find_invitation(conn: Connection, edition_id: UUID, speaker_id: UUID) -> SpeakerInvitation:
    """What a speaker reads by their link."""
    return await get(conn, _SQL["find_invitation"], SpeakerInvitation, edition_id, speaker_id)
