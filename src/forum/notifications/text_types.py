"""What is said of the texts of mails."""

from uuid import UUID

from msgspec import Struct

from forum.codes import Sentence


class MessageText(Struct):
    """A text of an edition's mails in one language: the catalogue's, unless the edition has one of its own."""

    key: str
    language: str
    text: str | None
    """What mails say. None: a note, which the edition has not written."""
    standard: str | None
    """What the catalogue says; of a text that tells a number, the form for many. A note has none."""
    placeholders: list[str]
    """What can be put in, each in braces: `{title}`."""
    is_own: bool
    version: int
    """0 until the edition has written it for the first time."""


class NewMessageText(Struct, frozen=True, forbid_unknown_fields=True):
    """A text in an edition's own words: one line of plain text, with the placeholders of the key."""

    text: Sentence


class TextFilter(Struct, frozen=True):
    """Which texts to list."""

    key: str | None
    language: str | None
    is_own: bool | None


class OwnText(Struct, frozen=True):
    """What an edition says, or (None) said once, instead of a text of the catalogue."""

    key: str
    language: str
    text: str | None
    version: int


class WordedText(Struct, frozen=True):
    """The same, among those of several editions."""

    edition_id: UUID
    key: str
    language: str
    text: str
