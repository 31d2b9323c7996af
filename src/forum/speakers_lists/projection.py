"""When everybody will have the floor: pure arithmetic on sessions, turns and an instant."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from forum.speakers_lists.request_types import RequestStatus, SessionWindow, StoredRequest, Turn

WAITING: Final[frozenset[RequestStatus]] = frozenset({"requested", "accepted"})
ON_THE_FLOOR: Final[frozenset[RequestStatus]] = frozenset({"started", "paused"})


class Projected(Struct, frozen=True):
    """Where and from when to when somebody has the floor by the present order."""

    session: UUID
    starts_at: datetime
    ends_at: datetime


def project(
    windows: Sequence[SessionWindow], turns: Iterable[Turn], changeover_seconds: int, now: datetime
) -> Mapping[UUID, Projected]:
    """The time of each of `turns` that waits, in their order; none for those for whom no session is long enough.

    The first begins when who has the floor has used up their time, and not before now. A statement that would not end
    within its session is the first of the next one; nobody comes before somebody who stands before them.
    """
    between = timedelta(seconds=changeover_seconds)
    turns = list(turns)
    free_at = max((_end(turn, now) + between for turn in turns if turn.status in ON_THE_FLOOR), default=now)
    found: dict[UUID, Projected] = {}
    remaining = list(windows)
    for turn in (turn for turn in turns if turn.status in WAITING):
        length = timedelta(seconds=turn.allotted_seconds)
        while remaining and not _holds(remaining[0], free_at, length):
            remaining.pop(0)
        if not remaining:
            break
        starts_at = max(free_at, remaining[0].starts_at)
        found[turn.id] = Projected(remaining[0].session, starts_at, starts_at + length)
        free_at = starts_at + length + between
    return found


def as_others_see(turns: Iterable[Turn]) -> list[Turn]:
    """The same turns, those that wait with the time that everybody has: who needs more cannot be told from the rest."""
    return [replace(turn, allotted_seconds=turn.standard_seconds) if turn.status in WAITING else turn for turn in turns]


def spoken_ms(turn: Turn | StoredRequest, now: datetime) -> int:
    """Milliseconds for which somebody has spoken; a clock that was set back takes nothing away."""
    running = 0 if turn.running_since is None else round((now - turn.running_since).total_seconds() * 1000)
    return turn.spoken_ms + max(0, running)


def session_at(windows: Sequence[SessionWindow], now: datetime) -> UUID | None:
    """In which session a statement that begins now is made: the one that is on, else the next one, else the last."""
    running = (window for window in windows if window.ends_at is None or now < window.ends_at)
    chosen = next(running, windows[-1] if windows else None)
    return None if chosen is None else chosen.session


def _end(turn: Turn, now: datetime) -> datetime:
    """When who has the floor has used up their time; now, when that is over."""
    return now + timedelta(milliseconds=max(0, turn.allotted_seconds * 1000 - spoken_ms(turn, now)))


def _holds(window: SessionWindow, free_at: datetime, length: timedelta) -> bool:
    return window.ends_at is None or max(free_at, window.starts_at) + length <= window.ends_at
