"""When everybody will have the floor: pure arithmetic."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from forum.speakers_lists.projection import Projected, as_others_see, project, session_at
from forum.speakers_lists.request_types import RequestStatus, SessionWindow, Turn

MORNING = datetime(2023, 12, 13, 8, tzinfo=UTC)
FIRST, SECOND = UUID(int=1), UUID(int=2)
TWO = [
    SessionWindow(FIRST, MORNING, MORNING + timedelta(minutes=10)),
    SessionWindow(SECOND, MORNING + timedelta(hours=6), MORNING + timedelta(hours=6, minutes=10)),
]


def turn(
    seconds: int, status: RequestStatus = "accepted", spoken_ms: int = 0, running_since: datetime | None = None
) -> Turn:
    """Somebody in line, or on the floor."""
    return Turn(uuid4(), status, seconds, 180, spoken_ms, running_since)


def times(
    windows: list[SessionWindow], turns: list[Turn], changeover: int, now: datetime
) -> list[tuple[int, int] | None]:
    """In which session, and how many seconds after 8 o'clock, each who waits begins."""
    plan = project(windows, turns, changeover, now)
    found = [plan.get(one.id) for one in turns if one.status in ("requested", "accepted")]
    return [p and (p.session.int, int((p.starts_at - MORNING).total_seconds())) for p in found]


def test_who_does_not_fit_is_the_first_of_the_next_session() -> None:
    assert times(TWO, [turn(180) for _ in range(5)], 30, MORNING - timedelta(days=1)) == [
        (1, 0), (1, 210), (1, 420), (2, 21600), (2, 21810),
    ]  # fmt: skip


def test_nobody_after_who_fits_nowhere_has_a_time() -> None:
    assert times(TWO, [turn(600), turn(601), turn(60)], 0, MORNING) == [(1, 0), None, None]


def test_session_without_an_end_holds_everybody() -> None:
    open_ended = [SessionWindow(FIRST, MORNING, None)]

    assert times(open_ended, [turn(7200), turn(7200)], 0, MORNING) == [(1, 0), (1, 7200)]
    assert times([], [turn(60)], 0, MORNING) == [None]


def test_next_begins_when_who_speaks_has_used_up_their_time() -> None:
    now = MORNING + timedelta(seconds=100)
    running = turn(180, "started", 20_000, now - timedelta(seconds=50))
    paused = turn(180, "paused", 60_500)
    overrun = turn(180, "started", 0, now - timedelta(seconds=200))

    assert times(TWO, [running, turn(60)], 30, now) == [(1, 100 + 110 + 30)]
    assert times(TWO, [paused, turn(60)], 30, now) == [(1, 100 + 119 + 30)]
    assert times(TWO, [overrun, turn(60)], 30, now) == [(1, 100 + 30)]


def test_statement_is_made_in_the_session_that_is_on() -> None:
    at = {minutes: session_at(TWO, MORNING + timedelta(minutes=minutes)) for minutes in (-60, 5, 10, 365, 400)}

    assert at == {-60: FIRST, 5: FIRST, 10: SECOND, 365: SECOND, 400: SECOND}
    assert session_at([], MORNING) is None


GAPS = st.lists(st.tuples(st.integers(0, 600), st.integers(1, 900)), min_size=1, max_size=4)


@given(
    gaps=GAPS,
    lengths=st.lists(st.integers(1, 400), max_size=20),
    changeover=st.integers(0, 60),
    late=st.integers(-300, 1500),
)
def test_order_is_kept_nobody_overlaps_and_nobody_speaks_across_an_end(
    gaps: list[tuple[int, int]], lengths: list[int], changeover: int, late: int
) -> None:
    windows, at = [], MORNING
    for pause, length in gaps:
        windows.append(SessionWindow(uuid4(), at + timedelta(seconds=pause), at + timedelta(seconds=pause + length)))
        at = windows[-1].ends_at or at
    turns = [turn(length) for length in lengths]
    now = MORNING + timedelta(seconds=late)

    plan = project(windows, turns, changeover, now)

    placed = [plan[one.id] for one in turns if one.id in plan]
    assert [one.id for one in turns][: len(placed)] == list(plan), "who has a time stands before who has none"
    by_session = {window.session: window for window in windows}
    free_at = now
    for index, projected in enumerate(placed):
        window = by_session[projected.session]
        assert window.ends_at is not None
        assert window.starts_at <= projected.starts_at
        assert projected.ends_at <= window.ends_at
        assert projected.ends_at - projected.starts_at == timedelta(seconds=lengths[index])
        assert projected.starts_at >= free_at
        free_at = projected.ends_at + timedelta(seconds=changeover)
    _assert_earliest(windows, placed, lengths, now, changeover)


def _assert_earliest(
    windows: list[SessionWindow], placed: list[Projected], lengths: list[int], now: datetime, changeover: int
) -> None:
    """No gap that is not forced: each begins with the session, or right after the one before."""
    free_at = now
    for projected in placed:
        starts = {window.starts_at for window in windows if window.session == projected.session}
        assert projected.starts_at == free_at or projected.starts_at in starts
        free_at = projected.ends_at + timedelta(seconds=changeover)
    if len(placed) < len(lengths):
        length = timedelta(seconds=lengths[len(placed)])
        last = next((i for i, w in enumerate(windows) if placed and w.session == placed[-1].session), 0)
        assert all(w.ends_at and max(free_at, w.starts_at) + length > w.ends_at for w in windows[last:])


def test_others_see_every_turn_that_waits_as_long_as_the_next() -> None:
    turns = [turn(240, "started", 0, MORNING), turn(240), turn(60, "requested")]

    assert [one.allotted_seconds for one in as_others_see(turns)] == [240, 180, 180]
