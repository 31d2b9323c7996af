"""Personal calendars: what a secret address shows, to whom it belongs, and when it ends."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar

from forum.db import Connection
from tests.calendars.samples import entries_of
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    bookings_of,
    make_appearance,
    make_booking,
    make_edition,
    make_registration,
    make_room,
    make_session,
    make_speaker,
    publish_programme,
)

ME, EDITION = "/v1/me/calendar", "/v1/editions/grf-2023"


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of the edition `grf-2023`, whose programme has a plenary for all and a round table to be booked."""
    edition = await make_edition(client)
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def plenary(organizer: Client) -> dict[str, Any]:
    """A hybrid session for all who are registered."""
    room = await make_room(organizer, venue="Palexpo")
    return await make_session(organizer, room=room["id"], mode="hybrid", title={"en": "Plenary", "fr": "Plénière"})


@pytest.fixture
async def table(organizer: Client, plenary: dict[str, Any]) -> dict[str, Any]:
    """A session to be booked; the programme is published."""
    made = await make_session(organizer, access="booking", title={"en": "Round table"}, in_person_capacity=5)
    await publish_programme(organizer)
    return made


@pytest.fixture
async def amina(client: Client, organizer: Client, table: dict[str, Any]) -> Client:
    """A delegate with a place in the hall."""
    await make_registration(organizer, "amina@delegates.example")
    return await client.as_person("amina@delegates.example")


async def own(amina: Client) -> dict[str, Any]:
    """The one registration of a delegate."""
    return dict((await amina.get(ME)).json()["items"][0])


def path(feed: dict[str, Any]) -> str:
    """Where a feed is read."""
    return urlsplit(feed["url"]).path


async def titles(client: Client, feed: dict[str, Any]) -> list[str]:
    """What a calendar application shows, and by which words."""
    answer = await client.get(path(feed))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert b"ATTENDEE" not in answer.content
    assert b"amina" not in answer.content.lower()
    return sorted(str(event["SUMMARY"]) for event in Calendar.from_ical(answer.content).walk("VEVENT"))


async def test_feed_follows_releases_and_bookings(
    client: Client, organizer: Client, amina: Client, plenary: dict[str, Any], table: dict[str, Any]
) -> None:
    feed = await amina.made(ME, {"edition": "grf-2023", "label": "Phone"})
    assert await titles(client, feed) == ["Plenary"]
    registration = {"id": feed["registration"]}

    booking = await make_booking(organizer, table, registration)
    assert await titles(client, feed) == ["Plenary", "Round table"]

    await organizer.made(f"{bookings_of(table)}/{booking['id']}/cancel", {})
    assert await titles(client, feed) == ["Plenary"]

    await organizer.made(f"{EDITION}/sessions/{plenary['id']}/cancel", None)
    assert await titles(client, feed) == ["Plenary"]
    await publish_programme(organizer)
    [[status]] = [e["STATUS"] for e in entries_of((await client.get(path(feed))).content).values()]
    assert status == "STATUS:CANCELLED"

    await organizer.made(f"{EDITION}/registrations/{registration['id']}/revoke", {"reason": "Badge lost."})
    assert await titles(client, feed) == []


async def test_feed_holds_what_is_starred_and_where_its_person_speaks(
    client: Client, organizer: Client, amina: Client
) -> None:
    feed = await amina.made(ME, {"edition": "grf-2023"})
    open_one, press = [
        await make_session(organizer, access=access, title={"en": access}, starts_at=None, ends_at=None, held_on=day)
        for access, day in (("open", "2023-12-14"), ("media", "2023-12-15"))
    ]
    await publish_programme(organizer)
    assert await titles(client, feed) == ["Plenary"]

    star = await amina.request("PUT", f"{EDITION}/sessions/{open_one['id']}/star")
    speaker = await make_speaker(organizer, registration=feed["registration"])
    await make_appearance(organizer, press, speaker)

    assert star.status_code == 200, star.text
    assert await titles(client, feed) == ["Plenary", "media", "open"]
    taken = await amina.get(f"{EDITION}/registrations/{feed['registration']}/calendar.ics")
    assert len(entries_of(taken.content)) == 3
    [talk] = [item for item in (await amina.get(f"{EDITION}/agenda")).json()["items"] if item["roles"]]
    assert (talk["session"], talk["roles"], talk["starred_at"]) == (press["id"], ["panellist"], None)


async def test_feed_tells_the_place_for_the_way_of_taking_part(
    client: Client, organizer: Client, amina: Client
) -> None:
    feed = await amina.made(ME, {"edition": "grf-2023"})
    [entry] = entries_of((await client.get(path(feed))).content).values()
    assert "Palexpo" in entry["LOCATION"][0]
    assert "Online" not in entry["LOCATION"][0]

    await organizer.made(f"{EDITION}/registrations/{feed['registration']}/switch-mode", {"mode": "online"})

    [entry] = entries_of((await client.get(path(feed))).content).values()
    assert entry["LOCATION"] == ["LOCATION:Online"]


async def test_feed_is_in_the_language_of_its_person_and_kept_for_those_who_share_it(
    client: Client, organizer: Client, amina: Client
) -> None:
    person = {"given_name": "Luc", "family_name": "Martin", "language": "fr", "timezone": "Europe/Paris"}
    for name in ("luc", "léa"):
        await make_registration(organizer, f"{name}@delegates.example", person=person | {"email": f"{name}@d.example"})
    feeds = [
        await (await client.as_person(f"{name}@d.example")).made(ME, {"edition": "grf-2023"}) for name in ("luc", "léa")
    ]
    english = await amina.made(ME, {"edition": "grf-2023"})

    answers = [await client.get(path(feed)) for feed in feeds]

    assert [await titles(client, feed) for feed in [*feeds, english]] == [["Plénière"], ["Plénière"], ["Plenary"]]
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]
    again = await client.get(path(feeds[0]), headers={"If-None-Match": answers[1].headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await client.request("HEAD", path(feeds[0]))
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", answers[0].headers["ETag"])


async def test_rotated_address_replaces_the_one_before_after_a_while(
    client: Client, amina: Client, clock: Timeline
) -> None:
    first = await amina.made(ME, {"edition": "grf-2023"})
    second = (await amina.post(f"{ME}/{first['id']}/rotate")).json()
    assert await titles(client, first) == await titles(client, second) == ["Plenary"]

    third = (await amina.post(f"{ME}/{first['id']}/rotate")).json()
    assert (await client.get(path(first))).status_code == 404
    assert await titles(client, second) == await titles(client, third) == ["Plenary"]

    clock.forward(days=15)
    assert (await client.get(path(second))).status_code == 404
    assert await titles(client, third) == ["Plenary"]


async def test_revoked_address_is_not_found_at_once(client: Client, amina: Client) -> None:
    feed = await amina.made(ME, {"edition": "grf-2023"})
    await titles(client, feed)

    assert (await amina.post(f"{ME}/{feed['id']}/revoke")).status_code == 204

    assert (await client.get(path(feed))).status_code == 404
    assert (await amina.get(ME)).json()["items"] == []


async def test_feed_ends_ninety_days_after_the_edition(client: Client, amina: Client, clock: Timeline) -> None:
    feed = await amina.made(ME, {"edition": "grf-2023"})
    last_evening = datetime(
        2024, 3, 14, 22, tzinfo=UTC
    )  # 90 days after the 15th of December, before midnight in Zurich
    clock.now = last_evening
    assert await titles(client, feed) == ["Plenary"]

    clock.forward(hours=1)

    assert (await client.get(path(feed))).status_code == 404


async def test_feed_of_another_is_not_found(client: Client, organizer: Client, amina: Client) -> None:
    feed = await amina.made(ME, {"edition": "grf-2023"})
    await make_registration(organizer, "omar@delegates.example")
    omar = await client.as_person("omar@delegates.example")

    for action in ("rotate", "revoke"):
        assert (await omar.post(f"{ME}/{feed['id']}/{action}")).status_code == 404
        assert (await organizer.post(f"{ME}/{feed['id']}/{action}")).status_code == 404
    assert (await omar.get(ME)).json()["items"] == []
    assert await titles(client, feed) == ["Plenary"]


async def test_address_is_told_once_and_kept_as_a_hash(client: Client, conn: Connection, amina: Client) -> None:
    feed = await amina.made(ME, {"edition": "grf-2023"})

    listed = await amina.get(ME, params={"edition": "grf-2023", "count": "true"})

    assert listed.json() == {
        "items": [{name: value for name, value in feed.items() if name != "url"}],
        "next_cursor": None,
        "total": 1,
    }
    secret = path(feed).split("/")[3]
    rows = str(await conn.fetch("SELECT * FROM calendar_feeds"))
    assert secret not in rows


async def test_feed_needs_a_registration_and_a_published_programme(client: Client, organizer: Client) -> None:
    stranger = await client.as_person("stranger@example.org")
    await make_registration(organizer, "amina@delegates.example")
    amina = await client.as_person("amina@delegates.example")

    assert (await stranger.post(ME, {"edition": "grf-2023"})).status_code == 404
    assert (await amina.post(ME, {"edition": "grf-1951"})).status_code == 404
    refused = await amina.post(ME, {"edition": "grf-2023"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_published")
    assert (await client.get("/v1/calendars/nothing/calendar.ics")).status_code == 404


async def test_no_more_than_ten_feeds_are_made_at_once(conn: Connection, amina: Client) -> None:
    answers = await asyncio.gather(*(amina.post(ME, {"edition": "grf-2023"}) for _ in range(15)))

    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"too_many_feeds"}
    assert await conn.fetchval("SELECT count(*) FROM calendar_feeds") == 10


async def test_erased_person_has_no_feed(client: Client, organizer: Client, amina: Client) -> None:
    feed = await amina.made(ME, {"edition": "grf-2023"})

    erased = await organizer.post(f"{REGISTRATIONS}/{feed['registration']}/erase", {"reason": "asked_by_the_person"})

    assert erased.status_code == 200, erased.text
    assert (await client.get(path(feed))).status_code == 404
