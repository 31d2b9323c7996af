"""One function for each statement of `speakers_photos.sql`."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, get
from forum.speakers.photo_types import FoundPhoto, PhotoSize, Picture
from forum.sqlfiles import load_statements

_SQL = load_statements("speakers_photos")


async def keep_photo(conn: Connection, edition_id: UUID, speaker_id: UUID, picture: Picture, now: datetime) -> None:
    """Keep the photo of a speaker in the place of the one before."""
    row = (picture.small, picture.large, picture.tag)
    await execute(conn, _SQL["keep_photo"], edition_id, speaker_id, *row, now)


async def delete_photo(conn: Connection, edition_id: UUID, speaker_id: UUID) -> None:
    """Keep no photo of a speaker any more."""
    await execute(conn, _SQL["delete_photo"], edition_id, speaker_id)


async def find_photo(
    conn: Connection, edition_id: UUID, speaker_id: UUID, sees_all: bool, size: PhotoSize, if_none_match: str
) -> FoundPhoto:
    """The photo of a speaker, without its bytes for who has them already; raises `NotFound`."""
    asked = (sees_all, size, if_none_match)
    return await get(conn, _SQL["find_photo"], FoundPhoto, edition_id, speaker_id, *asked)
