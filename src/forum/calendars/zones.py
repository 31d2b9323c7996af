"""VTIMEZONE components that every reader understands: named by their IANA zone, written with RRULE.

Lists of RDATEs, which the library writes by itself, are read one hour wrong by several clients. A zone whose
transitions follow no yearly rule gets one observance for each transition around the years in question.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur
from msgspec import Struct

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Transition(Struct, frozen=True):
    """An instant at which a zone's offset changes."""

    local: datetime
    """Wall clock time just before, without zone: what DTSTART of an observance is (RFC 5545 section 3.6.5)."""
    before: timedelta
    after: timedelta
    name: str
    daylight: bool
    """Whether clocks go forward, also where the law calls winter the exception (Dublin): readers expect it."""


@cache
def render_zone(name: str, first_year: int, last_year: int) -> bytes:
    """The VTIMEZONE of a zone, right for every instant from `first_year` to `last_year`."""
    zone = ZoneInfo(name)
    years = {year: _transitions(zone, year) for year in range(first_year - 1, last_year + 2)}
    component = Timezone()
    component.add("tzid", name)
    if not any(years.values()):
        _add(component, _fixed(zone, first_year), None)
    elif rules := _yearly_rules(years):
        for transition, rule in rules:
            _add(component, transition, rule)
    else:
        _add(component, _fixed(zone, first_year - 1), None)
        for transition in (t for found in years.values() for t in found):
            _add(component, transition, None)
    return bytes(component.to_ical())


def _fixed(zone: ZoneInfo, year: int) -> Transition:
    """The offset that holds at the beginning of a year, as if it always had."""
    start = datetime(year, 1, 1, tzinfo=zone)
    offset = start.utcoffset() or timedelta()
    since = datetime(min(year, 1970), 1, 1)  # noqa: DTZ001 - a wall clock's time
    return Transition(since, offset, offset, start.tzname() or "UTC", daylight=False)


def _transitions(zone: ZoneInfo, year: int) -> list[Transition]:
    """Every change of offset in a year, found by halving the days on which it differs from the day before."""
    found = []
    day = datetime(year, 1, 1, tzinfo=UTC)
    while day.year == year:
        following = day + timedelta(days=1)
        if _offset(zone, day) != _offset(zone, following):
            found.append(_transition_between(zone, day, following))
        day = following
    return found


def _transition_between(zone: ZoneInfo, low: datetime, high: datetime) -> Transition:
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    after, name = _offset(zone, high), high.astimezone(zone).tzname() or ""
    return Transition((high + before).replace(tzinfo=None), before, after, name, daylight=after > before)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _yearly_rules(years: dict[int, list[Transition]]) -> list[tuple[Transition, vRecur]] | None:
    """The first year's transitions, each with the rule that gives those of every year; None when none does."""
    columns = list(zip(*years.values(), strict=False))
    if any(len(found) != len(columns) for found in years.values()):
        return None
    rules = [(column[0], _rule(list(column))) for column in columns]
    return [(first, rule) for first, rule in rules if rule] if all(rule for _, rule in rules) else None


def _rule(column: list[Transition]) -> vRecur | None:
    shape = {(t.local.month, t.local.weekday(), t.local.time(), t.before, t.after) for t in column}
    positions = set.intersection(*(_positions(t.local.date()) for t in column))
    if len(shape) != 1 or not positions:
        return None
    weekday = _WEEKDAYS[column[0].local.weekday()]
    return vRecur({"FREQ": "YEARLY", "BYMONTH": column[0].local.month, "BYDAY": f"{min(positions)}{weekday}"})


def _positions(day: date) -> set[int]:
    """Which weekday of its month a day is: the second, the last (-1) ..."""
    last = -1 if day.day + 7 > monthrange(day.year, day.month)[1] else 0
    return {(day.day - 1) // 7 + 1} | ({last} - {0})


def _add(component: Timezone, transition: Transition, rule: vRecur | None) -> None:
    part = TimezoneDaylight() if transition.daylight else TimezoneStandard()
    part.add("dtstart", transition.local)
    part.add("tzoffsetfrom", transition.before)
    part.add("tzoffsetto", transition.after)
    part.add("tzname", transition.name)
    if rule:
        part.add("rrule", rule)
    component.add_component(part)
