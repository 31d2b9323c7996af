"""Badges: tokens signed with Ed25519, so that a scanner can verify them without the server.

A token is base64url, without padding, of: one byte version, two bytes key id, sixteen bytes badge id, and the
signature over `forum badge` followed by those nineteen bytes.
"""

import asyncio
import base64
import binascii
import struct
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta

from forum.db import Connection
from forum.errors import Conflict, Fault, Invalid, NotFound
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.registrations import badge_queries as queries
from forum.registrations.badge_pdf import BadgePrint
from forum.registrations.badge_types import (
    Badge,
    BadgeFilter,
    BadgeKey,
    BadgeRow,
    PrintedBadge,
    PublicBadgeKey,
    RevokedBadge,
)

_VERSION = 1
_HEAD = struct.Struct("!BH16s")
_DOMAIN = b"forum badge"
MAY_BE_LATE_BY: Final = timedelta(minutes=2)
"""A badge is revoked at the instant of a request, and seen to be when its transaction commits, well within this."""


class BadgeRevoked(Conflict):
    """This badge was revoked"""


class NoBadge(NotFound):
    """There is no such badge to print"""


class KeyRing:
    """The badge keys, read from the database when an unknown one is met and kept from then on."""

    def __init__(self) -> None:
        self._keys: dict[int, BadgeKey] = {}

    async def keys(self, conn: Connection) -> dict[int, BadgeKey]:
        """Every key, fresh from the database."""
        self._keys = {key.id: key for key in await queries.list_badge_keys(conn)}
        return self._keys

    async def find(self, conn: Connection, key_id: int) -> BadgeKey | None:
        """The key of an id, or None."""
        return self._keys.get(key_id) or (await self.keys(conn)).get(key_id)

    async def newest(self, conn: Connection) -> BadgeKey:
        """The newest key that is known here; one that was made meanwhile is met in time, and this one stays good."""
        keys = self._keys or await self.keys(conn)
        return keys[max(keys)]


async def ensure_badge_key(conn: Connection, now: datetime) -> None:
    """Make the first signing key, unless there is one; safe when several processes start at once."""
    private = Ed25519PrivateKey.generate()
    async with conn.transaction():
        await queries.lock_badge_keys(conn)
        await queries.ensure_badge_key(conn, private.private_bytes_raw(), private.public_key().public_bytes_raw(), now)


async def rotate_badge_key(conn: Connection, now: datetime) -> int:
    """Make a new signing key; returns its id. Badges that were signed with older keys stay good."""
    private = Ed25519PrivateKey.generate()
    async with conn.transaction():
        await queries.lock_badge_keys(conn)
        return await queries.insert_badge_key(
            conn, private.private_bytes_raw(), private.public_key().public_bytes_raw(), now
        )


async def list_badges(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, ring: KeyRing, paging: Paging
) -> Page[Badge]:
    """The badges of a registration, newest last; none for who may not see it."""
    if not principal.reaches(registration_id):
        return paging.page([], lambda badge: badge.id)
    reads_all = principal.may(Permission.REGISTRATIONS_READ, edition_id)
    key = (edition_id, registration_id, reads_all, principal.person_id, paging.after(UUID), paging.limit + 1)
    keys = await ring.keys(conn)
    rows = [
        Badge(
            row.id,
            row.registration_id,
            row.serial,
            "revoked" if row.revoked_at else "live",
            sign(row.id, keys[row.key_id]),
        )
        for row in await queries.list_badges(conn, *key)
    ]
    return paging.page(rows, lambda badge: badge.id)


async def draw_badge(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    badge_id: UUID,
    ring: KeyRing,
    draw: Callable[[str], bytes],
) -> bytes:
    """A live badge's token as `draw` renders it, for its owner and for registrars; raises `BadgeRevoked`."""
    row = await _find_live(conn, principal, edition_id, badge_id)
    key = await ring.find(conn, row.key_id)
    assert key is not None, "a badge names a key that exists"
    # drawing takes some ten milliseconds, in which others are to be served
    return await asyncio.to_thread(draw, sign(row.id, key))


async def _find_live(conn: Connection, principal: Principal, edition_id: UUID, badge_id: UUID) -> BadgeRow:
    reads_all = principal.may(Permission.REGISTRATIONS_READ, edition_id)
    row = await queries.find_badge(conn, edition_id, badge_id, reads_all, principal.person_id)
    if not principal.reaches(row.registration_id):
        raise NotFound
    if row.revoked_at:
        raise BadgeRevoked("No gate accepts it. Show the badge of the registration that is live, if there is one.")
    return row


async def read_print(
    conn: Connection, principal: Principal, edition_id: UUID, badge_id: UUID, ring: KeyRing
) -> list[BadgePrint]:
    """A live badge to print, for its owner and for registrars; raises `BadgeRevoked`."""
    await _find_live(conn, principal, edition_id, badge_id)
    return await _signed(conn, [await queries.find_printed_badge(conn, edition_id, badge_id)], ring)


async def read_prints(
    conn: Connection, edition_id: UUID, wanted: BadgeFilter, ring: KeyRing, paging: Paging
) -> Page[BadgePrint]:
    """The next live badges to print, by serial; raises `NoBadge` when there is none."""
    rows = await queries.list_printed_badges(conn, edition_id, wanted, paging.after(int), paging.limit + 1)
    if not rows:
        raise NoBadge("No live badge is left that was asked for.")
    return paging.page(await _signed(conn, rows, ring), lambda signed: signed.badge.serial)


async def _signed(conn: Connection, rows: Sequence[PrintedBadge], ring: KeyRing) -> list[BadgePrint]:
    keys = {row.key_id: await ring.find(conn, row.key_id) for row in rows}
    return [BadgePrint(row, sign(row.id, key)) for row in rows if (key := keys[row.key_id])]


async def list_revoked_badges(
    conn: Connection, edition_id: UUID, since: datetime | None, paging: Paging
) -> Page[RevokedBadge]:
    """What a scanner must not accept while it is offline: the badges that were revoked, oldest revocation first.

    With `since`, those alone that it may not have heard of when the last one it had was revoked then. What could have
    been seen only later than others is among them, so a few come twice. Raises `Invalid`.
    """
    begin = None if since is None else _require_instant(since) - MAY_BE_LATE_BY
    at, badge_id = paging.after(tuple[Annotated[datetime, Meta(tz=True)], UUID]) or (None, None)
    rows = await queries.list_revoked_badges(conn, edition_id, begin, at, badge_id, paging.limit + 1)
    total = await queries.count_revoked_badges(conn, edition_id, begin) if paging.count else None
    return paging.page(rows, lambda badge: (badge.revoked_at, badge.id), total)


def _require_instant(since: datetime) -> datetime:
    if since.tzinfo is None:
        raise Invalid([Fault(parameter="since", code="timezone_missing", detail="Say in which zone, such as `Z`.")])
    if not 1900 <= since.year <= 2200:
        raise Invalid([Fault(parameter="since", code="out_of_range", detail="Give a time between 1900 and 2200.")])
    return since


async def list_public_keys(conn: Connection, paging: Paging) -> Page[PublicBadgeKey]:
    """What a scanner needs to verify badges by itself, oldest first."""
    after = paging.after(int) or 0
    keys = [key for key in await queries.list_badge_keys(conn) if key.id > after]
    public = [PublicBadgeKey(key.id, "Ed25519", _encode(key.public_key)) for key in keys[: paging.limit + 1]]
    return paging.page(public, lambda key: key.id)


def sign(id: UUID, key: BadgeKey, domain: bytes = _DOMAIN) -> str:
    """The token of a badge, or of what else a domain names; Ed25519 is deterministic (RFC 8032): the same each time."""
    head = _HEAD.pack(_VERSION, key.id, id.bytes)
    return _encode(head + Ed25519PrivateKey.from_private_bytes(key.private_key).sign(domain + head))


async def verify(conn: Connection, token: str, ring: KeyRing, domain: bytes = _DOMAIN) -> UUID | None:
    """The badge, or what another domain signs, that a token was signed for; None for anything else."""
    try:
        data = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        version, key_id, signed = _HEAD.unpack(data[: _HEAD.size])
    except (ValueError, binascii.Error, struct.error):
        return None
    key = await ring.find(conn, key_id)
    if version != _VERSION or key is None:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(data[_HEAD.size :], domain + data[: _HEAD.size])
    except InvalidSignature:
        return None
    return UUID(bytes=signed)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
