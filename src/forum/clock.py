"""The time of day, as a value that is passed in: business rules never ask the operating system."""

from collections.abc import Callable
from datetime import UTC, datetime

from forum.settings import Settings

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def rehearsal_clock(shown: datetime, since: datetime) -> Clock:
    """A clock that showed `shown` at the real instant `since` and runs on: a past or future edition, rehearsed."""
    offset = shown.astimezone(UTC) - since
    return lambda: system_clock() + offset


def clock_of(settings: Settings) -> Clock:
    """The clock that the settings ask for; the same for all processes that are told since when it runs."""
    if settings.rehearsal_at is None:
        return system_clock
    return rehearsal_clock(settings.rehearsal_at, settings.rehearsal_since or system_clock())
