"""The programme as a table, in one language: a row for each session."""

from collections.abc import Iterable
from typing import Final

from forum.codes import choose_language
from forum.programme.release_types import PublishedSession
from forum.tables import Cell, encode_csv

COLUMNS: Final = (
    "id", "status", "title", "abstract", "type", "track", "held_on", "starts_at", "ends_at", "room", "venue", "mode",
    "access", "floor", "interpretation", "sign", "captions", "organisers", "speakers", "parent", "revised_at",
)  # fmt: skip


def encode_table(sessions: Iterable[PublishedSession], language: str | None) -> bytes:
    """The sessions as CSV; instants in UTC, and what there are several of apart by `; `."""
    return encode_csv(COLUMNS, (_row(session, language or "en") for session in sessions))


def _row(session: PublishedSession, language: str) -> list[Cell]:
    room, spoken = session.room, session.languages
    named = dict.fromkeys(one.display_name for one in session.appearances)
    return [
        str(session.id), session.status, _text(session.title, language), _text(session.abstract, language),
        session.type, _text(session.track.name if session.track else None, language), session.held_on,
        session.starts_at, session.ends_at, room.name if room else None, room.venue if room else None,
        session.mode, session.access,
        *(" ".join(tags) for tags in (spoken.floor, spoken.interpretation, spoken.sign, spoken.captions)),
        "; ".join(one.name for one in session.organisers), "; ".join(named),
        str(session.parent) if session.parent else None, session.revised_at,
    ]  # fmt: skip


def _text(texts: dict[str, str] | None, language: str) -> str | None:
    return texts[choose_language(texts, language)] if texts else None
