"""The programme as a table, and in the format of conference applications as its readers and its schemas want it."""

import csv
import io
import re
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.client import Client
from tests.factories import (
    make_appearance,
    make_edition,
    make_entity,
    make_room,
    make_session,
    make_speaker,
    publish_programme,
)

EDITION = "/v1/editions/grf-2023"
PROGRAMME = f"{EDITION}/programme"
XML, JSON, CSV = f"{PROGRAMME}/schedule.xml", f"{PROGRAMME}/schedule.json", f"{PROGRAMME}.csv"
PUBLIC_CACHING = "public, max-age=30, stale-while-revalidate=300"
ZONED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}")
UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EVENT = {
    "id", "guid", "date", "start", "duration", "room", "slug", "url", "title", "subtitle", "track", "type", "language",
    "abstract", "description", "persons", "links",
}  # fmt: skip


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


@pytest.fixture
async def published(manager: Client) -> dict[str, dict[str, Any]]:
    """A release with all that a format can stumble over, by what it is."""
    facts = {"wheelchair_accessible": True, "equipment": ["projector", "lectern"]}
    twins = [await make_room(manager, venue=venue, capacity=400, **facts) for venue in ("Palexpo", "CICG")]
    track = await manager.made(f"{EDITION}/tracks", {"name": {"en": "Solutions & <rights>", "fr": "Solutions (fr)"}})
    registrar = await manager.as_role("registrar", (await manager.get(EDITION)).json()["id"])
    entity = await make_entity(registrar)
    made = {
        "plenary": await make_session(
            manager,
            title={"en": '=HYPERLINK("x") & <b>', "fr": "Séance plénière", "ar": "الجلسة العامة"},
            abstract={"en": "First line\r\nsecond, with a comma"},
            room=twins[0]["id"],
            track=track["id"],
            languages={"floor": ["fr", "en"], "interpretation": ["ar"], "sign": ["ase"]},
            organisers=[entity["id"]],
        ),
        "twin": await make_session(
            manager, room=twins[1]["id"], starts_at="2023-12-13T22:30:00Z", ends_at="2023-12-14T00:15:00Z"
        ),
        "early": await make_session(
            manager,
            type="press",
            mode="online",
            starts_at="2023-11-05T08:00:00Z",
            ends_at=None,
            title={"ru": "Встреча"},
        ),
        "long": await make_session(
            manager, mode="in_person", starts_at="2023-12-13T07:00:00Z", ends_at="2023-12-15T16:30:00Z"
        ),
        "day": await make_session(manager, starts_at=None, ends_at=None, held_on="2023-12-15", title={"en": "Day"}),
        "gone": await make_session(
            manager, "cancelled", title={"en": "Gone"}, starts_at="2023-12-14T12:00:00Z", ends_at=None
        ),
    }
    named = await make_speaker(manager, display_name="Amal Probe", published=True)
    for role in ("chair", "keynote"):
        await make_appearance(manager, made["plenary"], named, role=role)
    await make_appearance(manager, made["twin"], await make_speaker(manager, display_name="Nadia Hidden"))
    await publish_programme(manager)
    return made


def events_of(schedule: dict[str, Any]) -> list[tuple[int, str, dict[str, Any]]]:
    """Every event of a `schedule.json` with the index of its day and its room."""
    days = schedule["schedule"]["conference"]["days"]
    return [(day["index"], room, event) for day in days for room, events in day["rooms"].items() for event in events]


async def test_json_is_what_the_schema_asks_for(client: Client, published: dict[str, dict[str, Any]]) -> None:
    answer = await client.get(JSON)
    schedule = answer.json()

    assert answer.headers["Content-Type"] == "application/json"
    assert sorted(schedule) == ["$schema", "generator", "schedule"]
    conference = schedule["schedule"].pop("conference")
    assert schedule["schedule"] == {"version": "1", "base_url": "https://forum.test/"}
    days, rooms = conference.pop("days"), conference.pop("rooms")
    assert conference == {
        "acronym": "grf_2023",
        "title": "Global Refugee Forum 2023",
        "start": "2023-11-05",
        "end": "2023-12-15",
        "daysCount": 4,
        "timeslot_duration": "00:05",
        "time_zone_name": "Europe/Zurich",
        "url": "https://forum.test/v1/editions/grf-2023/programme",
        "tracks": [{"name": "Solutions & <rights>"}],
    }
    assert re.fullmatch(r"[a-z0-9_-][a-z0-9_]{3,}", conference["acronym"])
    assert [(room["name"], room["description"], room["capacity"]) for room in rooms] == [
        ("Room K (CICG)", "CICG", 400),
        ("Room K (Palexpo)", "Palexpo", 400),
    ]
    assert [(day["index"], day["date"]) for day in days] == [
        (1, "2023-11-05"), (2, "2023-12-13"), (3, "2023-12-14"), (4, "2023-12-15"),
    ]  # fmt: skip
    assert all(ZONED.fullmatch(day[name]) for day in days for name in ("day_start", "day_end"))
    for _, room, event in events_of({"schedule": {"conference": {"days": days}}}):
        assert set(event) == EVENT
        assert event["room"] == room
        assert ZONED.fullmatch(event["date"])
        assert re.fullmatch(r"\d{2}:\d{2}", event["start"])
        assert re.fullmatch(r"\d{1,2}:\d{2}", event["duration"])
        assert re.fullmatch(r"[a-z0-9]{4,}-[0-9]{1,6}-[a-z0-9_-]{4,}", event["slug"])
        assert event["slug"].startswith("grf2023-")
        assert UUIDS.fullmatch(event["guid"])
        assert all(isinstance(event[name], str) for name in ("title", "type", "language", "url", "abstract"))
        assert all(sorted(person) == ["guid", "id", "public_name"] for person in event["persons"])


async def test_events_stand_on_their_day_in_their_room(client: Client, published: dict[str, dict[str, Any]]) -> None:
    found = events_of((await client.get(JSON)).json())

    told = {event["guid"]: (day, room, event["start"], event["duration"]) for day, room, event in found}
    assert told == {
        published["early"]["id"]: (1, "Online", "09:00", "00:00"),
        published["long"]["id"]: (2, "Elsewhere", "08:00", "57:30"),
        published["plenary"]["id"]: (2, "Room K (Palexpo)", "09:00", "04:00"),
        published["twin"]["id"]: (2, "Room K (CICG)", "23:30", "01:45"),
    }
    plenary = next(event for *_, event in found if event["guid"] == published["plenary"]["id"])
    (person,) = plenary["persons"]
    assert (person["public_name"], plenary["language"], plenary["description"]) == ("Amal Probe", "fr", "City of Probe")
    assert plenary["url"] == f"https://forum.test{EDITION}/sessions/{plenary['guid']}/calendar.ics"
    assert (await client.get(plenary["url"])).status_code == 200
    assert "Hidden" not in (await client.get(JSON)).text


async def test_xml_is_the_same_as_the_json(client: Client, published: dict[str, dict[str, Any]]) -> None:
    answer = await client.get(XML, params={"lang": "fr"})
    root = ElementTree.fromstring(answer.content)
    schedule = (await client.get(JSON, params={"lang": "fr"})).json()

    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert [child.tag for child in root] == ["generator", "version", "conference", *["day"] * 4]
    conference = {child.tag: child.text for child in root.iterfind("conference/*")}
    wanted = schedule["schedule"]["conference"]
    assert conference == {
        **{name: wanted[name] for name in ("acronym", "title", "start", "end", "timeslot_duration", "time_zone_name")},
        "days": "4",
        "base_url": "https://forum.test/",
    }
    shown = []
    for day in root.iter("day"):
        assert sorted(day.attrib) == ["date", "end", "index", "start"]
        for room in day.iter("room"):
            for event in room.findall("event"):
                fields: dict[str, Any] = {child.tag: child.text or "" for child in event}
                fields["persons"] = [(person.get("id"), person.text) for person in event.iter("person")]
                shown.append((int(day.attrib["index"]), room.get("name"), {**event.attrib, **fields}))
    told = []
    for index, name, event in events_of(schedule):
        event |= {"id": str(event["id"]), "track": event["track"] or "", "links": ""}
        event["persons"] = [(str(person["id"]), person["public_name"]) for person in event["persons"]]
        told.append((index, name, event))
    assert shown == told
    assert [event["title"] for *_, event in shown if event["track"]] == ["Séance plénière"]


async def test_numbers_stay_and_are_unique(
    client: Client, manager: Client, published: dict[str, dict[str, Any]]
) -> None:
    async def numbers() -> dict[str, tuple[int, str]]:
        found = events_of((await client.get(JSON)).json())
        return {event["guid"]: (event["id"], event["slug"]) for *_, event in found}

    before = await numbers()
    assert len({number for number, _ in before.values()}) == 4
    assert all(0 < number < 2**31 for number, _ in before.values())
    await manager.made(f"{EDITION}/sessions/{published['long']['id']}/cancel", None)
    await make_session(manager, starts_at="2023-12-14T15:00:00Z", ends_at=None)
    await publish_programme(manager)
    after = await numbers()
    assert {guid: after[guid] for guid in before if guid in after} == {
        guid: told for guid, told in before.items() if guid != published["long"]["id"]
    }


async def test_schedule_of_nothing_with_an_hour_has_its_days(client: Client, manager: Client) -> None:
    await make_session(manager, starts_at=None, ends_at=None)
    await publish_programme(manager)

    days = ElementTree.fromstring((await client.get(XML)).content).findall("day")

    assert [(day.get("index"), len(day)) for day in days] == [("1", 0), ("2", 0), ("3", 0)]


async def test_zone_that_the_schema_of_the_json_does_not_take_stands_in_the_xml_alone(
    client: Client, manager: Client
) -> None:
    await make_session(manager)
    await publish_programme(manager)
    organizer = await client.as_role("organizer", (await manager.get(EDITION)).json()["id"])
    told = []
    for zone in ("America/Argentina/Buenos_Aires", "US/Pacific", "UTC"):
        await organizer.made(f"{EDITION}/revise", {"timezone": zone, "reason": {"en": "Elsewhere."}})
        conference = (await client.get(JSON)).json()["schedule"]["conference"]
        shown = ElementTree.fromstring((await client.get(XML)).content).findtext("conference/time_zone_name")
        told.append((conference.get("time_zone_name"), shown))

    assert told == [
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"), (None, "US/Pacific"), ("UTC", "UTC"),
    ]  # fmt: skip


async def test_table_has_a_row_for_each_session_and_runs_no_formula(
    client: Client, published: dict[str, dict[str, Any]]
) -> None:
    answer = await client.get(CSV, params={"type": "plenary"})
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(answer.text, newline=""))}

    assert answer.headers["Content-Type"] == "text/csv; header=present; charset=utf-8"
    assert set(rows) == {session["id"] for name, session in published.items() if name != "early"}
    plenary = rows[published["plenary"]["id"]]
    assert plenary == {
        "id": published["plenary"]["id"],
        "status": "confirmed",
        "title": '\'=HYPERLINK("x") & <b>',
        "abstract": "First line\r\nsecond, with a comma",
        "type": "plenary",
        "track": "Solutions & <rights>",
        "held_on": "",
        "starts_at": "2023-12-13T08:00:00Z",
        "ends_at": "2023-12-13T12:00:00Z",
        "room": "Room K",
        "venue": "Palexpo",
        "wheelchair_accessible": "true",
        "hearing_loop": "",
        "equipment": "projector; lectern",
        "mode": "hybrid",
        "access": "registered",
        "floor": "fr en",
        "interpretation": "ar",
        "sign": "ase",
        "captions": "",
        "organisers": "City of Probe",
        "speakers": "Amal Probe",
        "parent": "",
        "revised_at": "2023-11-01T09:00:00Z",
    }
    assert (rows[published["gone"]["id"]]["status"], rows[published["day"]["id"]]["held_on"]) == (
        "cancelled",
        "2023-12-15",
    )
    french = (await client.get(CSV, params={"lang": "fr"})).text
    assert "Séance plénière" in french


@pytest.mark.parametrize("path", [XML, JSON, CSV])
async def test_formats_are_kept_and_known_by_their_etag(
    client: Client, published: dict[str, dict[str, Any]], path: str
) -> None:
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    packed = await client.get(path, headers={"Accept-Encoding": "gzip"})

    assert (plain.headers["Cache-Control"], packed.headers["Content-Encoding"]) == (PUBLIC_CACHING, "gzip")
    assert packed.content == plain.content
    for etag in (plain.headers["ETag"], packed.headers["ETag"]):
        known = await client.get(path, headers={"If-None-Match": etag})
        assert (known.status_code, known.content) == (304, b"")
    assert (await client.get(path, params={"lang": "ar"})).headers["ETag"] != plain.headers["ETag"]


async def test_now_and_next_in_every_room(client: Client, manager: Client) -> None:
    rooms = [await make_room(manager, name=name) for name in ("Room B", "Room A", "Room Empty")]
    slots = [
        ("First", rooms[0], "2023-12-13T08:00:00Z", "2023-12-13T09:00:00Z"),
        ("Second", rooms[0], "2023-12-13T09:00:00Z", "2023-12-13T10:00:00Z"),
        ("Instant", rooms[1], "2023-12-13T08:30:00Z", None),
        ("Tomorrow", rooms[1], "2023-12-14T08:30:00Z", None),
    ]
    for title, room, starts_at, ends_at in slots:
        fields = {"room": room["id"], "starts_at": starts_at, "ends_at": ends_at}
        await make_session(manager, title={"en": title, "fr": f"{title} (fr)"}, **fields)
    gone = {"room": rooms[0]["id"], "starts_at": "2023-12-13T08:30:00Z", "ends_at": "2023-12-13T08:45:00Z"}
    await make_session(manager, "draft", title={"en": "Draft"}, **gone)
    cancelled = await make_session(manager, title={"en": "Gone"}, room=rooms[2]["id"], starts_at="2023-12-13T08:00:00Z")
    await manager.made(f"{EDITION}/sessions/{cancelled['id']}/cancel", None)
    await publish_programme(manager)

    async def shown(**query: str) -> dict[str, tuple[str | None, str | None]]:
        answer = (await client.get(f"{PROGRAMME}/now", params=query)).json()
        language = query.get("lang", "en")
        return {
            one["room"]["name"]: tuple(one[name] and one[name]["title"][language] for name in ("now", "next"))
            for one in answer["rooms"]
        }

    empty = {"Room Empty": (None, None)}
    assert await shown(at="2023-12-13T08:30:00Z") == {
        "Room A": ("Instant", "Tomorrow"), "Room B": ("First", "Second"), **empty,
    }  # fmt: skip
    assert await shown(at="2023-12-13T09:00:00+00:00", lang="fr") == {
        "Room A": (None, "Tomorrow (fr)"), "Room B": ("Second (fr)", None), **empty,
    }  # fmt: skip
    assert await shown(at="2023-12-13T10:00:00Z") == {"Room A": (None, "Tomorrow"), "Room B": (None, None), **empty}
    assert list(await shown()) == ["Room A", "Room B", "Room Empty"]
    assert await shown() == {"Room A": (None, "Instant"), "Room B": (None, "First"), **empty}


async def test_now_is_by_the_clock_and_for_a_short_while(client: Client, published: dict[str, Any]) -> None:
    answer = await client.get(f"{PROGRAMME}/now")

    assert answer.headers["Cache-Control"] == "public, max-age=10"
    assert datetime.fromisoformat(answer.json()["at"]).isoformat() == "2023-11-01T09:00:00+00:00"
    for wrong in ("noon", "2023-12-13T08:30:00", "1702456200", "2023-13-13T08:30:00Z"):
        refused = await client.get(f"{PROGRAMME}/now", params={"at": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "at")
