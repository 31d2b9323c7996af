"""The keys by which push services know us (VAPID, RFC 8292): ECDSA on P-256, which badges' keys cannot be.

A browser's subscription is bound to the key that it was made with, so a key stays in use for as long as there are
subscriptions of it; the newest is for new ones.
"""

import base64
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from forum.db import Connection
from forum.errors import NotFound
from forum.pushes import queries
from forum.pushes.types import PushKey, PushKeyRow


class NoPushKey(NotFound):
    """Nobody can subscribe to pushes here yet"""


async def ensure_push_key(conn: Connection, now: datetime) -> None:
    """Make the first key, unless there is one; safe when several processes start at once."""
    async with conn.transaction():
        await queries.lock_push_keys(conn)
        if not await queries.list_push_keys(conn):
            await _make(conn, now)


async def rotate_push_key(conn: Connection, now: datetime) -> int:
    """Make a new key; its id. Subscriptions that were made with older keys stay good."""
    async with conn.transaction():
        await queries.lock_push_keys(conn)
        return await _make(conn, now)


async def newest_push_key(conn: Connection) -> PushKey:
    """What a browser subscribes with now; raises `NoPushKey`."""
    keys = await queries.list_push_keys(conn)
    if not keys:
        raise NoPushKey("`forum migrate` makes the first key.")
    return PushKey(keys[-1].id, base64.urlsafe_b64encode(keys[-1].public_key).rstrip(b"=").decode())


def private_key_of(row: PushKeyRow) -> ec.EllipticCurvePrivateKey:
    """The key that signs."""
    return ec.derive_private_key(int.from_bytes(row.private_key), ec.SECP256R1())


async def _make(conn: Connection, now: datetime) -> int:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_numbers().private_value.to_bytes(32)
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return await queries.insert_push_key(conn, private, public, now)
