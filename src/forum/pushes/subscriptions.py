"""Where people take pushes: who subscribes, with what, and how often."""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from forum.db import Connection
from forum.errors import Conflict, Fault, Invalid, NotFound
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.pushes import queries
from forum.pushes.addresses import endpoint_complaint
from forum.pushes.types import NewPushSubscription, PushSubscription

MOST_SUBSCRIPTIONS: Final = 20
"""For one person: so many browsers and phones."""


class TooManyPushSubscriptions(Conflict):
    """This person takes pushes in as many places as one can"""


async def subscribe(
    conn: Connection, principal: Principal, new: NewPushSubscription, to_private: bool, now: datetime
) -> PushSubscription:
    """Push what the person is told to a browser, too; one that subscribes again is renewed, also for somebody else.

    Raises `Invalid` with all that is wrong, `TooManyPushSubscriptions`, and `Forbidden` for a machine.
    """
    person_id = principal.require_person()
    keys = [key.id for key in await queries.list_push_keys(conn)]
    if faults := list(_faults(new, keys, to_private)):
        raise Invalid(faults)
    await queries.lock_subscriptions(conn, person_id)
    if await queries.count_other_subscriptions(conn, person_id, new.endpoint) >= MOST_SUBSCRIPTIONS:
        raise TooManyPushSubscriptions("Delete one that is not used any more.")
    edition_id = principal.edition_id if principal.registration_id else None
    place = (new.endpoint, _bytes(new.keys.p256dh), _bytes(new.keys.auth), new.key or keys[-1], new.language)
    return await queries.put_subscription(conn, new_id(), person_id, edition_id, principal.registration_id, *place, now)


async def list_subscriptions(conn: Connection, principal: Principal, paging: Paging) -> Page[PushSubscription]:
    """One's own, in the order in which they were made."""
    own = (principal.require_person(), principal.registration_id)
    rows = await queries.list_subscriptions(conn, *own, paging.after(UUID), paging.limit + 1)
    total = await queries.count_subscriptions(conn, *own) if paging.count else None
    return paging.page(rows, lambda subscription: subscription.id, total)


async def unsubscribe(conn: Connection, principal: Principal, subscription_id: UUID) -> None:
    """Push nothing there any more; raises `NotFound` for a subscription of others."""
    own = (principal.require_person(), principal.registration_id)
    if await queries.delete_subscription(conn, subscription_id, *own) is None:
        raise NotFound


def _faults(new: NewPushSubscription, keys: list[int], to_private: bool) -> Iterator[Fault]:
    if complaint := endpoint_complaint(new.endpoint, to_private):
        yield Fault(pointer="/endpoint", code=complaint[0], detail=complaint[1])
    if not _is_point(new.keys.p256dh):
        detail = "Give an uncompressed point on P-256, 65 bytes in base64url."
        yield Fault(pointer="/keys/p256dh", code="bad_key", detail=detail)
    if len(_bytes(new.keys.auth)) != 16:
        yield Fault(pointer="/keys/auth", code="bad_key", detail="Give 16 bytes in base64url.")
    if not keys or (new.key is not None and new.key not in keys):
        yield Fault(pointer="/key", code="unknown_value", detail="Take the `id` of `GET /v1/push-key`.")


def _is_point(text: str) -> bool:
    """Whether a text is a point on the curve: with any other, what is encrypted is not secret."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data := _bytes(text))
    except ValueError:
        return False
    return len(data) == 65


def _bytes(text: str) -> bytes:
    """What a text is in base64url, with or without padding; nothing for one that is none."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
