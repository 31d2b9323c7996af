"""What the notifications slice takes and answers."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from forum.codes import Mode

MessageKind = Literal[
    "invitation",
    "sign_in",
    "attendance_report",
    "registration",
    "letter",
    "proposal",
    "speaker",
    "change_request",
    "booking",
    "revision",
    "reminder",
    "answer",
    "programme_change",
    "pledge_update",
]
MessageStatus = Literal["queued", "sending", "sent", "superseded", "failed", "cancelled", "suppressed", "bounced"]


class Message(Struct):
    """A mail and what became of it. The number tells the order in which mails were queued."""

    id: UUID
    number: int
    kind: MessageKind
    recipient: str
    session_id: UUID | None
    registration_id: UUID | None
    speaker_id: UUID | None
    """Who is asked to speak, or holds a calendar entry because they do, and not by a registration."""
    method: str | None
    status: MessageStatus
    attempts: int
    created_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    last_error: str | None
    """What the mail server said last, or who brought the mail back."""
    bounced_at: datetime | None
    complained_at: datetime | None
    resend_of: UUID | None
    """The message that this one repeats on purpose."""


class MessageFilter(Struct, frozen=True):
    """Which messages to list; in the order of the statement's parameters."""

    status: MessageStatus | None = None
    kind: MessageKind | None = None
    registration_id: UUID | None = None
    session_id: UUID | None = None
    deferred: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    speaker_id: UUID | None = None


class Outgoing(Struct, frozen=True):
    """A message that is to be sent now."""

    id: UUID
    edition_id: UUID | None
    kind: MessageKind
    recipient: str
    session_id: UUID | None
    registration_id: UUID | None
    payload: dict[str, Any]
    attempts: int
    created_at: datetime
    domain: str
    """Of the recipient, in small letters."""


class Entry(Outgoing, frozen=True):
    """A calendar entry that goes out with others, in one mail."""

    digest_id: UUID


class Holding(Struct, frozen=True):
    """When, where and how an edition is held."""

    starts_on: date
    ends_on: date
    timezone: str
    mode: Literal["in_person", "hybrid", "online"]
    venue: str | None
    city: str | None
    country: str | None


class Revised(Struct, frozen=True):
    """What a mail tells of an edition: how it was to be held, how it will be, and why."""

    message_id: UUID
    before: Holding
    after: Holding
    reasons: list[dict[str, str]]


class Invited(Struct, frozen=True):
    """Whom an invitation is for, and what was last sent of the same entry."""

    message_id: UUID
    given_name: str | None
    family_name: str
    language: str
    timezone: str
    previous: dict[str, Any] | None


class Noticed(Struct, frozen=True):
    """Whom a mail about a registration is for, and what it says beside its news."""

    message_id: UUID
    given_name: str | None
    family_name: str
    language: str
    source: str
    mode: Mode
    waits_for: Mode | None
    offer_expires_at: datetime | None
    title: dict[str, str]
    timezone: str
    """Of the edition."""
    own_timezone: str
    organizer_email: str
    delegation: str | None
    link_id: UUID | None
    session_title: dict[str, str] | None
    """Of the session that the mail is about, unless it is about the registration."""


class AskedSpeaker(Struct, frozen=True):
    """Whom a mail to a speaker is for, and what they are asked to, as it is now."""

    message_id: UUID
    display_name: str
    language: str
    role: str
    on_behalf_of: str | None
    allotted_seconds: int | None
    session_title: dict[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    held_on: date | None
    place: str | None
    """None while nobody knows; a session online has none."""
    is_online: bool
    title: dict[str, str]
    timezone: str
    """Of the edition."""
    own_timezone: str | None
    """Of who is asked, where they are known by a registration or an account."""
    organizer_email: str
    link_id: UUID | None


class Forgotten(Struct, frozen=True):
    """How many mails were dropped before they were sent, and out of how many it was taken whom they were for."""

    dropped: int
    emptied: int


class DueReport(Struct, frozen=True):
    """An edition whose day is over."""

    edition_id: UUID
    on: date


class LetterNews(Struct, frozen=True):
    """What became of a letter that somebody asked for. What it says, and why not, is read after signing in."""

    outcome: Literal["issued", "declined"]
    language: str
    edition: str
    reference: str | None


class ProposalNews(Struct, frozen=True):
    """What became of a proposal, with the title of another that it concerns, a reason, and when it is decided."""

    news: Literal["submitted", "accepted", "rejected", "merged", "joined", "reopened"]
    language: str
    edition: str
    title: str
    other: str | None
    reason: str | None
    decides_on: date | None


class ReportMail(Struct, frozen=True):
    """A report as text, as a page, and as a table to attach under a name."""

    subject: str
    text: str
    html: str
    csv: bytes
    name: str
