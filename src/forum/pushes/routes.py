"""The HTTP side of what a person was told, and of where they take pushes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from forum.db import Connection
from forum.http import INSTANT_PATTERN, instant_of
from forum.notifications.types import MessageKind
from forum.pagination import Page, Paging
from forum.parameters import Language
from forum.permissions import Permission, Principal, needs
from forum.pushes import feed, keys, subscriptions
from forum.pushes.types import (
    Marked,
    NewPushSubscription,
    Notification,
    NotificationFilter,
    PushKey,
    PushSubscription,
    ReadUntil,
)

PUBLIC, OWN = needs(Permission.PUBLIC), needs(Permission.REGISTRATIONS_OWN)
TAGS = ["notifications"]
SUBSCRIPTIONS = "/me/push-subscriptions"
Since = Annotated[str | None, QueryParameter(pattern=INSTANT_PATTERN, description="Told at this instant or later.")]


@get("/me/notifications", opt=OWN, operation_id="list_notifications", tags=TAGS)
async def list_notifications(
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    kind: FromQuery[MessageKind | None] = None,
    edition: FromQuery[str | None] = None,
    unread: FromQuery[bool | None] = None,
    since: Since = None,
    lang: Language = None,
) -> Page[Notification]:
    """What you were told by mail, latest first, in a title and a line: `edition` is a slug or an id.

    With `unread=true&count=true&limit=1`, `total` is the number for a badge. What was never sent, because later news
    took its place, is not there; codes to sign in never are. By the link of a registration: what is about it.
    """
    wanted = NotificationFilter(kind, edition, unread, instant_of(since, "since"))
    return await feed.list_notifications(conn, principal, wanted, lang, paging)


@post(
    "/me/notifications/{notification_id:uuid}/read",
    opt=OWN,
    status_code=200,
    operation_id="mark_notification_read",
    tags=TAGS,
)
async def mark_notification_read(
    notification_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    lang: Language = None,
) -> Notification:
    """You have read it: it is pushed no more where it was not yet. Doing it again keeps the first time."""
    return await feed.mark_read(conn, principal, notification_id, lang, now)


@post("/me/notifications:read", opt=OWN, status_code=200, operation_id="mark_notifications_read", tags=TAGS)
async def mark_notifications_read(
    data: JSONBody[ReadUntil],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Marked:
    """You have read everything that you were told up to an instant, such as when the list was shown."""
    return await feed.mark_all_read(conn, principal, data.until, now)


@get("/push-key", opt=PUBLIC, operation_id="get_push_key", tags=TAGS)
async def get_push_key(conn: NamedDependency[Connection]) -> PushKey:
    """The public key (VAPID, RFC 8292) with which browsers subscribe to pushes, as `applicationServerKey`."""
    return await keys.newest_push_key(conn)


@get(SUBSCRIPTIONS, opt=OWN, operation_id="list_push_subscriptions", tags=TAGS)
async def list_push_subscriptions(
    conn: NamedDependency[Connection], principal: NamedDependency[Principal], paging: NamedDependency[Paging]
) -> Page[PushSubscription]:
    """Where you take pushes, and what went wrong there last; by the link of a registration, where it is pushed."""
    return await subscriptions.list_subscriptions(conn, principal, paging)


@post(SUBSCRIPTIONS, opt=OWN, operation_id="create_push_subscription", tags=TAGS)
async def create_push_subscription(
    data: JSONBody[NewPushSubscription],
    state: State,
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> PushSubscription:
    """Have everything that you are told pushed to a browser or phone (RFC 8030), from the next message on.

    `endpoint` and `keys` are those of the browser's subscription. A browser that subscribes again is renewed and keeps
    its id, and is another's when another person subscribes with it. 409 `too_many_push_subscriptions` beyond twenty.
    """
    return await subscriptions.subscribe(conn, principal, data, state.settings.push_to_private, now)


@delete(f"{SUBSCRIPTIONS}/{{subscription_id:uuid}}", opt=OWN, operation_id="delete_push_subscription", tags=TAGS)
async def delete_push_subscription(
    subscription_id: FromPath[UUID], conn: NamedDependency[Connection], principal: NamedDependency[Principal]
) -> None:
    """Push nothing there any more: at once, for what is under way, too."""
    await subscriptions.unsubscribe(conn, principal, subscription_id)


HANDLERS = [
    list_notifications,
    mark_notification_read,
    mark_notifications_read,
    get_push_key,
    list_push_subscriptions,
    create_push_subscription,
    delete_push_subscription,
]
