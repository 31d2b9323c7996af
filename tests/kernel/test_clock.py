"""The clock of a rehearsal: it runs on from where it was set, and alike in all processes."""

from datetime import UTC, datetime, timedelta

from forum.clock import clock_of, system_clock
from forum.settings import Settings

SHOWN = datetime(2023, 12, 13, 8, tzinfo=UTC)


def test_rehearsal_runs_on_from_the_instant_at_which_it_was_set() -> None:
    an_hour_ago = system_clock() - timedelta(hours=1)
    settings = Settings(rehearsal_at=SHOWN, rehearsal_since=an_hour_ago)

    first, second = clock_of(settings), clock_of(settings)

    before, between, after = first(), second(), first()
    assert SHOWN + timedelta(hours=1) <= before <= between <= after < SHOWN + timedelta(hours=1, minutes=1)


def test_rehearsal_that_nobody_has_begun_begins_now() -> None:
    clock = clock_of(Settings(rehearsal_at=SHOWN))

    assert SHOWN <= clock() < SHOWN + timedelta(minutes=1)


def test_without_a_rehearsal_it_is_the_system_clock() -> None:
    assert clock_of(Settings()) is system_clock
