"""What we produce, as applications read it that we did not write: Radicale keeps it, and khal shows it."""

import email
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from forum.calendars.ical import render_event, render_feed, years_of
from forum.notifications.mime import InvitationMailer
from tests.calendars.applications import Khal, Store, radicale
from tests.calendars.samples import HARD, NINE, edition, feed, session
from tests.client import Client
from tests.factories import make_edition, make_registration, make_room, make_session, publish_programme
from tests.notifications.test_mime import invitation

ARABIC, CHINESE = "الجلسة الافتتاحية", "全体会议：难民、国家与城市"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A calendar on a CalDAV server."""
    with radicale(tmp_path_factory.mktemp("radicale")) as made:
        yield made


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of the edition `grf-2023`."""
    made = await make_edition(client)
    return await client.as_role("organizer", made["id"])


def alone(event: Any, calendar: Calendar) -> bytes:
    """One entry with its time zones, as an application stores it that has read a feed."""
    single = Calendar()
    single.add("version", "2.0")
    single.add("prodid", "-//Probe//Probe 1//EN")
    for zone in calendar.walk("VTIMEZONE"):
        single.add_component(zone)
    single.add_component(event)
    return bytes(single.to_ical())


def part_of(mail: bytes) -> tuple[str, Calendar]:
    """The method and the calendar of an invitation; stored without the method, as RFC 4791 section 4.1 asks."""
    parts = email.message_from_bytes(mail, policy=default).walk()
    (found,) = [part for part in parts if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(found.get_payload(decode=True))
    return str(calendar.pop("METHOD")), calendar


def facts(event: Any) -> dict[str, Any]:
    """What must come back as it went in."""
    names = ("UID", "SUMMARY", "SEQUENCE", "STATUS", "LOCATION", "DESCRIPTION", "TRANSP", "URL")
    times = {name: event[name].dt for name in ("DTSTART", "DTEND", "DTSTAMP", "LAST-MODIFIED") if name in event}
    return {name: str(event[name]) for name in names if name in event} | times


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_entry_of_a_feed_comes_back_as_it_was_stored(store: Store, language: str) -> None:
    calendar = Calendar.from_ical(feed(HARD, language=language))
    events = calendar.walk("VEVENT")
    assert len(events) == len(HARD)

    assert {store.put(event["UID"], alone(event, calendar)) for event in events} <= {201, 204}

    for event in events:
        assert facts(store.get(event["UID"])) == facts(event)


def test_server_finds_an_entry_at_its_instant_on_the_nights_when_clocks_change(store: Store) -> None:
    nights = {"Europe/Zurich": datetime(2023, 10, 29, 1, 30, tzinfo=UTC),
              "America/New_York": datetime(2024, 3, 10, 7, 30, tzinfo=UTC)}  # fmt: skip
    for zone, starts_at in nights.items():
        entry = session(zone, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30))
        calendar = Calendar.from_ical(feed([entry], edition(zone)))
        (event,) = calendar.walk("VEVENT")
        store.put(event["UID"], alone(event, calendar))

        assert store.get(event["UID"])["DTSTART"].dt == starts_at
        within = [starts_at + timedelta(minutes=minutes) for minutes in (5, 10)]
        assert store.find(*(f"{at:%Y%m%dT%H%M%SZ}" for at in within)) == {event["UID"]}
        hour = timedelta(hours=1)
        assert store.find(*(f"{at + hour:%Y%m%dT%H%M%SZ}" for at in within)) == set()
        assert store.find(*(f"{at - hour:%Y%m%dT%H%M%SZ}" for at in within)) == set()


def test_invitation_is_stored_moved_and_withdrawn(store: Store) -> None:
    steps = [("REQUEST", 0, NINE), ("REQUEST", 1, NINE + timedelta(hours=2)), ("CANCEL", 2, NINE + timedelta(hours=2))]
    for method, sequence, starts_at in steps:
        status = "cancelled" if method == "CANCEL" else "confirmed"
        entry = session("invited", starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), status=status)
        mailer = InvitationMailer(entry, edition())
        told, calendar = part_of(mailer.render(invitation(method=method, sequence=sequence)))
        (event,) = calendar.walk("VEVENT")

        assert store.put(event["UID"], calendar.to_ical()) == (201 if sequence == 0 else 204)

        kept = store.get(event["UID"])
        assert (told, facts(kept)) == (method, facts(event))
        assert (kept["SEQUENCE"], kept["DTSTART"].dt) == (sequence, starts_at)
        assert str(kept["ATTENDEE"]).startswith("mailto:")
    assert kept["STATUS"] == "CANCELLED"


def test_khal_shows_sessions_at_the_local_time_also_when_clocks_change(tmp_path: Path) -> None:
    first = datetime(2023, 10, 29, 0, 30, tzinfo=UTC)  # 02:30 in summer time; an hour later it is 02:30 again
    hour, half = timedelta(hours=1), timedelta(minutes=15)
    entries = [
        session(1, title={"ar": ARABIC}, starts_at=first, ends_at=first + half),
        session(2, title={"zh-Hans": CHINESE}, starts_at=first + hour, ends_at=first + hour + half),
        session(3, title={"en": "Morning"}, starts_at=first + 8 * hour, ends_at=first + 9 * hour),
    ]
    events = [render_event(entry, edition(), "en") for entry in entries]
    data = render_feed(events, edition(), "en", "Forum", years_of(entries))

    geneva, york = Khal(tmp_path / "geneva", "Europe/Zurich"), Khal(tmp_path / "york", "America/New_York")
    for khal in (geneva, york):
        khal.take(data)

    assert geneva.listed("2023-10-29") == [f"02:30 02:45 {ARABIC}", f"02:30 02:45 {CHINESE}", "09:30 10:30 Morning"]
    assert york.listed("2023-10-28") == [f"20:30 20:45 {ARABIC}", f"21:30 21:45 {CHINESE}"]
    assert york.listed("2023-10-29") == ["04:30 05:30 Morning"]


async def test_khal_and_radicale_read_the_feeds_of_an_edition_and_of_a_person(
    client: Client, organizer: Client, store: Store, tmp_path: Path
) -> None:
    room = await make_room(organizer, venue="Palexpo")
    title = {"en": "Plenary", "ar": ARABIC}
    plenary = await make_session(organizer, room=room["id"], title=title)
    await make_session(organizer, access="media", title={"en": "Press"}, starts_at=None, ends_at=None,
                       held_on="2023-12-13")  # fmt: skip
    await publish_programme(organizer)
    await make_registration(organizer, "amina@delegates.example")
    amina = await client.as_person("amina@delegates.example")
    address = (await amina.made("/v1/me/calendar", {"edition": "grf-2023"}))["url"]
    public = "/v1/editions/grf-2023/programme.ics"
    khal, own = Khal(tmp_path / "public", "Europe/Zurich"), Khal(tmp_path / "own", "Europe/Zurich")

    khal.take((await client.get(public)).content)
    own.take((await client.get(address)).content)
    assert khal.listed("2023-12-13") == ["Press", "09:00 13:00 Plenary"]
    assert own.listed("2023-12-13") == ["09:00 13:00 Plenary"]

    answer = await organizer.get(f"/v1/editions/grf-2023/sessions/{plenary['id']}")
    moved = {"starts_at": "2023-12-14T13:00:00Z", "ends_at": "2023-12-14T14:00:00Z"}
    await organizer.patch(
        f"/v1/editions/grf-2023/sessions/{plenary['id']}", moved, headers={"If-Match": answer.headers["ETag"]}
    )
    await publish_programme(organizer)
    data = (await client.get(address)).content
    own.take(data)
    assert own.listed("2023-12-13") == []
    assert own.listed("2023-12-14") == ["14:00 15:00 Plenary"]
    calendar = Calendar.from_ical(data)
    (event,) = calendar.walk("VEVENT")
    assert store.put(event["UID"], alone(event, calendar)) == 201
    assert facts(store.get(event["UID"])) == facts(event)
    assert event["SEQUENCE"] == 1
