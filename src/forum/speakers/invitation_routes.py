"""The HTTP side of what speakers do by the link that was mailed to them."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.permissions import Permission, Principal, needs
from forum.speakers import service
from forum.speakers.invitation_types import (
    InvitationAnswer,
    OpenedSpeakerLink,
    OwnProfilePatch,
    SpeakerInvitation,
    SpeakerLinkToken,
)

PUBLIC, OWN = needs(Permission.PUBLIC), needs(Permission.SPEAKERS_OWN)
TAGS = ["speakers"]
SPEAKER = "/editions/{edition:str}/speakers/{speaker_id:uuid}"


@post("/auth/speaker-link", opt=PUBLIC, operation_id="open_speaker_link", tags=TAGS)
async def open_speaker_link(
    data: JSONBody[SpeakerLinkToken],
    state: State,
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> OpenedSpeakerLink:
    """Exchange what stands behind the `#` of a speaker's link for a token that is good for that one speaker.

    With it the speaker reads what they are asked to, answers, and says what may be published of them. 401 `wrong_link`
    is the same for a link that never was, and that is over.
    """
    return await service.open_link(conn, data.token, state.key_ring, now)


@get(f"{SPEAKER}/invitation", opt=OWN, operation_id="get_speaker_invitation", tags=TAGS)
async def get_speaker_invitation(
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> SpeakerInvitation:
    """What is kept of you as a speaker, and what you are asked to; for who came by the link of this speaker."""
    return await service.find_invitation(conn, principal, edition_id, speaker_id)


@patch(f"{SPEAKER}/profile", opt=OWN, operation_id="update_own_profile", tags=TAGS)
async def update_own_profile(
    data: JSONBody[OwnProfilePatch],
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> SpeakerInvitation:
    """Change your biography, honorific and function, or say when you can speak; for who came by the speaker's link."""
    return await service.update_own_profile(conn, principal, edition_id, speaker_id, data, if_match)


@post(
    f"{SPEAKER}/appearances/{{appearance_id:uuid}}/accept",
    opt=OWN,
    status_code=200,
    operation_id="accept_invitation",
    tags=TAGS,
)
async def accept_invitation(
    data: JSONBody[InvitationAnswer],
    speaker_id: FromPath[UUID],
    appearance_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakerInvitation:
    """Say that you come; for who came by the speaker's link.

    409 `speaker_double_booked` when you are confirmed elsewhere at that time; where that is, the organizers know.
    """
    answer = (appearance_id, data.note, now)
    return await service.accept_invitation(conn, principal, edition_id, speaker_id, *answer)


@post(
    f"{SPEAKER}/appearances/{{appearance_id:uuid}}/decline",
    opt=OWN,
    status_code=200,
    operation_id="decline_invitation",
    tags=TAGS,
)
async def decline_invitation(
    data: JSONBody[InvitationAnswer],
    speaker_id: FromPath[UUID],
    appearance_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakerInvitation:
    """Say that you do not come, or not after all, in your own words if you like; for who came by the speaker's link."""
    answer = (appearance_id, data.note, now)
    return await service.decline_invitation(conn, principal, edition_id, speaker_id, *answer)


HANDLERS = [open_speaker_link, get_speaker_invitation, update_own_profile, accept_invitation, decline_invitation]
