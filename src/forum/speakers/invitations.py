"""The mail that asks a speaker to a session, and the link in it.

A link's token is built and signed as that of a registration is, for a purpose of its own: it stands behind the `#` of
the address, and what it is exchanged for is good for that one speaker. Opening it changes nothing.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from forum.accounts import service as accounts
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict
from forum.outbox import queue_message
from forum.registrations.service import KeyRing, WrongLink, sign, verify
from forum.speakers import invitation_queries as queries
from forum.speakers.appearance_types import Appearance
from forum.speakers.invitation_types import OpenedSpeakerLink

_DOMAIN: Final = b"forum speaker link"
LASTS_DAYS_AFTER_EDITION: Final = 90
"""As long as that of a registration: consent can be taken back when all is over."""
OPEN_FOR: Final = timedelta(hours=12)
OVER: Final = frozenset({"ended", "archived", "cancelled"})


class SpeakerHasNoAddress(Conflict):
    """Nobody knows where to write to this speaker"""


async def send_invitation(conn: Connection, edition_id: UUID, appearance: Appearance, now: datetime) -> None:
    """Queue the mail that asks the speaker of an appearance, who has a link from now on.

    Raises `SpeakerHasNoAddress`, and `WrongStatus` once the edition is over.
    """
    addressee = await queries.find_addressee(conn, edition_id, appearance.speaker)
    if addressee.edition_status in OVER:
        raise WrongStatus(f"The edition is {addressee.edition_status}.")
    if addressee.email is None:
        raise SpeakerHasNoAddress("Give the speaker an `email`, or a `registration`.")
    await queries.ensure_link(conn, edition_id, appearance.speaker, now)
    about = {"appearance": str(appearance.id), "speaker": str(appearance.speaker)}
    await queue_message(conn, "speaker", addressee.email, about, now, edition_id)


async def sign_link(conn: Connection, link_id: UUID, ring: KeyRing) -> str:
    """The token of a speaker's link."""
    return sign(link_id, await ring.newest(conn), _DOMAIN)


async def open_link(conn: Connection, token: str, ring: KeyRing, now: datetime) -> OpenedSpeakerLink:
    """A token for the speaker of a link; raises the same `WrongLink` for one that is over or never was."""
    link_id = await verify(conn, token, ring, _DOMAIN)
    linked = await queries.find_linked(conn, link_id, LASTS_DAYS_AFTER_EDITION) if link_id else None
    if linked is None or (linked.expires_at is not None and linked.expires_at <= now):
        raise WrongLink("Ask the organizers for a new link.")
    until = min(now + OPEN_FOR, linked.expires_at or now + OPEN_FOR)
    issued = await accounts.issue_token(
        conn, "speaker", None, linked.edition_id, "came by a speaker's link", [], now, until,
        speaker_id=linked.speaker_id,
    )  # fmt: skip
    return OpenedSpeakerLink(issued.token, until, linked.edition_id, linked.edition, linked.speaker_id)
