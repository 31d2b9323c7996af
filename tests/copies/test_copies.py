"""The frame of an edition becomes that of the next: the same structure, new ids, and nobody in it."""

from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import (
    make_appearance,
    make_delegation,
    make_edition,
    make_entity,
    make_registration,
    make_room,
    make_session,
    make_speaker,
    publish_programme,
)

EDITION = "/v1/editions/grf-2023"
NEXT = {"slug": "grf-2027", "title": {"en": "Forum 2027"}, "starts_on": "2027-06-14", "ends_on": "2027-06-16"}
NUMBERS = {
    "rooms": 3,
    "tracks": 1,
    "interpretation_teams": 1,
    "sessions": 3,
    "questions": 1,
    "reserves": 1,
    "message_texts": 1,
    "reminders": 2,
}
QUESTION = {
    "key": "diet",
    "kind": "text",
    "label": {"en": "What do you eat?"},
    "purpose": {"en": "Catering."},
    "is_required": False,
    "is_sensitive": False,
    "retention": "until_edition_ends",
}


@pytest.fixture
async def admin(client: Client) -> Client:
    """Who may make editions."""
    return await client.as_role("admin")


@pytest.fixture
async def source(client: Client, admin: Client) -> dict[str, Any]:
    """An edition with a frame, and with people in it."""
    edition = await make_edition(client, registration={"in_person": {"opens_at": "2023-10-01T07:00:00Z"}, "online": {}})
    rooms = [await make_room(admin, name=name, external_id=name) for name in ("A", "B")]
    hours = [
        {"opens_at": "08:00", "closes_at": "20:00"},
        {"on": "2023-12-13", "opens_at": "06:00", "closes_at": "23:00"},
    ]
    both = {"parts": [room["id"] for room in rooms], "opening_hours": hours, "equipment": ["projector"]}
    await make_room(admin, name="A+B", setup_minutes=30, **both)
    rules = await admin.get(f"{EDITION}/programme/conflict-rules")
    levels = rules.json() | {"setup_time": "refuse", "plenary_parallel": "ignore"}
    levels.pop("version")
    put = await admin.request("PUT", f"{EDITION}/programme/conflict-rules", json=levels, headers={"If-Match": "*"})
    assert put.status_code == 200, put.text
    team = await admin.made(f"{EDITION}/interpretation-teams", {"name": "French 1", "languages": ["fr"]})
    track = await admin.made(f"{EDITION}/tracks", {"name": {"en": "Education"}})
    day = await make_session(
        admin, title={"en": "Day"}, type="constituency_day", livestream_url="https://stream.example/1"
    )
    slot = {"starts_at": "2023-12-14T09:00:00Z", "ends_at": "2023-12-14T10:00:00Z"}
    entity = await make_entity(admin)
    inside = {"parent": day["id"], "room": rooms[1]["id"], "track": track["id"], "organisers": [entity["id"]]}
    inside["interpretation_teams"] = [team["id"]]
    talk = await make_session(admin, title={"en": "Talk"}, access="booking", external_id="old-1", **inside, **slot)
    await make_session(admin, "cancelled", title={"en": "Cancelled"})
    await say_and_remind(admin, talk)
    await make_session(admin, "draft", title={"en": "Later"}, starts_at=None, ends_at=None, held_on="2023-12-15")
    await make_appearance(admin, talk, await make_speaker(admin))
    await admin.made(f"{EDITION}/questions", QUESTION)
    reserve = {"mode": "in_person", "category": "refugee_led", "places": 10, "release_at": "2023-12-01T11:00:00Z"}
    await admin.made(f"{EDITION}/reserves", reserve)
    delegation = await make_delegation(admin, entity)
    await admin.patch(f"{EDITION}/delegations/{delegation['id']}", {"in_person_quota": 4})
    await make_registration(admin, category="refugee_led", delegation=delegation["id"])
    await publish_programme(admin)
    return edition


async def say_and_remind(admin: Client, talk: dict[str, Any]) -> None:
    """A text of the edition's own and one that was taken back; reminders of all sessions, and others of one."""
    said, taken_back = f"{EDITION}/message-texts/note_reminder/fr", f"{EDITION}/message-texts/note_letter/en"
    for path in (said, taken_back):
        put = await admin.request("PUT", path, json={"text": "{edition}: bring water."}, headers={"If-Match": '"0"'})
        assert put.status_code == 200, put.text
    gone = await admin.request("DELETE", taken_back, headers={"If-Match": '"1"'})
    assert gone.status_code == 204, gone.text
    decided = {f"{EDITION}/reminders": [60, 1440], f"{EDITION}/sessions/{talk['id']}/reminders": [15]}
    for path, minutes in decided.items():
        body = {"reminder_minutes": minutes}
        put = await admin.request("PUT", path, json=body, headers={"If-Match": '"0"'})
        assert put.status_code == 200, put.text


async def structure(admin: Client, slug: str) -> set[tuple[Any, ...]]:
    """What sessions name, by name: title, parent, room, track, organisers."""
    path = f"/v1/editions/{slug}"
    names: dict[str, str] = {}
    for part in ("rooms", "tracks", "sessions"):
        for item in (await admin.get(f"{path}/{part}")).json()["items"]:
            title = item.get("title") or item["name"]
            names[item["id"]] = title if isinstance(title, str) else title["en"]
    return {
        (
            session["title"]["en"],
            session["type"],
            names.get(session["parent"]),
            names.get(session["room"]),
            names.get(session["track"]),
            tuple(session["organisers"]),
        )
        for session in (await admin.get(f"{path}/sessions")).json()["items"]
        if session["status"] != "cancelled"
    }


async def test_copy_has_the_frame_by_the_clocks_of_the_place_and_nobody_in_it(
    admin: Client, source: dict[str, Any], conn: Connection
) -> None:
    every = [*NUMBERS, "delegations"]

    answer = await admin.post(f"{EDITION}/copy", NEXT | {"with": every})

    assert answer.status_code == 201, answer.text
    assert answer.json()["copied"] == NUMBERS | {"delegations": 1}
    edition = answer.json()["edition"]
    window = {"opens_at": None, "closes_at": None}
    assert edition == source | NEXT | {
        "id": edition["id"],
        "status": "draft",
        "version": 1,
        "registration": {"in_person": window | {"opens_at": "2027-04-02T07:00:00Z"}, "online": window},
    }
    assert await structure(admin, "grf-2027") == await structure(admin, "grf-2023")
    rooms = {room["id"]: room for room in (await admin.get("/v1/editions/grf-2027/rooms")).json()["items"]}
    [joined] = [room for room in rooms.values() if room["parts"]]
    assert [rooms[part]["name"] for part in joined["parts"]] == ["A", "B"]
    assert (joined["name"], joined["equipment"], joined["setup_minutes"]) == ("A+B", ["projector"], 30)
    assert [line["opens_at"] for line in joined["opening_hours"]] == ["08:00"]
    rules = (await admin.get("/v1/editions/grf-2027/programme/conflict-rules")).json()
    assert (rules["setup_time"], rules["plenary_parallel"], rules["outside_edition"]) == ("refuse", "ignore", "refuse")
    sessions = (await admin.get("/v1/editions/grf-2027/sessions")).json()["items"]
    assert {
        (one["title"]["en"], one["starts_at"], one["held_on"], one["status"], one["livestream_url"], one["external_id"])
        for one in sessions
    } == {
        ("Day", "2027-06-14T07:00:00Z", None, "draft", None, None),  # nine in the morning, in summer
        ("Talk", "2027-06-15T08:00:00Z", None, "draft", None, None),
        ("Later", None, "2027-06-16", "draft", None, None),
    }
    [team] = (await admin.get("/v1/editions/grf-2027/interpretation-teams")).json()["items"]
    assert (team["name"], team["languages"]) == ("French 1", ["fr"])
    [talk] = [one for one in sessions if one["title"]["en"] == "Talk"]
    assert talk["interpretation_teams"] == [team["id"]]
    await require_same_mails(admin, talk)
    [reserve] = (await admin.get("/v1/editions/grf-2027/reserves")).json()["items"]
    assert (reserve["places"], reserve["taken"], reserve["release_at"]) == (10, 0, "2027-06-02T10:00:00Z")
    [delegation] = (await admin.get("/v1/editions/grf-2027/delegations")).json()["items"]
    assert (delegation["in_person_quota"], delegation["head"]) == (4, None)
    await require_nobody(conn, edition["id"])


async def require_same_mails(admin: Client, talk: dict[str, Any]) -> None:
    """The texts and reminders of the edition before, in versions of their own."""
    path = "/v1/editions/grf-2027"
    [text] = (await admin.get(f"{path}/message-texts", params={"is_own": "true"})).json()["items"]
    assert (text["key"], text["language"], text["text"], text["version"]) == (
        "note_reminder", "fr", "{edition}: bring water.", 1
    )  # fmt: skip
    assert (await admin.get(f"{path}/reminders")).json() == {
        "reminder_minutes": [60, 1440], "registered": False, "version": 1
    }  # fmt: skip
    assert (await admin.get(f"{path}/sessions/{talk['id']}/reminders")).json()["reminder_minutes"] == [15]


async def require_nobody(conn: Connection, edition_id: str) -> None:
    """No table of the new edition that belongs to people, speakers or releases has a row."""
    tables = await conn.fetch(
        "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_name) "
        "WHERE c.table_schema = 'public' AND c.column_name = 'edition_id' AND t.table_type = 'BASE TABLE'"
    )
    filled = {
        name
        for (name,) in tables
        if await conn.fetchval(f"SELECT count(*) FROM {name} WHERE edition_id::text = $1", edition_id)
    }
    frame = {
        "places",
        "conflict_levels",
        "room_elements",
        "rooms",
        "tracks",
        "interpretation_teams",
        "sessions",
        "session_places",
        "message_texts",
        "edition_reminders",
        "session_reminders",
        "questions",
        "reserves",
        "delegations",
        "quotas",
    }
    assert filled == frame


async def test_copy_without_rooms_has_sessions_without_rooms(admin: Client, source: dict[str, Any]) -> None:
    made = await admin.made(f"{EDITION}/copy", NEXT | {"with": ["sessions"], "timezone": "America/New_York"})

    assert made["copied"] == dict.fromkeys((*NUMBERS, "delegations"), 0) | {"sessions": 3}
    talk = next(
        one
        for one in (await admin.get("/v1/editions/grf-2027/sessions")).json()["items"]
        if one["title"]["en"] == "Talk"
    )
    assert (talk["room"], talk["track"], talk["starts_at"]) == (None, None, "2027-06-15T14:00:00Z")
    assert talk["interpretation_teams"] == []
    confirmed = await admin.post(f"/v1/editions/grf-2027/sessions/{talk['id']}/confirm")
    assert confirmed.status_code == 200, confirmed.text


async def test_copy_that_cannot_be_leaves_nothing(
    client: Client, admin: Client, source: dict[str, Any], conn: Connection
) -> None:
    organizer = await client.as_role("organizer", source["id"])

    taken = await admin.post(f"{EDITION}/copy", NEXT | {"slug": "grf-2023"})
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    assert (await organizer.post(f"{EDITION}/copy", NEXT)).status_code == 403
    wrong = NEXT | {"ends_on": "2027-06-13", "with": ["people"], "timezone": "CET"}
    assert pointers(await admin.post(f"{EDITION}/copy", wrong)) == {
        ("/with/0", "unknown_value"), ("/timezone", "unknown_timezone")
    }  # fmt: skip
    assert pointers(await admin.post(f"{EDITION}/copy", NEXT | {"ends_on": "2027-06-13"})) == {
        ("/ends_on", "ends_before_start")
    }
    assert await conn.fetchval("SELECT count(*) FROM editions") == 1
