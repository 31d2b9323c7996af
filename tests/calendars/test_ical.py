"""Feeds and invitations as bytes: RFC 5545, 5546 and 7986, and the project's own rules."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import pytest
from icalendar import Calendar

from forum.calendars.ical import InvitationTemplate
from forum.calendars.types import Attendee, CalendarSession, Method
from forum.codes import Mode
from tests.calendars.samples import (
    ARABIC,
    CHINESE,
    HARD,
    NINE,
    REVISED,
    RUSSIAN,
    edition,
    entries_of,
    feed,
    id_of,
    lines_of,
    session,
)

UID = f"{id_of(1)}@calendar.forum.test"
PERSON = Attendee("amal@person.example", "Amal Probe", "in_person")


def entry(item: CalendarSession, timezone: str = "Europe/Zurich", language: str = "en") -> dict[str, list[str]]:
    """The one entry of a feed."""
    (found,) = entries_of(feed([item], edition(timezone), language)).values()
    return found


def invitation(
    method: Method = "REQUEST", attendee: Attendee = PERSON, mode: Mode = "in_person", **changes: Any
) -> bytes:
    """An invitation to a session at version 3 of its calendar."""
    template = InvitationTemplate(method, session(**changes), edition(), mode, "en", 3)
    return template.render(attendee, datetime(2023, 11, 2, 8, 30, tzinfo=UTC))


def test_feed_says_what_clients_need() -> None:
    lines = lines_of(feed([session()]))
    head = lines[: lines.index("BEGIN:VTIMEZONE")]

    assert head == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Forum//Forum 1//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        'NAME;LANGUAGE=en:Forum "2023"\\, a^b\\; c\\\\d',
        'X-WR-CALNAME:Forum "2023"\\, a^b\\; c\\\\d',
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "X-WR-TIMEZONE:Europe/Zurich",
    ]
    assert lines[-1] == "END:VCALENDAR"


def test_entry_says_everything_and_names_nobody() -> None:
    found = entry(
        session(
            abstract={"fr": "Une\nligne"},
            room="Room K",
            venue="Palexpo",
            city="Geneva",
            track={"en": "Solutions"},
            parent_id=id_of("day"),
            calendar_sequence=4,
        )
    )

    assert {name: lines for name, lines in found.items() if name not in ("BEGIN", "END")} == {
        "UID": [f"UID:{UID}"],
        "DTSTAMP": ["DTSTAMP:20231101T090000Z"],
        "LAST-MODIFIED": ["LAST-MODIFIED:20231101T090000Z"],
        "DTSTART": ["DTSTART;TZID=Europe/Zurich:20231213T090000"],
        "DTEND": ["DTEND;TZID=Europe/Zurich:20231213T100000"],
        "SUMMARY": ["SUMMARY;LANGUAGE=en:Session 1"],
        "DESCRIPTION": ["DESCRIPTION;LANGUAGE=fr:Une\\nligne"],
        "LOCATION": ["LOCATION:Room K\\, Palexpo\\, Geneva"],
        "CATEGORIES": ["CATEGORIES:Solutions"],
        "RELATED-TO": [f"RELATED-TO:{id_of('day')}@calendar.forum.test"],
        "ORGANIZER": ["ORGANIZER;CN=\"Forum ^'2023^', a^^b; c\\d\":mailto:office@forum.example"],
        "SEQUENCE": ["SEQUENCE:4"],
        "STATUS": ["STATUS:CONFIRMED"],
        "TRANSP": ["TRANSP:OPAQUE"],
        "URL": ["URL:https://forum.test/v1/editions/grf-2023/sessions/x/calendar.ics"],
    }


def test_text_in_every_script_is_read_back_as_it_was() -> None:
    data = feed(HARD, language="ar")
    lines_of(data)
    read = {str(event["UID"]).partition("@")[0]: event for event in Calendar.from_ical(data).walk("VEVENT")}

    assert str(read[str(id_of("ar"))]["SUMMARY"]) == ARABIC
    assert str(read[str(id_of("ar"))]["DESCRIPTION"]) == f"{CHINESE}\n\nа\tб\\;,:\"'"
    assert read[str(id_of("ar"))]["CATEGORIES"].cats == ["Города, люди; \\"]
    assert str(read[str(id_of("zh"))]["SUMMARY"]) == CHINESE
    assert str(read[str(id_of("zh"))]["LOCATION"]) == 'Room "K", 2; \\, Palexpo, Genève'
    assert str(read[str(id_of("ru"))]["SUMMARY"]) == RUSSIAN
    assert str(read[str(id_of("emoji"))]["SUMMARY"]) == "😀" * 300
    assert read[str(id_of("ar"))]["ORGANIZER"].params["CN"] == "المنتدى العالمي للاجئين ٢٠٢٣"


def test_same_sessions_give_the_same_bytes_in_another_process() -> None:
    environment = os.environ | {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"}

    other = subprocess.run(
        [sys.executable, "-m", "tests.calendars.samples"], capture_output=True, text=True, env=environment, check=True
    )

    assert feed(HARD) == feed(HARD)
    assert other.stdout.strip() == hashlib.sha256(feed(HARD)).hexdigest()


def test_cancelled_session_stays_and_takes_no_time() -> None:
    found = entry(session(status="cancelled", calendar_sequence=2))

    assert (found["STATUS"], found["TRANSP"]) == (["STATUS:CANCELLED"], ["TRANSP:TRANSPARENT"])
    assert (found["UID"], found["SEQUENCE"]) == ([f"UID:{UID}"], ["SEQUENCE:2"])


def test_day_without_an_hour_is_a_date() -> None:
    found = entry(session(starts_at=None, ends_at=None, held_on=date(2023, 12, 31)))

    assert found["DTSTART"] == ["DTSTART;VALUE=DATE:20231231"]
    assert found["DTEND"] == ["DTEND;VALUE=DATE:20240101"]
    assert found["TRANSP"] == ["TRANSP:TRANSPARENT"]
    assert b"VTIMEZONE" not in feed([session(starts_at=None, ends_at=None, held_on=date(2023, 12, 31))])


def test_session_without_an_end_has_none_and_one_without_a_date_is_refused() -> None:
    assert "DTEND" not in entry(session(ends_at=None))
    with pytest.raises(ValueError, match="has no date"):
        feed([session(starts_at=None, ends_at=None)])


def test_time_in_utc_needs_no_zone() -> None:
    found = entry(session(), timezone="UTC")

    assert found["DTSTART"] == ["DTSTART:20231213T080000Z"]
    assert b"VTIMEZONE" not in feed([session()], edition("UTC"))


def test_hour_that_clocks_show_twice_is_told_in_utc() -> None:
    twice = datetime(2023, 10, 29, 0, 30, tzinfo=UTC)

    found = entry(session(starts_at=twice, ends_at=twice.replace(hour=4)))

    assert found["DTSTART"] == ["DTSTART:20231029T003000Z"]
    assert found["DTEND"] == ["DTEND:20231029T043000Z"]


@pytest.mark.parametrize(
    ("mode", "room", "location"),
    [
        ("in_person", "Room K", ["LOCATION:Room K"]),
        ("hybrid", "Room K", ["LOCATION:Room K / Online"]),
        ("hybrid", None, ["LOCATION:Online"]),
        ("online", "Room K", ["LOCATION:Online"]),
        ("in_person", None, []),
    ],
)
def test_place_in_a_feed_depends_on_the_mode(mode: str, room: str | None, location: list[str]) -> None:
    assert entry(session(mode=mode, room=room)).get("LOCATION", []) == location


def test_invitation_has_one_attendee_and_the_persons_own_stamp() -> None:
    data = invitation(mode="online", room="Room K", calendar_sequence=9)
    (found,) = entries_of(data).values()

    assert "METHOD:REQUEST" in lines_of(data)
    assert found["ATTENDEE"] == [
        'ATTENDEE;CN="Amal Probe";CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=FALSE'
        ":mailto:amal@person.example"
    ]
    assert (found["DTSTAMP"], found["LAST-MODIFIED"]) == (
        ["DTSTAMP:20231102T083000Z"],
        [f"LAST-MODIFIED:{REVISED:%Y%m%dT%H%M%SZ}"],
    )
    assert (found["SEQUENCE"], found["UID"]) == (["SEQUENCE:3"], [f"UID:{UID}"])
    assert (found["LOCATION"], found["STATUS"]) == (["LOCATION:Online"], ["STATUS:CONFIRMED"])
    assert lines_of(data).count("BEGIN:VTIMEZONE") == 1


def test_withdrawal_says_so_in_method_and_status() -> None:
    data = invitation("CANCEL")
    (found,) = entries_of(data).values()

    assert "METHOD:CANCEL" in lines_of(data)
    assert (found["STATUS"], found["TRANSP"]) == (["STATUS:CANCELLED"], ["TRANSP:TRANSPARENT"])
    assert (found["UID"], found["SEQUENCE"], len(found["ATTENDEE"])) == ([f"UID:{UID}"], ["SEQUENCE:3"], 1)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ('Dr. "Q", Jr.; <x@y.example>: z', 'Dr. "Q", Jr.; <x@y.example>: z'),
        ("a^nb^'c^^d", "a^nb^'c^^d"),
        ("evil\r\nATTENDEE:mailto:x@y.example\r\nEND:VEVENT", "evil ATTENDEE:mailto:x@y.example END:VEVENT"),
        (ARABIC, ARABIC.strip()),
        ("", ""),
    ],
)
def test_name_of_an_attendee_stays_a_name(name: str, read: str) -> None:
    data = invitation(attendee=Attendee("p@person.example", name, "in_person"))
    lines_of(data)

    (event,) = Calendar.from_ical(data).walk("VEVENT")
    assert event["ATTENDEE"].params.get("CN", "") == read
    assert event["ATTENDEE"] == "mailto:p@person.example"


def test_address_of_an_attendee_stays_an_address() -> None:
    data = invitation(attendee=Attendee("a%41?b#c+d@person.example", "A", "in_person"))

    assert ":mailto:a%2541%3Fb%23c+d@person.example\r\n" in data.replace(b"\r\n ", b"").decode()


def test_title_that_looks_like_the_end_of_an_entry_does_not_end_it() -> None:
    for padding in range(76):
        title = {"en": "x" * padding + "END:VEVENT"}
        (found,) = entries_of(invitation(title=title)).values()
        assert found["SUMMARY"] == [f"SUMMARY;LANGUAGE=en:{title['en']}"]
        assert len(found["ATTENDEE"]) == 1


def test_invitation_to_an_hour_in_utc_or_a_day_names_no_zone() -> None:
    twice = NINE.replace(month=10, day=29, hour=0, minute=30)

    for data in (
        invitation(starts_at=twice, ends_at=twice.replace(hour=4)),
        invitation(starts_at=None, ends_at=None, held_on=date(2023, 12, 13)),
    ):
        assert b"VTIMEZONE" not in data
        assert b"TZID" not in data
