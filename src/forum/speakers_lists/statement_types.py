"""What this slice takes and answers about the texts of statements."""

from msgspec import UNSET, Struct, UnsetType

from forum.codes import LanguageTag
from forum.speakers_lists.request_types import MediaType


class StatementPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of what is known of a text (JSON Merge Patch, RFC 7396); for another text, send it whole."""

    language: LanguageTag | UnsetType = UNSET
    published: bool | UnsetType = UNSET


class StatementFile(Struct, frozen=True):
    """The text of a statement."""

    language: str
    media_type: MediaType
    content: bytes
    file_version: int


class Upload(Struct, frozen=True):
    """A text as it is handed in: what it is said to be, and what it is."""

    media_type: str
    content: bytes
    language: str | None
    """None: that of the statement."""
    published: bool
