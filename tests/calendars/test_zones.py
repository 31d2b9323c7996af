"""The zones that we write, read by a reader of zones that we did not write, against the IANA rules."""

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from forum.calendars.zones import render_zone

RULED = ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "Europe/Dublin"]
"""Zones whose clocks change by a yearly rule."""
STEADY = ["Asia/Kolkata", "Asia/Kathmandu", "Africa/Nairobi", "America/Argentina/Buenos_Aires"]
"""Zones whose clocks do not change."""
OTHER = ["Africa/Casablanca", "Asia/Gaza", "Africa/Cairo"]
"""Zones whose clocks change by no rule that a calendar can say for all the years asked for."""
PAST = [("Asia/Tehran", 2021), ("America/Sao_Paulo", 2018), ("Pacific/Apia", 2011), ("Europe/Zurich", 1965)]
"""Zones that have changed their rule."""


def read(name: str, first: int, last: int) -> tzical:
    """The zone as another program reads our bytes."""
    text = render_zone(name, first, last).decode("ascii").replace("\r\n", "\n")
    return tzical(io.StringIO(text)).get(name)


def wrong_hours(name: str, first: int, last: int) -> list[datetime]:
    """Every half hour around each change of clocks, and each noon, at which our zone and the IANA zone disagree."""
    zone, ours = ZoneInfo(name), read(name, first, last)
    at, end = datetime(first, 1, 1, 12, tzinfo=UTC), datetime(last, 12, 31, tzinfo=UTC)
    wrong = []
    while at < end:
        moments = [at]
        if at.astimezone(zone).utcoffset() != (at + timedelta(days=1)).astimezone(zone).utcoffset():
            moments += [at + timedelta(minutes=30 * step) for step in range(49)]
        for moment in moments:
            local = moment.astimezone(zone)
            twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
            if not twice and local.replace(tzinfo=ours).utcoffset() != local.utcoffset():
                wrong.append(moment)
        at += timedelta(days=1)
    return wrong


@pytest.mark.parametrize("name", RULED + STEADY + OTHER)
def test_zone_is_right_every_half_hour_of_the_nights_when_clocks_change(name: str) -> None:
    assert wrong_hours(name, 2023, 2025) == []


@pytest.mark.parametrize(("name", "year"), PAST)
def test_zone_is_right_in_years_with_other_rules(name: str, year: int) -> None:
    assert wrong_hours(name, year, year + 1) == []


@pytest.mark.parametrize("name", RULED)
def test_zone_with_a_rule_says_it_as_a_rule(name: str) -> None:
    text = render_zone(name, 2023, 2025).decode()

    assert text.startswith(f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\n")
    assert (text.count("BEGIN:STANDARD"), text.count("BEGIN:DAYLIGHT")) == (1, 1)
    assert text.count("RRULE:FREQ=YEARLY;BYDAY=") == 2
    assert "RDATE" not in text


@pytest.mark.parametrize("name", STEADY)
def test_zone_that_never_changes_has_one_observance(name: str) -> None:
    text = render_zone(name, 2023, 2025).decode()

    assert (text.count("BEGIN:STANDARD"), text.count("BEGIN:DAYLIGHT"), text.count("RRULE")) == (1, 0, 0)


def test_zone_without_a_rule_has_one_observance_for_each_change() -> None:
    text = render_zone("Africa/Casablanca", 2023, 2023).decode()

    assert text.count("TZOFFSETTO:+0000") == 3
    assert "RDATE" not in text
    assert "RRULE" not in text


def test_new_york_is_written_as_it_is_known() -> None:
    assert render_zone("America/New_York", 2023, 2023).decode().split("\r\n") == [
        "BEGIN:VTIMEZONE",
        "TZID:America/New_York",
        "BEGIN:DAYLIGHT",
        "DTSTART:20220313T020000",
        "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3",
        "TZNAME:EDT",
        "TZOFFSETFROM:-0500",
        "TZOFFSETTO:-0400",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:20221106T020000",
        "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
        "TZNAME:EST",
        "TZOFFSETFROM:-0400",
        "TZOFFSETTO:-0500",
        "END:STANDARD",
        "END:VTIMEZONE",
        "",
    ]
