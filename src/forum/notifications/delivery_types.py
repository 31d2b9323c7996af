"""What is told of mails after a server took them, and of addresses that nothing is sent to."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from forum.codes import Complaint, Prose
from forum.notifications.types import MessageKind, MessageStatus

ListFormat = Literal["json", "csv"]
BounceKind = Literal["bounced_permanently", "bounced_temporarily", "complained"]
SuppressionReason = Literal["bounced", "complained"]


def as_message_id(text: str) -> UUID | None:
    """The message of a Message-ID, `<id@domain>` with or without its brackets; None for what is none of ours."""
    try:
        return UUID(text.strip().removeprefix("<").removesuffix(">").partition("@")[0])
    except ValueError:
        return None


def _message_id(text: str) -> Complaint:
    return None if as_message_id(text) else ("bad_message_id", "Give the Message-ID of the mail.")


MessageId = Annotated[str, Meta(min_length=1, max_length=300, extra={"check": _message_id})]


class BounceReport(Struct, forbid_unknown_fields=True):
    """A mail did not reach its recipient, or they called it unwanted."""

    message_id: MessageId
    """The Message-ID header of the mail."""
    kind: BounceKind
    detail: Prose | None = None
    """In the words of the server; addresses in it are not kept."""


class Bounced(Struct):
    """What a report came to. It names nobody: a provider knows whom it wrote to."""

    message_id: UUID
    status: MessageStatus
    is_suppressed: bool
    """Whether nothing is sent to the address any more."""


class Reported(Struct, frozen=True):
    """The mail that a report is about."""

    edition_id: UUID | None
    status: MessageStatus
    recipient: str


class Bounce(Struct, frozen=True):
    """What a mail that came back says."""

    message_id: str
    """The Message-ID of the mail that it is about."""
    kind: BounceKind
    recipient: str | None
    detail: str


class Suppression(Struct):
    """An address that nothing is sent to until somebody lifts it."""

    id: UUID
    email: str
    reason: SuppressionReason
    detail: str | None
    suppressed_at: datetime


class SuppressionFilter(Struct, frozen=True):
    """Which suppressions to list; in the order of the statement's parameters."""

    reason: SuppressionReason | None = None
    email: str | None = None


class Fate(Struct, frozen=True):
    """What became of a mail that somebody wants sent once more."""

    kind: MessageKind
    status: MessageStatus
    is_erased: bool
    registration_id: UUID | None
    speaker_id: UUID | None
    is_outdated: bool
    suppressed_for: SuppressionReason | None


HourOfDay = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class QuietHours(Struct, frozen=True, forbid_unknown_fields=True):
    """When mails that can wait do, by the clocks where their reader is; equal: never."""

    begins: HourOfDay
    ends: HourOfDay


class Unsubscribing(Struct, frozen=True):
    """What a link to unsubscribe is about."""

    edition_id: UUID
    person_id: UUID
    kind: MessageKind
    title: dict[str, Any]
    """Of the edition."""
    language: str
    """Of the person."""
    is_unsubscribed: bool
