"""The rules of speakers' photos: who may give one, and who sees it."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.http import IfMatch
from forum.permissions import Permission, Principal
from forum.speakers import photo_queries, queries
from forum.speakers.photo_types import FoundPhoto, KeptPhoto, PhotoSize, Picture
from forum.speakers.profiles import require_own
from forum.speakers.types import SpeakerForStaff


async def keep_photo(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    speaker_id: UUID,
    picture: Picture,
    if_match: IfMatch,
    now: datetime,
) -> KeptPhoto:
    """Keep a photo in the place of the one before; the version of the speaker rises."""
    await _lock(conn, principal, edition_id, speaker_id, if_match)
    await photo_queries.keep_photo(conn, edition_id, speaker_id, picture, now)
    kept = await queries.find_speaker_for_staff(conn, edition_id, speaker_id)
    assert kept.photo is not None
    return KeptPhoto(kept.photo, kept.version)


async def delete_photo(
    conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID, if_match: IfMatch
) -> None:
    """Show no photo any more; where there is none nothing changes."""
    await _lock(conn, principal, edition_id, speaker_id, if_match)
    await photo_queries.delete_photo(conn, edition_id, speaker_id)


async def find_photo(
    conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID, size: PhotoSize, if_none_match: str
) -> FoundPhoto:
    """The photo of who agreed to be published, and of anybody for the staff and for themselves; raises `NotFound`."""
    sees_all = principal.speaker_id == speaker_id or principal.may(Permission.PROGRAMME_WRITE, edition_id)
    return await photo_queries.find_photo(conn, edition_id, speaker_id, sees_all, size, if_none_match)


async def _lock(
    conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID, if_match: IfMatch
) -> SpeakerForStaff:
    require_own(principal, edition_id, speaker_id)
    speaker = await queries.lock_speaker(conn, edition_id, speaker_id)
    if_match.require(speaker.version)
    return speaker
