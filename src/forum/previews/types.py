"""What the staff asks to see of mails."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.codes import LanguageTag, Term
from forum.notifications.types import MessageKind


class NewPreview(Struct, frozen=True, forbid_unknown_fields=True):
    """Which mail to show: of which kind, with which news, to a reader of which language, about which session."""

    kind: MessageKind
    language: LanguageTag
    variant: Term | None = None
    """What it says; the kind's usual news when it is not told."""
    session: UUID | None = None
    """A made-up one when it is not told."""


class Preview(Struct, frozen=True):
    """A mail as its reader would get it, about made-up people."""

    kind: MessageKind
    variant: str
    language: str
    """The nearest to the one that was asked for in which mails are written."""
    direction: Literal["ltr", "rtl"]
    subject: str
    text: str
    html: str


class PreviewedEdition(Struct, frozen=True):
    """What mails say of their edition."""

    title: dict[str, str]
    timezone: str
    organizer_email: str
    starts_on: date
    venue: str | None
    city: str | None


class PreviewedSession(Struct, frozen=True):
    """What mails say of a session, as the staff has it."""

    title: dict[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    mode: Literal["in_person", "hybrid", "online"]
    room: str | None
    venue: str | None
