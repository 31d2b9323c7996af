"""The rules of speakers' profiles: who sees what of them, and whether they agree to be published.

What is private is read by statements of its own, for who looks after speakers: the others do not know of it.
"""

from datetime import datetime
from uuid import UUID

from msgspec import to_builtins

from forum.bodies import merge
from forum.db import Connection
from forum.editions import service as editions
from forum.errors import Conflict, NotFound
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.speakers import queries
from forum.speakers.types import (
    Consent,
    NewConsent,
    NewSpeaker,
    Speaker,
    SpeakerFilter,
    SpeakerForStaff,
    SpeakerPatch,
)


class RegistrationHasSpeaker(Conflict, constraint="speakers_one_per_registration"):
    """Another speaker is the holder of this registration"""


async def create_speaker(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewSpeaker, now: datetime
) -> SpeakerForStaff:
    """A new speaker, named in public only when `published` says that they agreed; raises `RegistrationHasSpeaker`."""
    return await queries.insert_speaker(conn, edition_id, new_id(), new, now, principal.token_id)


async def find_speaker(
    conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID
) -> Speaker | SpeakerForStaff:
    """A speaker; who has not agreed to be named is there for those who look after speakers only."""
    if principal.may(Permission.PROGRAMME_WRITE, edition_id):
        return await queries.find_speaker_for_staff(conn, edition_id, speaker_id)
    return await queries.find_speaker(conn, edition_id, speaker_id)


async def list_speakers(
    conn: Connection, principal: Principal, edition_id: UUID, wanted: SpeakerFilter, paging: Paging
) -> Page[Speaker] | Page[SpeakerForStaff]:
    """Speakers in the order in which they were added; raises `NotFound` for a draft that is not one's own."""
    await editions.find_edition(conn, principal, edition_id)
    if principal.may(Permission.PROGRAMME_WRITE, edition_id):
        all_rows = await queries.list_speakers_for_staff(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1)
        total = await queries.count_speakers_for_staff(conn, edition_id, wanted) if paging.count else None
        return paging.page(all_rows, lambda speaker: speaker.id, total)
    rows = await queries.list_speakers(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_speakers(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, lambda speaker: speaker.id, total)


async def update_speaker(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    speaker_id: UUID,
    patch: SpeakerPatch,
    if_match: IfMatch,
    now: datetime,
) -> SpeakerForStaff:
    """Change a speaker. With `published` taken back, the name leaves every public answer at once.

    Whether they are published is noted as a consent on the word of the staff.
    """
    before = await queries.lock_speaker(conn, edition_id, speaker_id)
    if_match.require(before.version)
    after = merge(before, patch)
    if after.published != before.published:
        said = (after.published, "staff", now, principal.token_id, None)
        await queries.record_consent(conn, edition_id, speaker_id, *said)
    await write_profile(conn, edition_id, after)
    return await queries.find_speaker_for_staff(conn, edition_id, speaker_id)


async def write_profile(conn: Connection, edition_id: UUID, speaker: SpeakerForStaff) -> None:
    """Write every field of a speaker but `published`. The caller has locked it."""
    await queries.update_speaker(
        conn, edition_id, speaker.id, speaker.display_name, speaker.honorific, speaker.function, speaker.entity,
        speaker.country, speaker.biography, speaker.external_id, speaker.registration, speaker.email,
        speaker.language, to_builtins(speaker.availabilities),
    )  # fmt: skip


def require_own(principal: Principal, edition_id: UUID, speaker_id: UUID) -> None:
    """Raise `NotFound` unless the principal looks after speakers, or is the one who came by this speaker's link."""
    if principal.speaker_id != speaker_id and not principal.may(Permission.PROGRAMME_WRITE, edition_id):
        raise NotFound


async def record_consent(
    conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID, new: NewConsent, now: datetime
) -> Consent:
    """Note that a speaker agrees to be published, or does not any more: their own word, or what the staff knows."""
    require_own(principal, edition_id, speaker_id)
    await queries.lock_speaker(conn, edition_id, speaker_id)
    way = "link" if principal.speaker_id == speaker_id else "staff"
    said = (new.agreed, way, now, principal.token_id, new.note)
    return await queries.record_consent(conn, edition_id, speaker_id, *said)


async def list_consents(
    conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID, paging: Paging
) -> Page[Consent]:
    """What was said of a speaker's being published, oldest first; raises `NotFound` without the speaker."""
    require_own(principal, edition_id, speaker_id)
    await queries.find_speaker_for_staff(conn, edition_id, speaker_id)
    rows = await queries.list_consents(conn, edition_id, speaker_id, paging.after(int), paging.limit + 1)
    return paging.page(rows, lambda consent: consent.number)


async def is_available(
    conn: Connection, edition_id: UUID, speaker_id: UUID, starts_at: datetime | None, ends_at: datetime | None
) -> bool:
    """Whether a speaker can be there from when to when: yes, too, where nobody has said when they can.

    In SQL the same is `is_speaker_available(availabilities, starts_at, ends_at)`.
    """
    return await queries.is_available(conn, edition_id, speaker_id, starts_at, ends_at)
