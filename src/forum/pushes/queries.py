"""One function for each statement of `pushes.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, fetch_all, find, get, value
from forum.pushes.types import ForgottenPushes, Push, PushKeyRow, PushSubscription
from forum.sqlfiles import load_statements

_SQL = load_statements("pushes")


async def lock_push_keys(conn: Connection) -> None:
    """Only one transaction at a time makes keys."""
    await execute(conn, _SQL["lock_push_keys"])


async def insert_push_key(conn: Connection, private_key: bytes, public_key: bytes, now: datetime) -> int:
    """Store a key; its id."""
    return int(await value(conn, _SQL["insert_push_key"], private_key, public_key, now))


async def list_push_keys(conn: Connection) -> list[PushKeyRow]:
    """Every key, oldest first."""
    return await fetch_all(conn, _SQL["list_push_keys"], PushKeyRow)


async def lock_subscriptions(conn: Connection, person_id: UUID) -> None:
    """Only one transaction at a time subscribes for a person."""
    await execute(conn, _SQL["lock_subscriptions"], person_id)


async def count_other_subscriptions(conn: Connection, person_id: UUID, endpoint: str) -> int:
    """How many subscriptions a person has beside that of an endpoint."""
    return int(await value(conn, _SQL["count_other_subscriptions"], person_id, endpoint))


async def put_subscription(
    conn: Connection,
    subscription_id: UUID,
    person_id: UUID,
    edition_id: UUID | None,
    registration_id: UUID | None,
    endpoint: str,
    p256dh: bytes,
    auth: bytes,
    key_id: int,
    language: str | None,
    now: datetime,
) -> PushSubscription:
    """Make or renew the subscription of an endpoint."""
    owner = (subscription_id, person_id, edition_id, registration_id)
    place = (endpoint, p256dh, auth, key_id, language, now)
    return await get(conn, _SQL["put_subscription"], PushSubscription, *owner, *place)


async def list_subscriptions(
    conn: Connection, person_id: UUID, registration_id: UUID | None, after: UUID | None, limit: int
) -> list[PushSubscription]:
    """Where a person takes pushes, in the order in which they subscribed."""
    chosen = (person_id, registration_id, after, limit)
    return await fetch_all(conn, _SQL["list_subscriptions"], PushSubscription, *chosen)


async def count_subscriptions(conn: Connection, person_id: UUID, registration_id: UUID | None) -> int:
    """How many subscriptions the list has."""
    return int(await value(conn, _SQL["count_subscriptions"], person_id, registration_id))


async def delete_subscription(
    conn: Connection, subscription_id: UUID, person_id: UUID, registration_id: UUID | None
) -> UUID | None:
    """End a subscription; None when it is not theirs."""
    return await find(conn, _SQL["delete_subscription"], UUID, subscription_id, person_id, registration_id)


async def list_pushes(conn: Connection, subscription_ids: Sequence[UUID], message_ids: Sequence[UUID]) -> list[Push]:
    """What is to be pushed of these pairs of a subscription and a message, in the order in which it was told."""
    return await fetch_all(conn, _SQL["list_pushes"], Push, subscription_ids, message_ids)


async def delete_gone_subscriptions(conn: Connection, ids: Sequence[UUID], endpoints: Sequence[str]) -> int:
    """Delete subscriptions that push services know no more; how many."""
    return await execute(conn, _SQL["delete_gone_subscriptions"], ids, endpoints)


async def record_failures(conn: Connection, ids: Sequence[UUID], errors: Sequence[str], now: datetime) -> None:
    """Keep why pushes were not taken."""
    await execute(conn, _SQL["record_failures"], ids, errors, now)


async def forget_person(conn: Connection, person_id: UUID) -> ForgottenPushes:
    """Delete a person's subscriptions and read marks; how many."""
    return await get(conn, _SQL["forget_person"], ForgottenPushes, person_id)
