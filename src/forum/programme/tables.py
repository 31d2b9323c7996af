"""The programme as a table, in one language: a row for each session."""

from collections.abc import Iterable
from typing import Final

from forum.codes import choose_language
from forum.programme.release_types import PublishedRoom, PublishedSession
from forum.tables import Cell, encode_csv

COLUMNS: Final = (
    "id", "status", "title", "abstract", "type", "track", "held_on", "starts_at", "ends_at", "room", "venue",
    "wheelchair_accessible", "hearing_loop", "equipment", "mode", "access", "floor", "interpretation", "sign",
    "captions", "organisers", "speakers", "parent", "revised_at",
)  # fmt: skip


def encode_table(sessions: Iterable[PublishedSession], language: str | None) -> bytes:
    """The sessions as CSV; instants in UTC, and what there are several of apart by `; `."""
    return encode_csv(COLUMNS, (_row(session, language or "en") for session in sessions))


def _row(session: PublishedSession, language: str) -> list[Cell]:
    spoken = session.languages
    named = dict.fromkeys(one.display_name for one in session.appearances)
    return [
        str(session.id), session.status, _text(session.title, language), _text(session.abstract, language),
        session.type, _text(session.track.name if session.track else None, language), session.held_on,
        session.starts_at, session.ends_at, *_room(session.room), session.mode, session.access,
        *(" ".join(tags) for tags in (spoken.floor, spoken.interpretation, spoken.sign, spoken.captions)),
        "; ".join(one.name for one in session.organisers), "; ".join(named),
        str(session.parent) if session.parent else None, session.revised_at,
    ]  # fmt: skip


def _room(room: PublishedRoom | None) -> list[Cell]:
    """Name, venue, and whom and what it serves: `true`, `false`, or nothing where nobody has said."""
    if room is None:
        return [None] * 5
    said = [None if fact is None else str(fact).lower() for fact in (room.wheelchair_accessible, room.hearing_loop)]
    return [room.name, room.venue, *said, "; ".join(room.equipment)]


def _text(texts: dict[str, str] | None, language: str) -> str | None:
    return texts[choose_language(texts, language)] if texts else None
