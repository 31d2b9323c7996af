"""What pushes take and answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from forum.codes import Instant, LanguageTag
from forum.notifications.headline_types import Told
from forum.notifications.types import MessageKind

Endpoint = Annotated[str, Meta(min_length=1, max_length=1000, extra_json_schema={"format": "uri"})]
Base64Url = Annotated[str, Meta(min_length=1, max_length=200, pattern="^[A-Za-z0-9_-]+={0,2}$")]


class Notification(Struct):
    """Something that a person was told, also by mail, in the language of that mail or the one asked for."""

    id: UUID
    kind: MessageKind
    edition_id: UUID | None
    edition: str | None
    """Its slug."""
    session_id: UUID | None
    registration_id: UUID | None
    title: str
    text: str
    language: str
    """Of the title and the text: one of the six that mails are written in."""
    created_at: datetime
    read_at: datetime | None


class NotificationRow(Told):
    """What a person was told, as the database has it."""

    id: UUID
    number: int
    edition_id: UUID | None
    edition: str | None
    session_id: UUID | None
    registration_id: UUID | None
    read_at: datetime | None


class NotificationFilter(Struct, frozen=True):
    """Which notifications to list; in the order of the statement's parameters."""

    kind: MessageKind | None = None
    edition: str | None = None
    unread: bool | None = None
    since: datetime | None = None


class ReadUntil(Struct, forbid_unknown_fields=True):
    """Up to when everything was read."""

    until: Instant


class Marked(Struct, frozen=True):
    """How many were unread, and are read now."""

    marked: int


class SubscriptionKeys(Struct, forbid_unknown_fields=True):
    """The keys that the browser has made, as `PushSubscription.toJSON()` gives them."""

    p256dh: Base64Url
    """A point on P-256, uncompressed: 65 bytes."""
    auth: Base64Url
    """16 bytes."""


class NewPushSubscription(Struct, forbid_unknown_fields=True):
    """Where a browser or phone takes pushes."""

    endpoint: Endpoint
    keys: SubscriptionKeys
    key: int | None = None
    """The id of the key with which the browser subscribed (`GET /v1/push-key`); the newest when absent."""
    language: LanguageTag | None = None
    """Of the pushes; as the mails when absent."""


class PushSubscription(Struct):
    """Where a person takes pushes."""

    id: UUID
    endpoint: str
    key: int
    """When it is not that of `GET /v1/push-key` any more, subscribe anew; until then the old key is used."""
    language: str | None
    registration: UUID | None
    """Of who came by its link: pushed is what is about it."""
    created_at: datetime
    last_failed_at: datetime | None
    last_error: str | None
    """What the push service said when it did not take a push, last time."""


class PushKey(Struct, frozen=True):
    """What a browser subscribes with: `applicationServerKey`, in base64url."""

    id: int
    public_key: str


class PushKeyRow(Struct, frozen=True):
    """A key with its private part, as a number of 32 bytes."""

    id: int
    private_key: bytes
    public_key: bytes


class Push(Told):
    """Something that is to be pushed somewhere now."""

    message_id: UUID
    number: int
    edition_id: UUID | None
    edition: str | None
    session_id: UUID | None
    registration_id: UUID | None
    subscription_id: UUID
    endpoint: str
    p256dh: bytes
    auth: bytes
    key_id: int


class PushPayload(Struct, frozen=True, omit_defaults=True):
    """What the service worker of a frontend reads when it has decrypted a push."""

    id: UUID
    """Of the notification."""
    kind: MessageKind
    title: str
    text: str
    language: str
    dir: str
    tag: str
    """What has the same tag takes the place of what is shown."""
    created_at: datetime
    edition: str | None = None
    session_id: UUID | None = None
    registration_id: UUID | None = None


class ForgottenPushes(Struct, frozen=True):
    """How many subscriptions and read marks of a person were deleted."""

    push_subscriptions: int
    notification_reads: int
