"""The links by which people reach their own registration without an account, and what only they may say of it.

A link's token is built as a badge's is, with the id of the link, and signed with the same keys for a purpose of its
own, so that neither passes for the other. It stands behind the `#` of the address, which no server, proxy or log gets
to see, and opening it changes nothing. What it is exchanged for is a token that is good for that one registration.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from forum.accounts import service as accounts
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict, ForumError, TooManyRequests
from forum.jobs import InviteRegistration
from forum.outbox import publish
from forum.permissions import Principal
from forum.registrations import link_queries
from forum.registrations.badges import KeyRing, sign, verify
from forum.registrations.link_types import OpenedLink
from forum.registrations.places import ACTIVE, find_registration, move_registration
from forum.registrations.types import Registration

_DOMAIN: Final = b"forum registration link"
LASTS_DAYS_AFTER_EDITION: Final = 90
"""As long as a personal calendar."""
OPEN_FOR: Final = timedelta(hours=12)
"""How long the token is good that a link is exchanged for; the link can be opened again."""
RENEWED_AFTER: Final = timedelta(minutes=1)
OBJECTED: Final = "The person objects to having been registered by others."


class WrongLink(ForumError):
    """This link is not good, or not any more"""

    status = 401


class NotRegisteredByOthers(Conflict):
    """The person registered themselves"""


async def ensure_links(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], now: datetime) -> None:
    """Make a link for each of these registrations that has none, so that mails can bring it."""
    await link_queries.ensure_links(conn, edition_id, registration_ids, now)


async def sign_link(conn: Connection, link_id: UUID, ring: KeyRing) -> str:
    """The token of a link."""
    return sign(link_id, await ring.newest(conn), _DOMAIN)


async def open_link(conn: Connection, token: str, ring: KeyRing, now: datetime) -> OpenedLink:
    """A token for the registration of a link; raises the same `WrongLink` for one that is over or never was."""
    link_id = await verify(conn, token, ring, _DOMAIN)
    linked = await link_queries.find_linked(conn, link_id, LASTS_DAYS_AFTER_EDITION) if link_id else None
    if linked is None or (linked.expires_at is not None and linked.expires_at <= now):
        raise WrongLink("Sign in with a mailed code instead, or ask the organizers for a new link.")
    until = min(now + OPEN_FOR, linked.expires_at or now + OPEN_FOR)
    issued = await accounts.issue_token(
        conn, "registration", linked.person_id, linked.edition_id, "came by a mailed link", [], now, until,
        linked.registration_id,
    )  # fmt: skip
    return OpenedLink(issued.token, until, linked.edition_id, linked.edition, linked.registration_id)


async def resend_link(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, now: datetime
) -> None:
    """Mail a new link to the person of a registration; those before, and what was opened with them, are good no more.

    For the person and for registrars. Raises `TooManyRequests` within a minute of the one before.
    """
    registration = await find_registration(conn, principal, edition_id, registration_id)
    if registration.status == "erased":
        raise WrongStatus("It is erased.")
    made_at = await link_queries.find_link_age(conn, edition_id, registration_id)
    if made_at is not None and now < made_at + RENEWED_AFTER:
        raise TooManyRequests("A link was sent a moment ago.", int(RENEWED_AFTER.total_seconds()))
    await link_queries.renew_link(conn, edition_id, registration_id, now)
    await publish(conn, InviteRegistration(edition_id, registration_id))


async def object_to_registration(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, reason: str | None, now: datetime
) -> Registration:
    """Withdraw a registration that others made, and keep others from making another; raises `NotRegisteredByOthers`.

    For the person alone. A registration that is over already stays as it is.
    """
    if await link_queries.get_source(conn, edition_id, registration_id, principal.person_id) == "self":
        raise NotRegisteredByOthers("Withdraw the registration instead.")
    before = await find_registration(conn, principal, edition_id, registration_id)
    if before.status in ACTIVE:
        words = f"{OBJECTED} {reason}" if reason else OBJECTED
        before = await move_registration(conn, principal, edition_id, registration_id, "withdraw", words, now)
    await link_queries.insert_objection(conn, edition_id, registration_id, now)
    return before


async def lift_objection(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID
) -> Registration:
    """Let others register the person for this edition again; for the person alone."""
    await link_queries.get_source(conn, edition_id, registration_id, principal.person_id)
    await link_queries.delete_objection(conn, edition_id, registration_id)
    return await find_registration(conn, principal, edition_id, registration_id)
