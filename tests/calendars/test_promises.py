"""What calendars promise on the worst of nights, with the worst of titles, and in another process."""

import asyncio
import hashlib
import os
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from forum.calendars.ical import InvitationTemplate
from forum.calendars.types import Attendee
from forum.notifications.texts import moment
from forum.settings import Settings
from tests.calendars.samples import ARABIC, edition, feed, session
from tests.client import Client
from tests.factories import make_edition, make_session, publish_programme
from tests.mailboxes import entry_of, plain, read_calendar
from tests.processes import environment

NIGHTS = [
    ("Europe/Zurich", datetime(2024, 3, 30, 22, tzinfo=UTC)),
    ("Europe/Zurich", datetime(2024, 10, 26, 22, tzinfo=UTC)),
    ("America/New_York", datetime(2024, 3, 10, 4, tzinfo=UTC)),
    ("America/New_York", datetime(2024, 11, 3, 3, tzinfo=UTC)),
]
STAMP = datetime(2023, 11, 2, 8, 30, tzinfo=UTC)
PERSON = Attendee("amal@person.example", "Amal Probe", "in_person")


@pytest.mark.parametrize(("zone", "evening"), NIGHTS)
def test_times_of_the_nights_when_clocks_change_are_read_and_shown_as_they_are(zone: str, evening: datetime) -> None:
    shown = set()
    for step in range(18):
        start = evening + timedelta(minutes=30 * step)
        times = start, start + timedelta(hours=1)
        item = session(starts_at=times[0], ends_at=times[1])
        invitation = InvitationTemplate("REQUEST", item, edition(zone), "in_person", "en", 0).render(PERSON, STAMP)
        for data in (feed([item], edition(zone)), invitation):
            calendar = read_calendar(data)
            entry = entry_of(calendar.of("VEVENT")[0], calendar)
            (event,) = Calendar.from_ical(data).walk("VEVENT")
            assert (entry.starts_at, entry.ends_at) == times
            assert (event.decoded("DTSTART"), event.decoded("DTEND")) == times
        text = moment("fr", *times, zone)
        assert f", {start.astimezone(ZoneInfo(zone)):%H:%M}" in text
        assert f"– {times[1].astimezone(ZoneInfo(zone)):%H:%M}" in text or "– dimanche" in text
        shown.add(text)
    assert len(shown) == 18  # no two are told alike


def test_time_that_clocks_show_twice_is_told_with_its_offset() -> None:
    first = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)

    told = [moment("en", first + timedelta(hours=hours), None, "Europe/Zurich") for hours in range(3)]

    day = "Sunday, October 27, 2024, "
    assert told == [
        f"{day}2:30\u202fAM GMT+02:00 (Europe/Zurich)",
        f"{day}2:30\u202fAM GMT+01:00 (Europe/Zurich)",
        f"{day}3:30\u202fAM (Europe/Zurich)",
    ]


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\r\n "])
def test_line_break_in_a_title_becomes_no_property(break_: str) -> None:
    title = f"Opening{break_}ATTENDEE:mailto:x@y.example{break_}END:VEVENT{break_}{ARABIC}"
    item = session(title={"en": title})
    template = InvitationTemplate("REQUEST", item, edition(), "in_person", "en", 0)

    for data, attendees in ((feed([item]), []), (template.render(PERSON, STAMP), ["mailto:amal@person.example"])):
        (event,) = read_calendar(data).of("VEVENT")
        (summary,) = event.all("SUMMARY")
        assert plain(summary.value) == title.replace("\r\n", "\n").replace("\r", "\n")
        assert [line.value for line in event.all("ATTENDEE")] == attendees


async def test_fresh_process_gives_the_same_etag(client: Client, settings: Settings) -> None:
    made = await make_edition(client)
    manager = await client.as_role("programme_manager", made["id"])
    for number in range(3):
        title = {"ar": ARABIC, "en": f"Session {number}"}
        await make_session(manager, title=title, starts_at=None, ends_at=None, held_on="2023-12-13")
    await publish_programme(manager)
    path = "/v1/editions/grf-2023/programme.ics?lang=ar"
    answer = await client.get(path)

    elsewhere = environment(settings) | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    elsewhere["PYTHONPATH"] = os.pathsep.join(sys.path)
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.calendars.fresh", path, env=elsewhere, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await asyncio.wait_for(other.communicate(), 60)

    assert told.decode().split() == [answer.headers["ETag"], hashlib.sha256(answer.content).hexdigest()]
