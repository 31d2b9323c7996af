"""The HTTP side of speakers; all of the slice's routes come together here."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import ForumRequest, IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.programme.service import forget_release
from forum.seen_tokens import forget_tokens
from forum.speakers import service
from forum.speakers.appearance_routes import HANDLERS as APPEARANCES
from forum.speakers.invitation_routes import HANDLERS as INVITATIONS
from forum.speakers.photo_routes import HANDLERS as PHOTOS
from forum.speakers.types import (
    Consent,
    NewConsent,
    NewSpeaker,
    Speaker,
    SpeakerFilter,
    SpeakerForStaff,
    SpeakerPatch,
)

PUBLIC, WRITE, OWN = needs(Permission.PUBLIC), needs(Permission.PROGRAMME_WRITE), needs(Permission.SPEAKERS_OWN)
TAGS = ["speakers"]
SPEAKERS = "/editions/{edition:str}/speakers"
SPEAKER = f"{SPEAKERS}/{{speaker_id:uuid}}"


@get(SPEAKERS, opt=PUBLIC, operation_id="list_speakers", tags=TAGS)
async def list_speakers(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    entity: FromQuery[UUID | None] = None,
    external_id: FromQuery[str | None] = None,
) -> Page[Speaker] | Page[SpeakerForStaff]:
    """Speakers in the order in which they were added: those who agreed to be named, as everybody may see them.

    Who looks after speakers gets all, with addresses and what else is private.
    """
    return await service.list_speakers(conn, principal, edition_id, SpeakerFilter(entity, external_id), paging)


@post(SPEAKERS, opt=WRITE, operation_id="create_speaker", tags=TAGS)
async def create_speaker(
    data: JSONBody[NewSpeaker],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakerForStaff:
    """Add a speaker. Their name is public only when `published` says that they agreed."""
    return await service.create_speaker(conn, principal, edition_id, data, now)


@get(SPEAKER, opt=PUBLIC, operation_id="get_speaker", tags=TAGS)
async def get_speaker(
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Speaker | SpeakerForStaff:
    """One speaker who agreed to be named; any, and with what is private, for who looks after speakers."""
    return await service.find_speaker(conn, principal, edition_id, speaker_id)


@patch(SPEAKER, opt=WRITE, operation_id="update_speaker", tags=TAGS)
async def update_speaker(
    data: JSONBody[SpeakerPatch],
    request: ForumRequest,
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakerForStaff:
    """Change a speaker. With `published: false` the name leaves every public answer at once, releases included.

    Whether they are published is noted as a consent on the word of the staff.
    """
    forget_release(request, edition_id)
    forget_tokens(request)
    return await service.update_speaker(conn, principal, edition_id, speaker_id, data, if_match, now)


@post(f"{SPEAKER}/consent", opt=OWN, status_code=200, operation_id="record_consent", tags=TAGS)
async def record_consent(
    data: JSONBody[NewConsent],
    request: ForumRequest,
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Consent:
    """Agree to be published as a speaker, or take that back, which holds at once, releases included.

    For speakers by their link, and for who looks after them, with a note of how they know.
    """
    forget_release(request, edition_id)
    return await service.record_consent(conn, principal, edition_id, speaker_id, data, now)


@get(f"{SPEAKER}/consents", opt=OWN, operation_id="list_consents", tags=TAGS)
async def list_consents(
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[Consent]:
    """Whether a speaker agreed to be published, each time that it was said, oldest first: the last one holds."""
    return await service.list_consents(conn, principal, edition_id, speaker_id, paging)


HANDLERS = [
    list_speakers,
    create_speaker,
    get_speaker,
    update_speaker,
    record_consent,
    list_consents,
    *PHOTOS,
    *INVITATIONS,
    *APPEARANCES,
]
