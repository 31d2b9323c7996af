from datetime import timedelta

from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_room, make_session

ROOMS, TRACKS = "/v1/editions/grf-2023/rooms", "/v1/editions/grf-2023/tracks"


async def manager_of(client: Client, **changes: object) -> Client:
    edition = await make_edition(client, **changes)
    return await client.as_role("programme_manager", edition["id"])


async def test_room_is_read_as_it_was_made(client: Client) -> None:
    manager = await manager_of(client)

    answer = await manager.post(ROOMS, {"name": "Room K", "venue": "Palexpo", "capacity": 496, "hearing_loop": True})

    room = answer.json()
    assert (answer.status_code, answer.headers["Location"], answer.headers["ETag"]) == (
        201,
        f"{ROOMS}/{room['id']}",
        '"1"',
    )
    assert room == {
        "id": room["id"],
        "name": "Room K",
        "venue": "Palexpo",
        "capacity": 496,
        "wheelchair_accessible": None,
        "hearing_loop": True,
        "external_id": None,
        "equipment": [],
        "parts": [],
        "opening_hours": [],
        "setup_minutes": 0,
        "teardown_minutes": 0,
        "version": 1,
    }
    assert (await manager.get(answer.headers["Location"])).json() == room
    assert (await manager.get(ROOMS, params={"count": "true"})).json() == {
        "items": [room],
        "next_cursor": None,
        "total": 1,
    }


async def test_room_with_many_faults_names_each_and_writes_nothing(client: Client) -> None:
    manager = await manager_of(client)

    answer = await manager.post(ROOMS, {"name": " ", "capacity": "12", "hearing_loop": 1, "doors": []})

    assert pointers(answer) == {
        ("/name", "blank"),
        ("/capacity", "wrong_type"),
        ("/hearing_loop", "wrong_type"),
        ("/doors", "unknown_field"),
    }
    assert (await manager.get(ROOMS)).json()["items"] == []


async def test_second_room_of_that_name_in_the_venue_is_a_conflict(client: Client) -> None:
    manager = await manager_of(client)
    await make_room(manager, name="Room K", venue="Palexpo", external_id="k")

    same = await manager.post(ROOMS, {"name": "room k", "venue": "PALEXPO"})
    elsewhere = await manager.post(ROOMS, {"name": "Room K", "venue": "CICG"})
    imported = await manager.post(ROOMS, {"name": "Room L", "external_id": "k"})

    assert (same.status_code, same.json()["code"]) == (409, "room_name_taken")
    assert elsewhere.status_code == 201
    assert (imported.status_code, imported.json()["code"]) == (409, "external_id_taken")


async def test_room_patch_merges_and_an_old_version_is_stale(client: Client) -> None:
    manager = await manager_of(client)
    room = await make_room(manager, capacity=100, venue="Palexpo")
    path = f"{ROOMS}/{room['id']}"

    answer = await manager.patch(path, {"capacity": None, "wheelchair_accessible": True}, version=1)
    stale = await manager.patch(path, {"name": "Room Z"}, version=1)

    expected = room | {"capacity": None, "wheelchair_accessible": True, "version": 2}
    assert answer.json() == expected
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"')
    assert (await manager.get(path)).json() == expected


async def test_track_is_made_listed_and_changed(client: Client) -> None:
    manager = await manager_of(client)

    track = await manager.made(TRACKS, {"name": {"en": "Solutions", "zh": "解决方案"}, "external_id": "s"})
    changed = await manager.patch(f"{TRACKS}/{track['id']}", {"name": {"ru": "Решения", "zh": None}}, version=1)

    assert track == {
        "id": track["id"],
        "name": {"en": "Solutions", "zh": "解决方案"},
        "external_id": "s",
        "version": 1,
    }
    assert changed.json() == track | {"name": {"en": "Solutions", "ru": "Решения"}, "version": 2}
    assert (await manager.get(TRACKS, params={"external_id": "s"})).json()["items"] == [changed.json()]
    assert (await manager.get(TRACKS, params={"external_id": "t"})).json()["items"] == []


async def test_rooms_of_another_edition_are_not_there(client: Client) -> None:
    other = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("organizer", other["id"], email="stranger@staff.example")
    manager = await manager_of(client)
    room = await make_room(manager)

    assert (await stranger.get(ROOMS)).status_code == 403
    assert (await stranger.get(f"/v1/editions/grf-other/rooms/{room['id']}")).status_code == 404
    assert (await stranger.patch(f"/v1/editions/grf-other/rooms/{room['id']}", {"name": "Mine"})).status_code == 404
    assert (await client.get(ROOMS)).status_code == 401
    assert (await manager.get(f"{ROOMS}/{room['id']}")).json() == room


async def test_entries_change_with_the_name_and_the_venue_of_their_room_until_it_is_over(
    client: Client, clock: Timeline
) -> None:
    manager = await manager_of(client)
    room, other = await make_room(manager), await make_room(manager, name="Room B")
    here, there = await make_session(manager, room=room["id"]), await make_session(manager, room=other["id"])
    path = f"{ROOMS}/{room['id']}"

    async def sequences() -> tuple[int, ...]:
        found = [
            (await manager.get(f"/v1/editions/grf-2023/sessions/{one['id']}")).json()["calendar_sequence"]
            for one in (here, there)
        ]
        return tuple(found)

    seen = [await sequences()]
    for change in (
        {"name": "Hall A"},
        {"name": "Hall A"},
        {"venue": "Annex"},
        {"capacity": 7, "hearing_loop": True, "equipment": ["projector"]},
        {"name": "Hall B", "venue": None},
    ):
        await manager.patch(path, change)
        seen.append(await sequences())
    clock.now = clock.now.fromisoformat(here["ends_at"]) + timedelta(seconds=1)
    assert (await manager.patch(path, {"name": "Hall C"})).status_code == 200
    seen.append(await sequences())

    first, unmoved = seen[0]
    assert [(one - first, two) for one, two in seen] == [(n, unmoved) for n in (0, 1, 1, 2, 2, 3, 3)]
