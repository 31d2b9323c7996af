"""What a calendar answers to an invitation."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

Answer = Literal["accepted", "declined", "tentative"]
NoReplyReason = Literal[
    "too_large",
    "malformed",
    "not_a_calendar",
    "not_a_reply",
    "several_events",
    "unknown_uid",
    "no_attendee",
    "several_attendees",
    "no_answer",
]
"""Why a mail is no answer to an invitation of ours; `no_answer`: the calendar has not decided, or has delegated it."""


class Reply(Struct, frozen=True):
    """One person's answer to the invitation to one session, as their calendar says it. Nothing of it is proved."""

    sender: str
    """The one address in `From`; empty when there is none, or more than one."""
    session_id: UUID
    attendee: str
    answer: Answer
    sequence: int
    stamped_at: datetime
    """DTSTAMP: when the answer was given, by the clock of who gave it."""
    comment: str | None


class NoReply(Exception):
    """A mail is no answer to an invitation of ours."""

    def __init__(self, reason: NoReplyReason) -> None:
        super().__init__(reason)
        self.reason: NoReplyReason = reason
