"""A confirmed session has its room and its speakers to itself, under any number of simultaneous requests."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.client import Client
from tests.factories import make_appearance, make_edition, make_room, make_session, make_speaker

SESSIONS = "/v1/editions/grf-2023/sessions"
MORNING = {"starts_at": "2023-12-13T08:00:00Z", "ends_at": "2023-12-13T10:00:00Z"}
OVERLAP = {"starts_at": "2023-12-13T09:59:00Z", "ends_at": "2023-12-13T11:00:00Z"}
AFTER = {"starts_at": "2023-12-13T10:00:00Z", "ends_at": "2023-12-13T12:00:00Z"}


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


def assert_refused(answer: httpx.Response, code: str, other: dict[str, Any]) -> None:
    """The answer names what stands in the way."""
    assert (answer.status_code, answer.json()["code"], answer.json().get("id")) == (409, code, other["id"]), answer.text


async def test_room_is_confirmed_for_one_session_at_a_time(manager: Client) -> None:
    room = await make_room(manager)
    holder = await make_session(manager, **MORNING, room=room["id"])
    overlapping = await make_session(manager, "draft", **OVERLAP, room=room["id"])
    after = await make_session(manager, "draft", **AFTER, room=room["id"])

    refused = await manager.post(f"{SESSIONS}/{overlapping['id']}/confirm")
    back_to_back = await manager.post(f"{SESSIONS}/{after['id']}/confirm")

    assert_refused(refused, "room_occupied", holder)
    assert back_to_back.json()["status"] == "confirmed"
    assert (await manager.get(f"{SESSIONS}/{overlapping['id']}")).json() == overlapping


async def test_confirmed_session_moves_only_where_its_room_is_free(manager: Client) -> None:
    room, other_room = await make_room(manager), await make_room(manager, name="Room F")
    holder = await make_session(manager, **MORNING, room=room["id"])
    moving = await make_session(manager, **MORNING, room=other_room["id"])
    path = f"{SESSIONS}/{moving['id']}"

    into = await manager.patch(path, {"room": room["id"]})
    assert_refused(into, "room_occupied", holder)
    assert (await manager.get(path)).json() == moving

    beside = await manager.patch(path, {"room": room["id"]} | AFTER)
    assert beside.status_code == 200
    assert_refused(await manager.patch(path, OVERLAP), "room_occupied", holder)
    await manager.post(f"{SESSIONS}/{holder['id']}/cancel")
    assert (await manager.patch(path, OVERLAP)).status_code == 200
    assert_refused(await manager.post(f"{SESSIONS}/{holder['id']}/confirm"), "room_occupied", moving)


async def test_session_without_an_end_holds_its_room_at_its_start(manager: Client) -> None:
    room = await make_room(manager)
    holder = await make_session(manager, starts_at=MORNING["starts_at"], ends_at=None, room=room["id"])
    same = await make_session(manager, "draft", starts_at=MORNING["starts_at"], ends_at=None, room=room["id"])
    around = await make_session(manager, "draft", **MORNING, room=room["id"])
    later = await make_session(manager, "draft", starts_at="2023-12-13T08:00:01Z", ends_at=None, room=room["id"])

    assert_refused(await manager.post(f"{SESSIONS}/{same['id']}/confirm"), "room_occupied", holder)
    assert_refused(await manager.post(f"{SESSIONS}/{around['id']}/confirm"), "room_occupied", holder)
    assert (await manager.post(f"{SESSIONS}/{later['id']}/confirm")).status_code == 200


async def test_sessions_without_time_or_room_are_in_nobodys_way(manager: Client) -> None:
    room = await make_room(manager)
    unscheduled = {"starts_at": None, "ends_at": None}

    for fields in ({"room": room["id"]} | unscheduled, {"room": room["id"], "held_on": "2023-12-13"} | unscheduled, {}):
        for _ in range(2):
            assert (await make_session(manager, **fields))["status"] == "confirmed"


async def test_twenty_simultaneous_confirms_of_one_slot_leave_exactly_one(manager: Client) -> None:
    room = await make_room(manager)
    drafts = [await make_session(manager, "draft", **MORNING, room=room["id"]) for _ in range(20)]

    answers = await asyncio.gather(*(manager.post(f"{SESSIONS}/{draft['id']}/confirm") for draft in drafts))

    winners = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(winners) == 1
    for answer in answers:
        if answer.status_code != 200:
            assert_refused(answer, "room_occupied", winners[0])
    confirmed = (await manager.get(SESSIONS, params={"status": "confirmed"})).json()["items"]
    assert confirmed == winners


async def test_session_is_not_confirmed_while_a_speaker_is_elsewhere(manager: Client) -> None:
    speaker = await make_speaker(manager)
    first = await make_session(manager, **MORNING)
    second = await make_session(manager, "draft", **OVERLAP)
    after = await make_session(manager, "draft", **AFTER)
    for session in (first, second, after):
        await make_appearance(manager, session, speaker)

    refused = await manager.post(f"{SESSIONS}/{second['id']}/confirm")

    assert_refused(refused, "speaker_double_booked", first)
    assert (await manager.post(f"{SESSIONS}/{after['id']}/confirm")).status_code == 200
    assert_refused(await manager.patch(f"{SESSIONS}/{after['id']}", OVERLAP), "speaker_double_booked", first)
    assert (await manager.get(f"{SESSIONS}/{after['id']}")).json()["starts_at"] == AFTER["starts_at"]


async def test_appearance_is_not_confirmed_while_the_speaker_is_elsewhere(manager: Client) -> None:
    speaker = await make_speaker(manager)
    first, second = await make_session(manager, **MORNING), await make_session(manager, **OVERLAP)
    held = await make_appearance(manager, first, speaker)
    invited = await make_appearance(manager, second, speaker, "invited")
    path = f"{SESSIONS}/{second['id']}/appearances/{invited['id']}"

    assert_refused(await manager.post(f"{path}/confirm"), "speaker_double_booked", first)
    assert (await manager.get(path)).json() == invited
    await manager.post(f"{SESSIONS}/{first['id']}/appearances/{held['id']}/withdraw")
    assert (await manager.post(f"{path}/confirm")).json()["status"] == "confirmed"


async def test_speaker_of_a_day_may_speak_in_the_sessions_inside_it(manager: Client) -> None:
    speaker = await make_speaker(manager)
    day = await make_session(manager, type="constituency_day", **MORNING)
    inside = await make_session(manager, **MORNING, parent=day["id"])
    await make_appearance(manager, day, speaker, role="chair")

    appearance = await make_appearance(manager, inside, speaker)

    assert appearance["status"] == "confirmed"


async def test_simultaneous_confirms_never_put_a_speaker_in_two_places(manager: Client) -> None:
    speaker = await make_speaker(manager)
    drafts = [await make_session(manager, "draft", **MORNING) for _ in range(6)]
    for draft in drafts:
        await make_appearance(manager, draft, speaker)
    others = [await make_session(manager, **MORNING) for _ in range(6)]
    invited = [await make_appearance(manager, session, speaker, "invited") for session in others]
    paths = [f"{SESSIONS}/{draft['id']}/confirm" for draft in drafts]
    paths += [
        f"{SESSIONS}/{session['id']}/appearances/{appearance['id']}/confirm"
        for session, appearance in zip(others, invited, strict=True)
    ]

    answers = await asyncio.gather(*(manager.post(path) for path in paths))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 11
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"speaker_double_booked"}
