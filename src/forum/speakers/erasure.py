"""What becomes of a speaker who is erased: the record of what was said stays, and nothing else of them does."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from msgspec import structs

from forum.db import Connection
from forum.speakers import queries
from forum.speakers.types import SpeakerKey


async def list_speakers_of_person(
    conn: Connection, edition_id: UUID | None, registration_id: UUID | None, person_id: UUID | None
) -> list[SpeakerKey]:
    """Who speaks as the holder of a registration, or is reached at the address of a person."""
    return await queries.list_speakers_of_person(conn, edition_id, registration_id, person_id)


async def erase_speakers(conn: Connection, speakers: list[SpeakerKey], now: datetime) -> dict[str, int]:
    """Take out of these speakers what tells who they are; out of how many rows of each table that was.

    Who has spoken, or announced a pledge, stays by name, function, entity and country: the record of the forum. Who has
    not is named no more, in releases as in anything else, and comes nowhere.
    """
    removed: Counter[str] = Counter()
    for key in speakers:
        removed.update(structs.asdict(await queries.erase_speaker(conn, key.edition_id, key.id, now)))
    return dict(removed)
