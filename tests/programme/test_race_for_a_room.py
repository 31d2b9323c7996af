"""Two hundred want one slot of one room, or of what it is joined from, at the same moment."""

import asyncio
from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client
from tests.factories import make_edition, make_room, make_session

SESSIONS = "/v1/editions/grf-2023/sessions"
ATTEMPTS = 200


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


async def confirm_all(manager: Client, rooms: list[str], count: int = ATTEMPTS) -> list[Any]:
    """The answers to confirming drafts in one slot, all at once, with the rooms in turn."""
    drafts = await asyncio.gather(
        *(make_session(manager, "draft", type="side_event", room=rooms[n % len(rooms)]) for n in range(count))
    )
    return await asyncio.gather(*(manager.post(f"{SESSIONS}/{draft['id']}/confirm") for draft in drafts))


async def assert_one_won(manager: Client, answers: list[Any]) -> None:
    """Exactly one is confirmed, and each of the others was told which."""
    winners = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    refusals = [answer.json() for answer in answers if answer.status_code != 200]
    assert len(winners) == 1
    assert [(refusal["status"], refusal["code"], refusal["id"]) for refusal in refusals] == (
        [(409, "room_occupied", winners[0])] * (len(answers) - 1)
    )
    confirmed = (await manager.get(SESSIONS, params={"status": "confirmed"})).json()["items"]
    assert [session["id"] for session in confirmed] == winners


async def test_two_hundred_simultaneous_confirms_of_one_slot_leave_exactly_one(manager: Client) -> None:
    room = await make_room(manager)

    await assert_one_won(manager, await confirm_all(manager, [room["id"]]))


async def test_two_hundred_simultaneous_confirms_of_a_joined_room_and_its_part_leave_exactly_one(
    manager: Client,
) -> None:
    parts = [await make_room(manager, name=f"Room {name}") for name in "AB"]
    inner = await make_room(manager, name="Rooms A+B", parts=[part["id"] for part in parts])
    outer = await make_room(manager, name="Hall", parts=[inner["id"]])

    answers = await confirm_all(manager, [outer["id"], parts[0]["id"], inner["id"]])

    await assert_one_won(manager, answers)


async def test_two_hundred_simultaneous_moves_into_one_slot_leave_exactly_one(manager: Client) -> None:
    room = await make_room(manager)
    sessions = await asyncio.gather(*(make_session(manager, type="side_event") for _ in range(ATTEMPTS)))

    answers = await asyncio.gather(
        *(manager.patch(f"{SESSIONS}/{session['id']}", {"room": room["id"]}) for session in sessions)
    )

    winners = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    refusals = [(a.status_code, a.json()["code"], a.json()["id"]) for a in answers if a.status_code != 200]
    assert len(winners) == 1
    assert refusals == [(409, "room_occupied", winners[0])] * (ATTEMPTS - 1)
    held = (await manager.get(SESSIONS, params={"room": room["id"]})).json()["items"]
    assert [session["id"] for session in held] == winners


async def test_race_is_lost_without_the_lock_and_the_constraint(manager: Client, conn: Connection) -> None:
    """The tests above can fail: this is what they would see."""
    room = await make_room(manager)
    source: str = await conn.fetchval("SELECT pg_get_functiondef('session_clashes'::regproc)")
    unlocked = source.replace("ORDER BY r.id FOR NO KEY UPDATE OF r", "ORDER BY r.id")
    assert unlocked != source
    await conn.execute(unlocked)
    await conn.execute("ALTER TABLE room_claims DROP CONSTRAINT rooms_and_their_parts_are_not_double_booked")

    answers = await confirm_all(manager, [room["id"]], count=60)

    assert len([answer for answer in answers if answer.status_code == 200]) > 1


async def test_constraint_alone_lets_nobody_through(manager: Client, conn: Connection) -> None:
    room = await make_room(manager)
    source: str = await conn.fetchval("SELECT pg_get_functiondef('session_clashes'::regproc)")
    await conn.execute(source.replace("ORDER BY r.id FOR NO KEY UPDATE OF r", "ORDER BY r.id"))

    answers = await confirm_all(manager, [room["id"]], count=60)

    assert {answer.status_code for answer in answers} <= {200, 409, 503}  # 503: who was ended as one of two that waited
    assert await conn.fetchval("SELECT count(*) FROM sessions WHERE status = 'confirmed'") == 1
