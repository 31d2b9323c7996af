"""An edition is moved: its programme follows by the clocks of the place, and it is written down."""

import random
from typing import Any

from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_room, make_session, publish_programme
from tests.revisions.conftest import EDITION, REASON, REVISE

SESSIONS = f"{EDITION}/sessions"


async def times(organizer: Client, edition: str = "grf-2023") -> dict[str, tuple[Any, ...]]:
    """When each session is, by title, and its SEQUENCE and status."""
    items = (await organizer.get(f"/v1/editions/{edition}/sessions", params={"limit": 200})).json()["items"]
    return {
        item["title"]["en"]: (
            item["starts_at"],
            item["ends_at"],
            item["held_on"],
            item["calendar_sequence"],
            item["status"],
        )
        for item in items
    }


async def snapshot(conn: Connection) -> list[Any]:
    """Every row of every table that a revision could touch."""
    tables = await conn.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' "
        "ORDER BY table_name"
    )
    return [await conn.fetchval(f"SELECT jsonb_agg(t ORDER BY t::text) FROM {name} t") for (name,) in tables]


async def test_sessions_keep_their_time_of_day_through_a_change_to_summer_time(
    client: Client, conn: Connection
) -> None:
    edition = await make_edition(client, starts_on="2024-03-18", ends_on="2024-03-20")
    organizer = await client.as_role("organizer", edition["id"])
    ten = {"starts_at": "2024-03-19T09:00:00Z", "ends_at": "2024-03-19T10:30:00Z"}
    await make_session(organizer, title={"en": "Ten in Zurich"}, **ten)
    await make_session(organizer, "draft", title={"en": "A draft"}, **ten)
    await make_session(organizer, "cancelled", title={"en": "Cancelled"}, **ten)
    await make_session(organizer, title={"en": "Some day"}, starts_at=None, ends_at=None, held_on="2024-03-20")
    await make_session(organizer, title={"en": "Some time"}, starts_at=None, ends_at=None)
    dates = {"starts_on": "2024-04-08", "ends_on": "2024-04-10"}

    answer = await organizer.post(REVISE, dates | {"reason": REASON})

    moved = ("2024-04-09T08:00:00Z", "2024-04-09T09:30:00Z", None)
    assert await times(organizer) == {
        "Ten in Zurich": (*moved, 1, "confirmed"),
        "A draft": (*moved, 1, "draft"),
        "Cancelled": (*moved, 2, "cancelled"),
        "Some day": (None, None, "2024-04-10", 1, "confirmed"),
        "Some time": (None, None, None, 0, "confirmed"),
    }
    made = answer.json()
    assert {session["title"]["en"] for session in made["sessions"]} == {
        "Ten in Zurich",
        "A draft",
        "Cancelled",
        "Some day",
    }
    held = {name: edition[name] for name in ("starts_on", "ends_on", "timezone", "mode", "venue", "city", "country")}
    revision = {
        "number": 1, "before": held, "after": held | dates, "reason": REASON, "revised_at": "2023-11-01T09:00:00Z"
    }  # fmt: skip
    assert made["revision"] == revision
    assert (made["people"], made["release"], made["is_dry_run"]) == (0, None, False)
    assert (await client.get(f"{EDITION}/revisions", params={"count": "true"})).json() == {
        "items": [revision], "next_cursor": None, "total": 1
    }  # fmt: skip
    assert (await client.get(EDITION)).json() == edition | dates | {"version": edition["version"] + 1}
    token = await conn.fetchval("SELECT by_token FROM edition_revisions")
    assert await conn.fetchval("SELECT label FROM tokens WHERE id = $1", token) == "organizer"


async def test_full_room_moves_by_the_length_of_its_sessions_forth_and_back(organizer: Client) -> None:
    room = await make_room(organizer)
    for day in ("13", "14", "15"):
        whole = {"starts_at": f"2023-12-{day}T00:00:00+01:00", "ends_at": f"2023-12-{int(day) + 1}T00:00:00+01:00"}
        await make_session(organizer, title={"en": f"Day {day}"}, room=room["id"], **whole)
    before = await times(organizer)

    later = await organizer.post(REVISE, {"starts_on": "2023-12-14", "ends_on": "2023-12-16", "reason": REASON})

    assert later.status_code == 200, later.text
    there = await times(organizer)
    assert there["Day 13"][:2] == before["Day 14"][:2]
    assert there["Day 14"][:2] == before["Day 15"][:2]
    back = await organizer.post(REVISE, {"starts_on": "2023-12-13", "ends_on": "2023-12-15", "reason": REASON})
    assert back.status_code == 200, back.text
    assert await times(organizer) == {title: (*row[:3], row[3] + 2, row[4]) for title, row in before.items()}
    refused = await organizer.post(f"{SESSIONS}/{back.json()['sessions'][0]['id']}/confirm")
    assert (refused.status_code, refused.json()["allowed"]) == (409, ["cancel"])


async def test_any_programme_is_the_same_after_a_way_forth_and_back(organizer: Client, conn: Connection) -> None:
    """A programme by chance in two rooms, moved by up to a year through changes of the clock, fifteen times."""
    rooms = [await make_room(organizer, name=name) for name in ("A", "B")]
    chance = random.Random(20231213)
    for number in range(12):
        hour = chance.choice([8, 9, 10, 11, 13, 14, 15, 16])
        day = 13 + number % 3
        slot = {"starts_at": f"2023-12-{day}T{hour:02}:00:00Z", "ends_at": f"2023-12-{day}T{hour + 1:02}:00:00Z"}
        fields = slot | {"room": chance.choice(rooms)["id"], "title": {"en": str(number)}}
        session = await make_session(organizer, "draft", **fields)
        await organizer.post(f"{SESSIONS}/{session['id']}/confirm")  # 409 when another has the room: it stays a draft
    before = await times(organizer)
    local = "SELECT title ->> 'en', (starts_at AT TIME ZONE 'Europe/Zurich')::time::text FROM sessions ORDER BY 1"
    clocks = [tuple(row) for row in await conn.fetch(local)]

    for round_number in range(15):
        month, day = chance.randint(1, 12), chance.randint(1, 26)
        body = {"starts_on": f"2024-{month:02}-{day:02}", "ends_on": f"2024-{month:02}-{day + 2:02}", "reason": REASON}
        assert (await organizer.post(REVISE, body)).status_code == 200
        assert [tuple(row) for row in await conn.fetch(local)] == clocks
        home = {"starts_on": "2023-12-13", "ends_on": "2023-12-15", "reason": REASON}
        assert (await organizer.post(REVISE, home)).status_code == 200
        expected = {title: (*row[:3], row[3] + 2 * (round_number + 1), row[4]) for title, row in before.items()}
        assert await times(organizer) == expected


async def test_what_has_begun_stays_and_the_rest_can_keep_or_lose_its_time(organizer: Client, clock: Timeline) -> None:
    room = await make_room(organizer)
    await make_session(organizer, title={"en": "Begun"}, room=room["id"])
    await make_session(
        organizer, title={"en": "To come"}, starts_at="2023-12-14T08:00:00Z", ends_at=None, room=room["id"]
    )
    await organizer.post(f"{EDITION}/start")
    clock.now = clock.now.replace(month=12, day=13)
    before = await times(organizer)

    kept = await organizer.post(REVISE, {"ends_on": "2023-12-16", "sessions": "keep", "reason": REASON})
    assert kept.json()["sessions"] == []
    assert await times(organizer) == before
    lost = await organizer.post(REVISE, {"ends_on": "2023-12-17", "sessions": "unschedule", "reason": REASON})

    assert await times(organizer) == before | {"To come": (None, None, None, 1, "confirmed")}
    assert [(one["title"]["en"], one["loses_room"]) for one in lost.json()["sessions"]] == [("To come", True)]


async def test_new_zone_and_windows_follow_the_clocks_there(client: Client) -> None:
    windows = {"in_person": {"opens_at": "2023-10-01T07:00:00Z", "closes_at": "2023-12-01T17:00:00Z"}, "online": {}}
    edition = await make_edition(client, registration=windows)
    organizer = await client.as_role("organizer", edition["id"])
    await make_session(organizer, title={"en": "Nine"})  # in Geneva

    body = {"starts_on": "2023-12-14", "ends_on": "2023-12-16", "timezone": "America/New_York", "registration": "shift"}
    answer = await organizer.post(REVISE, body | {"venue": None, "city": "New York", "country": "US", "reason": REASON})

    assert answer.status_code == 200, answer.text
    assert (await times(organizer))["Nine"][:2] == ("2023-12-14T14:00:00Z", "2023-12-14T18:00:00Z")
    shown = (await client.get(EDITION)).json()
    assert (shown["venue"], shown["city"], shown["country"]) == (None, "New York", "US")
    assert shown["registration"]["in_person"] == {
        "opens_at": "2023-10-02T13:00:00Z",
        "closes_at": "2023-12-02T23:00:00Z",
    }


async def test_dry_run_answers_the_same_and_writes_nothing(organizer: Client, conn: Connection) -> None:
    await make_session(organizer)
    await publish_programme(organizer)
    body = {"mode": "online", "starts_on": "2024-05-17", "ends_on": "2024-05-20", "reason": REASON}
    before = await snapshot(conn)

    dry = (await organizer.post(REVISE, body, params={"dry_run": "true"})).json()

    assert await snapshot(conn) == before
    wet = (await organizer.post(REVISE, body)).json()
    assert dry == wet | {"is_dry_run": True}
    assert (wet["release"], len(wet["sessions"])) == (2, 1)
    assert await snapshot(conn) != before


async def test_programme_that_nobody_knows_is_not_published(organizer: Client, client: Client) -> None:
    await make_session(organizer)

    answer = await organizer.post(REVISE, {"starts_on": "2023-12-12", "reason": REASON})

    assert answer.json()["release"] is None
    assert (await client.get(f"{EDITION}/programme")).status_code == 404


async def test_patch_of_dates_or_mode_needs_a_revision_once_announced(client: Client) -> None:
    draft = await make_edition(client, "draft", slug="grf-draft")
    edition = await make_edition(client, "announced")
    organizer = await client.as_role("organizer", edition["id"])
    admin = await client.as_role("admin")

    for body in ({"starts_on": "2023-12-12"}, {"ends_on": "2023-12-16"}, {"mode": "online"}):
        answer = await organizer.patch(EDITION, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "needs_revision"), answer.text
        assert (await admin.patch(f"/v1/editions/{draft['slug']}", body)).status_code == 200
    assert (await client.get(EDITION)).json() == edition
    same = {"starts_on": edition["starts_on"], "mode": edition["mode"], "venue": "Centre"}
    assert (await organizer.patch(EDITION, same)).status_code == 200


async def test_revision_that_cannot_be_is_refused(client: Client, organizer: Client, edition: dict[str, Any]) -> None:
    draft = await make_edition(client, "draft", slug="grf-draft")
    admin = await client.as_role("admin")
    manager = await client.as_role("programme_manager", edition["id"])

    async def refusal(path: str, body: dict[str, Any]) -> tuple[int, str]:
        answer = await admin.post(path, {"reason": REASON} | body)
        return answer.status_code, answer.json()["code"]

    assert await refusal(f"/v1/editions/{draft['slug']}/revise", {"mode": "online"}) == (409, "wrong_status")
    assert await refusal(REVISE, {}) == (409, "nothing_to_revise")
    assert await refusal(REVISE, {"starts_on": "2023-12-13", "mode": "hybrid"}) == (409, "nothing_to_revise")
    assert pointers(await organizer.post(REVISE, {"starts_on": "2023-12-16", "reason": REASON})) == {
        ("/ends_on", "ends_before_start")
    }
    assert pointers(await organizer.post(REVISE, {"timezone": "CET", "reason": {}, "starts_on": None})) == {
        ("/timezone", "unknown_timezone"), ("/reason", "too_short"), ("/starts_on", "wrong_type")
    }  # fmt: skip
    assert (await manager.post(REVISE, {"mode": "online", "reason": REASON})).status_code == 403
    await organizer.post(f"{EDITION}/cancel")
    assert await refusal(REVISE, {"mode": "online"}) == (409, "wrong_status")
    assert (await client.get(f"{EDITION}/revisions")).json()["items"] == []
    assert (await client.get("/v1/editions/grf-draft/revisions")).status_code == 404
