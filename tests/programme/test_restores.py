"""Bringing an earlier release back: what readers get, what the staff keeps, and that no calendar is left behind."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_appearance, make_edition, make_room, make_session, make_speaker, publish_programme

EDITION = "/v1/editions/grf-2023"
PROGRAMME, SESSIONS = f"{EDITION}/programme", f"{EDITION}/sessions"
EIGHT, NINE, TEN = (f"2023-12-13T{hour}:00:00Z" for hour in ("08", "09", "10"))


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


async def restore(manager: Client, number: int, **body: str) -> dict[str, Any]:
    """What bringing a release back answers."""
    return await manager.made(f"{PROGRAMME}/releases/{number}/restore", body)


async def entries(client: Client) -> dict[str, tuple[str, str | None, int]]:
    """What readers' calendars hold: status, start and sequence by English title."""
    sessions = (await client.get(PROGRAMME)).json()["sessions"]
    return {one["title"]["en"]: (one["status"], one["starts_at"], one["calendar_sequence"]) for one in sessions}


async def start(manager: Client, session: dict[str, Any], at: str) -> None:
    """Have a session start at another time."""
    answer = await manager.patch(f"{SESSIONS}/{session['id']}", {"starts_at": at, "ends_at": None})
    assert answer.status_code == 200, answer.text


async def test_earlier_release_comes_back_as_a_new_one_and_the_staff_keeps_its_sessions(
    client: Client, manager: Client, clock: Timeline
) -> None:
    session = await make_session(manager, title={"en": "A"}, starts_at=EIGHT, ends_at=None)
    first = await publish_programme(manager)
    await start(manager, session, NINE)
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "A, renamed"}})
    await publish_programme(manager)
    clock.forward(hours=1)

    answer = await restore(manager, 1, note="Back to the first")

    release = answer["release"]
    assert (release["number"], release["restored_from"], release["note"]) == (3, 1, "Back to the first")
    assert release["content_sha256"] != first["content_sha256"]
    assert answer["changed"] == [
        {
            "id": session["id"],
            "fields": {
                "title": {"before": {"en": "A, renamed"}, "after": {"en": "A"}},
                "starts_at": {"before": "2023-12-13T09:00:00+00:00", "after": "2023-12-13T08:00:00+00:00"},
                "calendar_sequence": {"before": 1, "after": 2},
            },
        }
    ]
    assert await entries(client) == {"A": ("confirmed", EIGHT, 2)}
    shown = (await client.get(PROGRAMME)).json()
    assert (shown["release"], shown["sessions"][0]["revised_at"]) == (3, "2023-11-01T10:00:00Z")
    mine = (await manager.get(f"{SESSIONS}/{session['id']}")).json()
    assert (mine["title"], mine["starts_at"], mine["calendar_sequence"]) == ({"en": "A, renamed"}, NINE, 3)
    await publish_programme(manager)
    assert await entries(client) == {"A, renamed": ("confirmed", NINE, 3)}


async def test_what_came_later_is_cancelled_and_comes_back_with_its_release(client: Client, manager: Client) -> None:
    await make_session(manager, title={"en": "A"}, starts_at=EIGHT, ends_at=None)
    await publish_programme(manager)
    later = await make_session(manager, title={"en": "B"}, starts_at=NINE, ends_at=None)
    await publish_programme(manager)

    answer = await restore(manager, 1)

    assert (answer["added"], answer["removed"]) == ([], [])
    assert await entries(client) == {"A": ("confirmed", EIGHT, 0), "B": ("cancelled", NINE, 1)}
    calendar = (await client.get(f"{SESSIONS}/{later['id']}/calendar.ics")).text
    assert "STATUS:CANCELLED" in calendar
    await restore(manager, 2)
    assert await entries(client) == {"A": ("confirmed", EIGHT, 0), "B": ("confirmed", NINE, 2)}


@pytest.mark.parametrize(
    ("later", "published", "own"),
    [([], 2, 3), ([TEN], 3, 4), ([EIGHT], 2, 2), ([TEN, EIGHT], 3, 3)],
    ids=["as published", "moved on", "moved back", "moved on and back"],
)
async def test_sequence_rises_above_what_the_staff_has_made_since(
    client: Client, manager: Client, later: list[str], published: int, own: int
) -> None:
    session = await make_session(manager, title={"en": "A"}, starts_at=EIGHT, ends_at=None)
    await publish_programme(manager)
    await start(manager, session, NINE)
    await publish_programme(manager)
    for at in later:
        await start(manager, session, at)

    await restore(manager, 1)

    assert await entries(client) == {"A": ("confirmed", EIGHT, published)}
    assert (await manager.get(f"{SESSIONS}/{session['id']}")).json()["calendar_sequence"] == own


async def test_move_that_is_made_meanwhile_is_later_to_every_calendar(
    client: Client, manager: Client, conn: Connection
) -> None:
    session = await make_session(manager, title={"en": "A"}, starts_at=EIGHT, ends_at=None)
    await publish_programme(manager)
    await start(manager, session, NINE)
    await publish_programme(manager)
    async with asyncio.timeout(20), manager.pool.acquire() as other:
        async with conn.transaction():
            await conn.execute("UPDATE sessions SET starts_at = $1", datetime.fromisoformat(TEN))
            restoring = asyncio.create_task(restore(manager, 1))
            while not await other.fetchval(  # noqa: ASYNC110 - what is awaited happens in the database
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ):
                await asyncio.sleep(0.01)
        await restoring
    assert await entries(client) == {"A": ("confirmed", EIGHT, 2)}

    await publish_programme(manager)

    assert await entries(client) == {"A": ("confirmed", TEN, 3)}


async def test_title_that_comes_back_leaves_the_sequence_alone(client: Client, manager: Client) -> None:
    room = await make_room(manager)
    session = await make_session(manager, title={"en": "A"}, starts_at=EIGHT, ends_at=None, room=room["id"])
    await publish_programme(manager)
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "B"}})
    await publish_programme(manager)

    await restore(manager, 1)

    assert await entries(client) == {"A": ("confirmed", EIGHT, 0)}
    assert (await manager.get(f"{SESSIONS}/{session['id']}")).json()["calendar_sequence"] == 0


async def test_room_that_has_its_former_name_again_is_another_place(client: Client, manager: Client) -> None:
    room = await make_room(manager)
    session = await make_session(manager, title={"en": "A"}, starts_at=EIGHT, ends_at=None, room=room["id"])
    await publish_programme(manager)
    await manager.patch(f"{EDITION}/rooms/{room['id']}", {"name": "Renamed"})
    await publish_programme(manager)
    assert await entries(client) == {"A": ("confirmed", EIGHT, 1)}

    await restore(manager, 1)

    assert await entries(client) == {"A": ("confirmed", EIGHT, 2)}
    assert (await client.get(PROGRAMME)).json()["sessions"][0]["room"]["name"] == "Room K"
    mine = (await manager.get(f"{SESSIONS}/{session['id']}")).json()
    assert (mine["calendar_sequence"], mine["version"]) == (3, 3)


async def test_consent_taken_back_meanwhile_leaves_no_name_in_what_is_written_anew(
    client: Client, manager: Client, conn: Connection
) -> None:
    session = await make_session(manager, title={"en": "A"})
    for name in ("Amal Probe", "Bei Probe"):
        speaker = await make_speaker(manager, display_name=name, published=True)
        await make_appearance(manager, session, speaker)
    await publish_programme(manager)
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "B"}})
    await publish_programme(manager)
    speakers = {one["display_name"]: one["id"] for one in (await manager.get(f"{EDITION}/speakers")).json()["items"]}
    await manager.patch(f"{EDITION}/speakers/{speakers['Amal Probe']}", {"published": False})

    await restore(manager, 1)

    named = (await client.get(PROGRAMME)).json()["sessions"][0]["appearances"]
    assert [one["display_name"] for one in named] == ["Bei Probe"]
    frozen = await conn.fetch("SELECT number, appearances::text LIKE '%Amal%' FROM release_sessions ORDER BY number")
    assert [tuple(row) for row in frozen] == [(1, True), (2, True), (3, False)]


async def test_what_readers_have_already_is_not_published_again(
    client: Client, manager: Client, conn: Connection
) -> None:
    await make_session(manager, title={"en": "A"})
    release = await publish_programme(manager)

    answer = await restore(manager, 1)

    assert answer == {"release": release, "added": [], "removed": [], "changed": []}
    assert await conn.fetchval("SELECT count(*) FROM outbox WHERE kind = 'invite_edition'") == 1


async def test_mailbox_that_is_read_now_stays_in_what_comes_back(client: Client, manager: Client) -> None:
    session = await make_session(manager, title={"en": "A"})
    await publish_programme(manager)
    admin = await client.as_role("admin")
    await admin.patch(EDITION, {"organizer_email": "new@forum.example", "venue": "Palais des Nations"})
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "B"}})
    await publish_programme(manager)

    await restore(manager, 1)

    edition = (await client.get(PROGRAMME)).json()["edition"]
    assert (edition["organizer_email"], edition["venue"]) == ("new@forum.example", "Palexpo")


async def test_release_that_is_not_there_is_not_brought_back(manager: Client) -> None:
    await make_session(manager)
    await publish_programme(manager)
    for number in ("2", "0", "2147483647"):
        answer = await manager.post(f"{PROGRAMME}/releases/{number}/restore", {})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_difference_of_any_two_releases_hides_who_took_back_consent(client: Client, manager: Client) -> None:
    session = await make_session(manager, title={"en": "A"}, starts_at=EIGHT, ends_at=None)
    speaker = await make_speaker(manager, published=True)
    await make_appearance(manager, session, speaker)
    await publish_programme(manager)
    await start(manager, session, NINE)
    added = await make_session(manager, title={"en": "B"}, starts_at=TEN, ends_at=None)
    await publish_programme(manager)

    async def difference(number: int, **query: int) -> dict[str, Any]:
        answer = await client.get(f"{PROGRAMME}/releases/{number}/difference", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    forwards, backwards = await difference(2), await difference(1, **{"from": 2})
    assert (forwards["from"], forwards["to"], forwards["added"], forwards["removed"]) == (1, 2, [added["id"]], [])
    assert (backwards["from"], backwards["to"], backwards["added"], backwards["removed"]) == (2, 1, [], [added["id"]])
    (there,), (back,) = forwards["changed"], backwards["changed"]
    swapped = {name: {"before": one["after"], "after": one["before"]} for name, one in there["fields"].items()}
    assert (there["id"], sorted(there["fields"])) == (session["id"], ["calendar_sequence", "starts_at"])
    assert back == {"id": session["id"], "fields": swapped}
    assert (await difference(2, **{"from": 0}))["added"] == sorted([session["id"], added["id"]])
    assert await difference(2, **{"from": 2}) == {"from": 2, "to": 2, "added": [], "removed": [], "changed": []}
    for number, other in ((3, 1), (1, 3), (0, 1)):
        answer = await client.get(f"{PROGRAMME}/releases/{number}/difference", params={"from": other})
        assert answer.status_code == 404
    await manager.made(f"{SESSIONS}/{session['id']}/appearances", {"speaker": speaker["id"], "role": "chair"})
    await manager.patch(f"{EDITION}/speakers/{speaker['id']}", {"published": False})
    await publish_programme(manager)
    assert [one["fields"] for one in (await difference(3))["changed"]] == []
    assert "Amal" not in (await client.get(f"{PROGRAMME}/releases/3/difference", params={"from": "0"})).text
