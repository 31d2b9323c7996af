"""What speakers do by their link: read what they are asked to, answer, and say what may be known of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from forum.bodies import merge
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import NotFound
from forum.http import IfMatch
from forum.permissions import Principal
from forum.programme.service import ChairDoubleBooked, SpeakerDoubleBooked
from forum.speakers import appearance_queries, invitation_queries, queries
from forum.speakers.appearance_types import AppearanceStatus
from forum.speakers.appearances import lock_for_move
from forum.speakers.invitation_types import OwnProfilePatch, SpeakerInvitation
from forum.speakers.profiles import write_profile

ACCEPTED: Final[dict[AppearanceStatus, AppearanceStatus]] = {"invited": "confirmed", "declined": "confirmed"}
DECLINED: Final[dict[AppearanceStatus, AppearanceStatus]] = {"invited": "declined", "confirmed": "withdrawn"}
"""What becomes of an appearance. Whom the staff has withdrawn does not come back by themselves."""


async def find_invitation(
    conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID
) -> SpeakerInvitation:
    """What a speaker sees of themselves and of what they are asked to; for who came by their link alone."""
    _require_link(principal, speaker_id)
    return await invitation_queries.find_invitation(conn, edition_id, speaker_id)


async def update_own_profile(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    speaker_id: UUID,
    patch: OwnProfilePatch,
    if_match: IfMatch,
) -> SpeakerInvitation:
    """Change what a speaker may say of themselves; for who came by their link alone."""
    _require_link(principal, speaker_id)
    before = await queries.lock_speaker(conn, edition_id, speaker_id)
    if_match.require(before.version)
    await write_profile(conn, edition_id, merge(before, patch))
    return await invitation_queries.find_invitation(conn, edition_id, speaker_id)


async def accept_invitation(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    speaker_id: UUID,
    appearance_id: UUID,
    note: str | None,
    now: datetime,
) -> SpeakerInvitation:
    """The speaker comes; raises `WrongStatus`, and `SpeakerDoubleBooked` that does not tell where else they are.

    The other session may not be public yet: it is for the staff to look up.
    """
    session_id = await _find_session(conn, principal, edition_id, speaker_id, appearance_id)
    try:
        await lock_for_move(conn, edition_id, session_id, appearance_id, "confirmed", _require_from(ACCEPTED), now)
    except (SpeakerDoubleBooked, ChairDoubleBooked):
        raise SpeakerDoubleBooked("You are confirmed elsewhere at this time. Ask the organizers.") from None
    await appearance_queries.answer_appearance(conn, edition_id, appearance_id, "confirmed", now, note)
    return await invitation_queries.find_invitation(conn, edition_id, speaker_id)


async def decline_invitation(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    speaker_id: UUID,
    appearance_id: UUID,
    note: str | None,
    now: datetime,
) -> SpeakerInvitation:
    """The speaker does not come, or not after all; raises `WrongStatus`."""
    session_id = await _find_session(conn, principal, edition_id, speaker_id, appearance_id)
    require = _require_from(DECLINED)
    found, _ = await lock_for_move(conn, edition_id, session_id, appearance_id, "declined", require, now)
    status = DECLINED[found.status]
    await appearance_queries.answer_appearance(conn, edition_id, appearance_id, status, now, note)
    return await invitation_queries.find_invitation(conn, edition_id, speaker_id)


def _require_link(principal: Principal, speaker_id: UUID) -> None:
    if principal.speaker_id != speaker_id:
        raise NotFound


async def _find_session(
    conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID, appearance_id: UUID
) -> UUID:
    _require_link(principal, speaker_id)
    return await appearance_queries.find_session_of(conn, edition_id, speaker_id, appearance_id)


def _require_from(targets: dict[AppearanceStatus, AppearanceStatus]) -> Callable[[AppearanceStatus], None]:
    """What raises `WrongStatus`, naming the answers that can be given now, for any status that is not in `targets`."""

    def require(status: AppearanceStatus) -> None:
        if status not in targets:
            allowed = [name for name, states in (("accept", ACCEPTED), ("decline", DECLINED)) if status in states]
            raise WrongStatus(f"It is {status}.", allowed=allowed)

    return require
