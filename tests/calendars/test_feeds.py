"""The public feeds, through the API: what is published, for as long as it is."""

from typing import Any

import httpx
import pytest
from icalendar import Calendar

from forum.app import create_app
from forum.settings import Settings
from tests.calendars.samples import ARABIC, entries_of, lines_of
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import (
    make_appearance,
    make_edition,
    make_room,
    make_session,
    make_speaker,
    publish_programme,
    session_fields,
)

EDITION = "/v1/editions/grf-2023"
SESSIONS, FEED = f"{EDITION}/sessions", f"{EDITION}/programme.ics"


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


def uid(session: dict[str, Any]) -> str:
    """The UID of a session's entries."""
    return f"{session['id']}@calendar.forum.test"


async def entries(client: Client, path: str = FEED, **query: str) -> dict[str, dict[str, list[str]]]:
    """What a subscriber reads."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return entries_of(answer.content)


async def test_feed_holds_the_dated_sessions_of_the_release_and_names_nobody(client: Client, manager: Client) -> None:
    room = await make_room(manager, venue="Palexpo")
    session = await make_session(manager, room=room["id"])
    day = await make_session(manager, starts_at=None, ends_at=None, held_on="2023-12-14")
    await make_session(manager, starts_at=None, ends_at=None)
    await make_session(manager, "draft")
    await make_appearance(manager, session, await make_speaker(manager, published=True))
    assert (await client.get(FEED)).status_code == 404
    await publish_programme(manager)

    found = await entries(client)

    assert sorted(found) == sorted([uid(session), uid(day)])
    assert found[uid(session)]["LOCATION"] == ["LOCATION:Room K\\, Palexpo\\, Geneva / Online"]
    assert found[uid(session)]["ORGANIZER"][0].endswith(":mailto:secretariat@forum.example")
    assert found[uid(session)]["URL"] == [f"URL:https://forum.test{SESSIONS}/{session['id']}/calendar.ics"]
    text = (await client.get(FEED)).text
    assert "ATTENDEE" not in text
    assert "Amal" not in text


async def test_feed_is_known_by_its_etag_and_the_same_in_every_process(
    client: Client, manager: Client, clock: Timeline, settings: Settings
) -> None:
    await make_session(manager, title={"ar": ARABIC, "en": "Opening"})
    await publish_programme(manager)
    first = await client.get(FEED)
    clock.forward(days=1)
    other_process = httpx.ASGITransport(app=create_app(settings, pool=client.pool, clock=clock))
    async with httpx.AsyncClient(transport=other_process, base_url="https://forum.test") as http:
        again = await http.get(FEED)

    assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
    assert first.headers["Cache-Control"] == "public, max-age=30, stale-while-revalidate=300"
    known = await client.get(FEED, headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert "Content-Length" not in known.headers
    arabic = await client.get(FEED, params={"lang": "ar"})
    assert arabic.headers["ETag"] != first.headers["ETag"]
    (event,) = Calendar.from_ical(arabic.content).walk("VEVENT")
    assert str(event["SUMMARY"]) == ARABIC
    head = await client.request("HEAD", FEED)
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", first.headers["ETag"])


async def test_sequence_and_stamp_are_those_of_the_row(client: Client, manager: Client, clock: Timeline) -> None:
    room = await make_room(manager)
    session = await make_session(manager, room=room["id"])
    path = f"{SESSIONS}/{session['id']}"

    async def told() -> list[list[str]]:
        await publish_programme(manager)
        entry = (await entries(client))[uid(session)]
        return [entry[name] for name in ("SEQUENCE", "DTSTAMP", "LAST-MODIFIED")]

    def expected(sequence: int, moment: str) -> list[list[str]]:
        return [[f"SEQUENCE:{sequence}"], [f"DTSTAMP:{moment}"], [f"LAST-MODIFIED:{moment}"]]

    assert await told() == expected(0, "20231101T090000Z")
    clock.forward(hours=1)
    await manager.patch(path, {"title": {"en": "Typo fixed"}})
    assert await told() == expected(0, "20231101T100000Z")
    clock.forward(hours=1)
    await manager.patch(path, {"starts_at": "2023-12-13T08:30:00Z"})
    assert await told() == expected(1, "20231101T110000Z")
    clock.forward(hours=1)
    await manager.patch(f"{EDITION}/rooms/{room['id']}", {"name": "Renamed"})
    assert await told() == expected(2, "20231101T120000Z")


async def test_what_a_room_has_is_in_the_programme_and_leaves_calendars_as_they_are(
    client: Client, manager: Client, clock: Timeline
) -> None:
    room = await make_room(manager, capacity=80)
    session = await make_session(manager, room=room["id"])
    release = await publish_programme(manager)
    before = (await client.get(FEED)).content
    clock.forward(hours=1)
    facts = {
        "capacity": 90,
        "wheelchair_accessible": True,
        "hearing_loop": False,
        "equipment": ["projector", "شاشة"],
    }

    await manager.patch(f"{EDITION}/rooms/{room['id']}", facts)
    changed = await manager.made(f"{EDITION}/programme/publish", {})

    plain = {"id": room["id"], "name": "Room K", "venue": None} | dict.fromkeys(facts) | {"capacity": 80}
    frozen = {name: fact for name, fact in plain.items() if name != "equipment"}
    assert changed["changed"] == [
        {"id": session["id"], "fields": {"room": {"before": frozen, "after": frozen | facts}}}
    ]
    for number, told in ((1, plain | {"equipment": []}), (2, plain | facts)):
        [shown] = (await client.get(f"{EDITION}/programme/releases/{number}")).json()["sessions"]
        assert (shown["room"], shown["revised_at"]) == (told, "2023-11-01T09:00:00Z")
    assert (await client.get(f"{EDITION}/programme/now")).json()["rooms"][0]["room"] == plain | facts
    assert (await client.get(FEED)).content == before
    await manager.patch(f"{EDITION}/rooms/{room['id']}", {name: plain[name] for name in facts} | {"equipment": []})
    again = await publish_programme(manager)
    assert (again["number"], again["content_sha256"]) == (3, release["content_sha256"])


async def test_cancelled_session_stays_until_the_edition_is_archived(client: Client, manager: Client) -> None:
    session = await make_session(manager)
    kept = await make_session(manager, starts_at="2023-12-14T08:00:00Z", ends_at=None)
    await publish_programme(manager)
    await manager.post(f"{SESSIONS}/{session['id']}/cancel")
    assert (await entries(client))[uid(session)]["STATUS"] == ["STATUS:CONFIRMED"]
    await publish_programme(manager)

    entry = (await entries(client))[uid(session)]
    assert [entry[name] for name in ("STATUS", "TRANSP", "SEQUENCE")] == [
        ["STATUS:CANCELLED"],
        ["TRANSP:TRANSPARENT"],
        ["SEQUENCE:1"],
    ]
    before = (await client.get(FEED)).headers["ETag"]
    admin = await client.as_role("admin")
    for move in ("start", "end", "archive"):
        await admin.made(f"{EDITION}/{move}", None)
    assert list(await entries(client)) == [uid(kept)]
    assert (await client.get(FEED)).headers["ETag"] != before
    assert (await client.get(f"{SESSIONS}/{session['id']}/calendar.ics")).status_code == 404


async def test_feed_of_a_day_a_track_a_type_and_a_session(client: Client, manager: Client) -> None:
    track = await manager.made(f"{EDITION}/tracks", {"name": {"en": "Solutions", "ar": "حلول"}})
    first = await make_session(manager, track=track["id"])
    second = await make_session(
        manager, starts_at="2023-12-14T08:00:00Z", ends_at=None, parent=first["id"], type="press"
    )
    undated = await make_session(manager, starts_at=None, ends_at=None)
    await publish_programme(manager)

    assert list(await entries(client, day="2023-12-13")) == [uid(first)]
    assert list(await entries(client, track=track["id"])) == [uid(first)]
    assert list(await entries(client, type="press")) == [uid(second)]
    assert await entries(client, day="2023-12-15") == {}
    own = await entries(client, f"{SESSIONS}/{second['id']}/calendar.ics")
    assert own == {uid(second): (await entries(client))[uid(second)]}
    assert own[uid(second)]["RELATED-TO"] == [f"RELATED-TO:{uid(first)}"]
    assert (await entries(client, lang="ar"))[uid(first)]["CATEGORIES"] == ["CATEGORIES:حلول"]
    for session in (undated, {"id": track["id"]}):
        assert (await client.get(f"{SESSIONS}/{session['id']}/calendar.ics")).status_code == 404


async def test_uid_is_the_same_in_every_feed_and_language(client: Client, manager: Client) -> None:
    session = await make_session(manager)
    await publish_programme(manager)

    for query in ({}, {"lang": "ar"}, {"lang": "xx"}, {"day": "2023-12-13"}):
        assert list(await entries(client, **query)) == [uid(session)]


async def test_title_that_breaks_lines_is_refused_and_three_hundred_letters_are_not(
    client: Client, manager: Client
) -> None:
    for title in ("a\r\nATTENDEE:mailto:x@y.example", "a\nb", "a\u2028b", "a\u0085b", "\u202eabc"):
        answer = await manager.post(SESSIONS, session_fields(title={"en": title}))
        assert pointers(answer) == {("/title/en", "control_character")}
    assert pointers(await manager.post(SESSIONS, session_fields(title={"ar": ARABIC + "ا"}))) == {
        ("/title/ar", "too_long")
    }

    await make_session(manager, title={"ar": ARABIC})
    await publish_programme(manager)
    lines_of((await client.get(FEED)).content)
