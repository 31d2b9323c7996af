"""Which sessions of a release are asked for."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from forum.programme.release_types import PublishedSession, Selection

_INSTANT: Final = timedelta(microseconds=1)


def select(
    sessions: Sequence[PublishedSession], selection: Selection, zone: ZoneInfo, found: Collection[UUID] | None = None
) -> list[PublishedSession]:
    """The sessions that are asked for, in their order, as far as they are among those that were `found`."""
    among = (session for session in sessions if found is None or session.id in found)
    return [session for session in among if _is_in(session, selection, zone)]


def is_running(session: PublishedSession, at: datetime) -> bool:
    """Whether a session takes place at an instant: not when it is cancelled, nor while its hour is unknown.

    Without an end it is the instant of its start, as everywhere.
    """
    if session.status == "cancelled" or session.starts_at is None:
        return False
    return session.starts_at <= at < (session.ends_at or session.starts_at + _INSTANT)


def _is_in(session: PublishedSession, selection: Selection, zone: ZoneInfo) -> bool:
    return (
        (selection.session is None or session.id == selection.session)
        and (selection.day is None or _is_on(session, selection.day, zone))
        and (selection.track is None or (session.track is not None and session.track.id == selection.track))
        and (selection.type is None or session.type == selection.type)
        and (selection.room is None or (session.room is not None and session.room.id == selection.room))
        and (selection.language is None or _is_heard_in(session, selection.language.lower()))
        and (selection.speaker is None or any(one.speaker == selection.speaker for one in session.appearances))
        and (selection.at is None or is_running(session, selection.at))
    )


def _is_on(session: PublishedSession, day: date, zone: ZoneInfo) -> bool:
    """Whether a session touches a day of the edition's zone."""
    if session.starts_at is None:
        return session.held_on == day
    last = session.ends_at - _INSTANT if session.ends_at else session.starts_at  # what ends at midnight is over
    return session.starts_at.astimezone(zone).date() <= day <= last.astimezone(zone).date()


def _is_heard_in(session: PublishedSession, wanted: str) -> bool:
    """Whether somebody who understands `wanted`, or any of its kinds, can follow (RFC 4647 section 3.3.1)."""
    heard = (tag.lower() for tag in (*session.languages.floor, *session.languages.interpretation))
    return any(tag == wanted or tag.startswith(f"{wanted}-") for tag in heard)
