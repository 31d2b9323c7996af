"""What is told of a message in a line or two."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from forum.notifications.types import MessageKind


class Told(Struct):
    """What a headline needs of a message, in the order of the columns that statements begin with."""

    kind: MessageKind
    payload: dict[str, Any]
    language: str
    edition_title: dict[str, str] | None
    timezone: str | None
    """Of the edition."""
    session_title: dict[str, str] | None
    is_update: bool
    """Whether an invitation to the same session was sent before."""
    created_at: datetime


class Headline(Struct, frozen=True):
    """The title and the text, in which language (one of the six that mails are written in)."""

    title: str
    text: str
    language: str
