"""The time of day, as a value that is passed in: business rules never ask the operating system."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def rehearsal_clock(starts_at: datetime) -> Clock:
    """A clock that shows `starts_at` now and runs on from there: a past or future edition, rehearsed."""
    origin = time.monotonic()
    return lambda: starts_at + timedelta(seconds=time.monotonic() - origin)


def clock_of(rehearsal_at: datetime | None) -> Clock:
    """The clock that the settings ask for."""
    return system_clock if rehearsal_at is None else rehearsal_clock(rehearsal_at.astimezone(UTC))
