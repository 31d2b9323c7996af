"""What the replies slice takes and answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.calendars.reply_types import Answer, NoReplyReason, Reply
from forum.notifications.delivery_types import Bounce
from forum.pagination import Page

CameBy = Literal["mail", "webhook"]
Outcome = Literal["recorded", "unchanged", "stale", "refused", "ignored"]
Reason = Literal[
    NoReplyReason,
    "same_answer",
    "older_sequence",
    "older_stamp",
    "sender_is_not_attendee",
    "not_invited",
    "invitation_withdrawn",
    "session_cancelled",
    "unknown_message",
]


class ReceivedMail(Struct, frozen=True):
    """A mail that was read: what it answers, that one of ours came back, or why it tells nothing."""

    sha256: bytes
    content: Reply | Bounce | NoReplyReason


class Fate(Struct, frozen=True):
    """What became of a mail."""

    outcome: Outcome
    reason: Reason | None = None


class InboxResult(Struct):
    """What became of a mail: `recorded` is a new answer, or that a mail of ours came back; `ignored` is neither."""

    outcome: Outcome
    reason: Reason | None
    """Why nothing was changed; null for `recorded`."""
    repeated: bool
    """The same mail came in before, and this is what became of it then."""


class Invitee(Struct, frozen=True):
    """A registration that was invited to a session."""

    edition_id: UUID
    registration_id: UUID


class Standing(Struct, frozen=True):
    """How things stand between a registration and a session."""

    method: str
    """Of the invitation that was sent last."""
    sequence: int
    registration_status: str
    session_status: str
    begins_at: datetime | None
    title: dict[str, str]
    language: str
    booking_id: UUID | None
    answer: Answer | None
    answer_sequence: int | None
    stamped_at: datetime | None
    offered_booking_id: UUID | None
    offered_at: datetime | None


class SpeakingStanding(Struct, frozen=True):
    """How things stand between an address at which somebody was invited because they speak, and the session."""

    method: str
    """Of the invitation that was sent last."""
    sequence: int
    session_status: str
    is_confirmed: bool
    answer: Answer | None
    answer_sequence: int | None
    stamped_at: datetime | None


class AnswerFilter(Struct, frozen=True):
    """Which answers to list; in the order of the statement's parameters."""

    answer: Answer | None = None
    booked: bool | None = None


class SessionAnswer(Struct):
    """The last answer of a person's calendar to the invitation to a session."""

    registration: UUID
    answer: Answer
    answered_at: datetime
    sequence: int
    """Of the invitation that was answered; a session that has moved since has a higher one."""
    booking: UUID | None
    """The place that the person has in the session all the same; only they, or a registrar, give it back."""
    offered_at: datetime | None
    """When the person, who had declined, was last asked to free their place."""


class SessionAnswerCounts(Struct):
    """How often each answer was given."""

    accepted: int
    declined: int
    tentative: int
    declined_and_booked: int
    """Places that are held by who has declined."""


class DeclinedPlace(Struct):
    """A place that its holder has declined in their calendar, and holds all the same."""

    session: UUID
    title: dict[str, str]
    booking: UUID
    answered_at: datetime


class SessionAnswers(Page[SessionAnswer], kw_only=True):
    """A page of answers, and how often each was given, whatever the filters."""

    counts: SessionAnswerCounts
