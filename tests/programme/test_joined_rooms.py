"""A room that is joined from others blocks them, and they block it, at any depth; the database holds that."""

from typing import Any

import asyncpg
import httpx
import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import make_edition, make_room, make_session

ROOMS = "/v1/editions/grf-2023/rooms"
SESSIONS = "/v1/editions/grf-2023/sessions"
AFTER = {"starts_at": "2023-12-13T12:00:00Z", "ends_at": "2023-12-13T13:00:00Z"}


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


async def join(manager: Client, name: str, *parts: dict[str, Any]) -> dict[str, Any]:
    """A room joined from others."""
    return await make_room(manager, name=name, parts=[part["id"] for part in parts])


async def draft_in(manager: Client, room: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A draft in a room, on the first morning."""
    return await make_session(manager, "draft", type="side_event", room=room["id"], **changes)


async def confirm(manager: Client, session: dict[str, Any]) -> httpx.Response:
    """The answer to confirming it."""
    return await manager.post(f"{SESSIONS}/{session['id']}/confirm")


async def test_joined_room_its_parts_and_rooms_that_share_one_block_each_other(manager: Client) -> None:
    a, b, c = [await make_room(manager, name=name) for name in "ABC"]
    ab = await join(manager, "A+B", a, b)
    bc = await join(manager, "B+C", b, c)
    hall = await join(manager, "Hall", ab)
    blocked = {"A": "A AB hall", "B": "B AB BC hall", "C": "C BC", "AB": "A B AB BC hall", "hall": "A B AB BC hall"}
    rooms = {"A": a, "B": b, "C": c, "AB": ab, "BC": bc, "hall": hall}

    for name, others in blocked.items():
        holder = await draft_in(manager, rooms[name])
        assert (await confirm(manager, holder)).status_code == 200
        for other, room in rooms.items():
            answer = await confirm(manager, await draft_in(manager, room))
            if other in others.split():
                assert (answer.status_code, answer.json()["code"], answer.json()["id"]) == (
                    409,
                    "room_occupied",
                    holder["id"],
                ), (name, other)
            else:
                assert answer.status_code == 200, (name, other)
                await manager.post(f"{SESSIONS}/{answer.json()['id']}/cancel")
            back_to_back = await confirm(manager, await draft_in(manager, room, **AFTER))
            assert back_to_back.status_code == 200, (name, other)
            await manager.post(f"{SESSIONS}/{back_to_back.json()['id']}/cancel")
        await manager.post(f"{SESSIONS}/{holder['id']}/cancel")


async def test_parts_that_cannot_be_are_named_and_nothing_is_written(client: Client, manager: Client) -> None:
    other = await make_edition(client, slug="grf-other")
    foreign = await make_room(await client.as_role("organizer", other["id"], email="o@staff.example"), "grf-other")
    a, b = [await make_room(manager, name=name) for name in "AB"]
    ab = await join(manager, "A+B", a, b)
    hall = await join(manager, "Hall", ab)

    made = await manager.post(ROOMS, {"name": "New", "parts": [foreign["id"], a["id"], a["id"]]})
    itself = await manager.patch(f"{ROOMS}/{ab['id']}", {"parts": [ab["id"], b["id"]]})
    circle = await manager.patch(f"{ROOMS}/{a['id']}", {"parts": [hall["id"]]})

    assert pointers(made) == {("/parts/0", "unknown_reference"), ("/parts/2", "duplicate")}
    assert pointers(itself) == {("/parts/0", "cyclic_parts")}
    assert pointers(circle) == {("/parts/0", "cyclic_parts")}
    assert (await manager.get(ROOMS)).json()["items"] == [a, b, ab, hall]


async def test_database_itself_refuses_foreign_parts_and_circles(
    client: Client, manager: Client, conn: Connection
) -> None:
    other = await make_edition(client, slug="grf-other")
    foreign = await make_room(await client.as_role("organizer", other["id"], email="o@staff.example"), "grf-other")
    a = await make_room(manager, name="A")
    joined = await join(manager, "J", a)
    write = "UPDATE rooms SET part_ids = ARRAY[$2::uuid] WHERE id = $1"

    with pytest.raises(asyncpg.ForeignKeyViolationError, match="no such room in this edition"):
        await conn.execute(write, a["id"], foreign["id"])
    with pytest.raises(asyncpg.CheckViolationError, match="a room inside itself"):
        await conn.execute(write, a["id"], joined["id"])


async def test_parts_are_not_changed_while_confirmed_sessions_would_overlap(manager: Client) -> None:
    a, b, c = [await make_room(manager, name=name) for name in "ABC"]
    joined = await join(manager, "J", a)
    hall = await join(manager, "Hall", joined, c)
    in_hall = (await confirm(manager, await draft_in(manager, hall))).json()
    in_b = (await confirm(manager, await draft_in(manager, b))).json()
    path = f"{ROOMS}/{joined['id']}"

    refused = await manager.patch(path, {"parts": [a["id"], b["id"]]})

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "room_occupied")
    assert [(clash["rule"], clash["sessions"]) for clash in problem["conflicts"]] == [
        ("room_occupied", [in_hall["id"], in_b["id"]])
    ]
    assert (await manager.get(path)).json() == joined
    await manager.post(f"{SESSIONS}/{in_b['id']}/cancel")
    assert (await manager.patch(path, {"parts": [a["id"], b["id"]]})).status_code == 200
    late = await confirm(manager, in_b)
    assert (late.status_code, late.json()["id"]) == (409, in_hall["id"])
    assert (await manager.patch(path, {"parts": [a["id"]]})).status_code == 200
    assert (await confirm(manager, in_b)).status_code == 200


async def test_room_keeps_equipment_hours_and_buffers(manager: Client) -> None:
    fields = {
        "equipment": ["projector", "interpretation booth"],
        "opening_hours": [{"on": None, "opens_at": "08:00", "closes_at": "19:00"}],
        "setup_minutes": 15,
        "teardown_minutes": 10,
    }
    room = await make_room(manager, **fields)
    bad = {
        "equipment": ["a\r\nb"],
        "opening_hours": [{"opens_at": "8am", "closes_at": "24:00"}],
        "setup_minutes": 1441,
        "teardown_minutes": -1,
    }

    assert {name: room[name] for name in fields} == fields
    assert (await manager.patch(f"{ROOMS}/{room['id']}", {"setup_minutes": 0})).json() == room | {
        "setup_minutes": 0,
        "version": 2,
    }
    assert pointers(await manager.post(ROOMS, {"name": "Bad"} | bad)) == {
        ("/equipment/0", "control_character"),
        ("/opening_hours/0/opens_at", "bad_format"),
        ("/opening_hours/0/closes_at", "bad_format"),
        ("/setup_minutes", "too_large"),
        ("/teardown_minutes", "too_small"),
    }
