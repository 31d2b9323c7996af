"""Changes to many sessions at once: each by its own patch, or a block of them by the same time."""

from typing import Any
from uuid import uuid4

import pytest

from tests.client import Client, pointers
from tests.factories import make_appearance, make_edition, make_room, make_session, make_speaker
from tests.programme.test_imports import SESSIONS, told

DAY = "2023-12-13T"


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


async def make_block(manager: Client, room: dict[str, Any], hours: range) -> list[dict[str, Any]]:
    """Confirmed sessions of an hour each, back to back in one room."""
    return [
        await make_session(manager, starts_at=f"{DAY}{hour:02}:00:00Z", ends_at=f"{DAY}{hour + 1:02}:00:00Z",
                           room=room["id"])
        for hour in hours
    ]  # fmt: skip


async def post(caller: Client, verb: str, body: Any, **options: str) -> Any:
    """Send edits; the answer."""
    return await caller.request("POST", f"{SESSIONS}:{verb}", json=body, params=options)


async def starts(manager: Client, sessions: list[dict[str, Any]]) -> list[str]:
    """When sessions start now, as hours."""
    found = [(await manager.get(f"{SESSIONS}/{session['id']}")).json() for session in sessions]
    return [session["starts_at"].removeprefix(DAY)[:5] for session in found]


@pytest.mark.parametrize("hours", [1, -1])
async def test_block_is_moved_by_its_own_length_without_being_in_its_way(manager: Client, hours: int) -> None:
    block = await make_block(manager, await make_room(manager), range(8, 20))
    speaker = await make_speaker(manager)
    for session in block:
        await make_appearance(manager, session, speaker)
    ids = [session["id"] for session in (*block[::2], *block[1::2])]  # no order to and fro would do

    answer = await post(manager, "shift", {"sessions": ids, "shift_minutes": 60 * hours})

    assert told(answer.json()) == [("updated", [])] * 12
    assert [result["id"] for result in answer.json()["items"]] == ids
    assert await starts(manager, block) == [f"{hour + hours:02}:00" for hour in range(8, 20)]
    moved = (await manager.get(f"{SESSIONS}/{ids[0]}")).json()
    assert (moved["version"], moved["calendar_sequence"]) == (
        block[0]["version"] + 1,
        block[0]["calendar_sequence"] + 1,
    )


async def test_block_is_moved_into_another_room_or_stays_whole(manager: Client) -> None:
    hall, annex = await make_room(manager), await make_room(manager, name="Annex")
    block = await make_block(manager, hall, range(8, 10))
    other = await make_session(manager, starts_at=f"{DAY}10:30:00Z", ends_at=f"{DAY}11:00:00Z", room=annex["id"])
    day = await make_session(manager, "draft", starts_at=None, ends_at=None, held_on="2023-12-14")
    body = {"sessions": [s["id"] for s in (*block, day)], "room": annex["id"]}

    refused = await post(manager, "shift", body | {"shift_minutes": 60})
    untouched = await starts(manager, block)
    rehearsed = await post(manager, "shift", body, dry_run="true")
    done = await post(manager, "shift", body)

    assert pointers(refused) == {("/sessions/1", "room_occupied"), ("/sessions/2", "time_unknown")}
    assert other["id"] in refused.text
    assert untouched == await starts(manager, block) == ["08:00", "09:00"]
    assert told(rehearsed.json()) == told(done.json()) == [("updated", [])] * 3
    rooms = [(await manager.get(f"{SESSIONS}/{s['id']}")).json()["room"] for s in (*block, day)]
    assert rooms == [annex["id"]] * 3


async def test_day_is_moved_by_whole_days(manager: Client) -> None:
    day = await make_session(manager, "draft", starts_at=None, ends_at=None, held_on="2023-12-13")

    answer = await post(manager, "shift", {"sessions": [day["id"]], "shift_minutes": 1440})

    assert told(answer.json()) == [("updated", [])]
    assert (await manager.get(f"{SESSIONS}/{day['id']}")).json()["held_on"] == "2023-12-14"


async def test_bad_shift_names_what_is_wrong(manager: Client) -> None:
    session = await make_session(manager)

    twice = await post(manager, "shift", {"sessions": [session["id"]] * 2})
    nothing = await post(manager, "shift", {"sessions": [str(uuid4())], "shift_minutes": 5})
    nowhere = await post(manager, "shift", {"sessions": [session["id"]], "room": str(uuid4())})
    outside = await post(manager, "shift", {"sessions": [session["id"]], "shift_minutes": 14_400})

    assert pointers(twice) == {("/sessions/1", "duplicate"), ("/shift_minutes", "missing")}
    assert pointers(nothing) == {("/sessions/0", "not_found")}
    assert pointers(nowhere) == {("/room", "unknown_reference")}
    assert pointers(outside) == {("/sessions/0/starts_at", "outside_edition")}
    assert await starts(manager, [session]) == ["08:00"]


async def test_edits_are_made_each_by_itself_and_told_one_by_one(manager: Client) -> None:
    a, b, c = await make_block(manager, await make_room(manager), range(8, 11))
    edits: list[Any] = [
        {"id": a["id"], "patch": {"starts_at": b["starts_at"], "ends_at": b["ends_at"]}},
        {"id": b["id"], "patch": {"room": None}, "version": b["version"]},
        {"id": c["id"], "patch": {"title": {"fr": None}}, "version": c["version"] - 1},
        {"id": a["id"], "patch": {}},
        {"id": c["id"][:-1], "patch": {"mode": "all", "colour": 1}, "other": 1},
        {"id": str(uuid4()), "patch": {"mode": "online"}},
        "no edit",
    ]

    answer = await post(manager, "edit", {"sessions": edits})

    assert told(answer.json()) == [
        ("updated", []),
        ("updated", []),
        ("refused", [" stale"]),
        ("refused", ["/id duplicate"]),
        ("refused", ["/other unknown_field", "/id bad_format", "/patch/colour unknown_field",
                     "/patch/mode unknown_value"]),
        ("refused", [" not_found"]),
        ("refused", [" wrong_type"]),
    ]  # fmt: skip
    assert await starts(manager, [a, b, c]) == ["09:00", "09:00", "10:00"]


async def test_edits_are_kept_together_or_rehearsed(manager: Client) -> None:
    a, b = await make_block(manager, await make_room(manager), range(8, 10))
    edits = [
        {"id": a["id"], "patch": {"mode": "online"}},
        {"id": b["id"], "patch": {"type": "nonsense", "track": str(uuid4())}},
    ]

    refused = await post(manager, "edit", {"sessions": edits}, atomic="true")
    rehearsed = await post(manager, "edit", {"sessions": edits}, dry_run="true")
    same = await post(manager, "edit", {"sessions": [{"id": a["id"], "patch": {"mode": a["mode"]}}]})

    faults = {("/sessions/1/patch/type", "unknown_value"), ("/sessions/1/patch/track", "unknown_reference")}
    assert pointers(refused) == faults
    assert [status for status, _ in told(rehearsed.json())] == ["updated", "refused"]
    assert told(same.json()) == [("unchanged", [])]
    assert (await manager.get(f"{SESSIONS}/{a['id']}")).json() == a
