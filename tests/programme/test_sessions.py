from typing import Any
from uuid import uuid4

import pytest

from forum.db import Pool
from tests.client import Client, pointers
from tests.factories import make_edition, make_room, make_session, session_fields

SESSIONS = "/v1/editions/grf-2023/sessions"


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


async def make_entity(pool: Pool, name: str) -> str:
    """An entity, written past the entities slice."""
    entity = uuid4()
    async with pool.acquire() as conn:
        await conn.execute(
            "INSERT INTO entities (id, name, category, created_at) VALUES ($1, $2, 'ngo', now())", entity, name
        )
    return str(entity)


async def test_session_made_with_everything_is_a_draft_with_all_of_it(manager: Client, pool: Pool) -> None:
    room = await make_room(manager)
    track = await manager.made("/v1/editions/grf-2023/tracks", {"name": {"en": "Solutions"}})
    day = await make_session(manager, "draft", type="constituency_day", starts_at=None, ends_at=None)
    body = session_fields(
        abstract={"ru": "О чём\nпойдёт речь"},
        track=track["id"],
        parent=day["id"],
        room=room["id"],
        in_person_capacity=40,
        online_capacity=500,
        access="booking",
        languages={"floor": ["en", "fr"], "interpretation": ["ar", "zh-Hans"], "sign": ["ase"], "captions": []},
        organisers=[await make_entity(pool, "Mayors"), await make_entity(pool, "Cities")],
        livestream_url="https://stream.example/plenary",
        external_id="grf-2023-002",
        interpretation_teams=[],
    )

    answer = await manager.post(SESSIONS, body)

    assert answer.status_code == 201, answer.text
    session = answer.json()
    made = {"id": session["id"], "status": "draft", "version": 1, "calendar_sequence": 0, "held_on": None}
    assert session == body | made
    assert answer.headers["Location"] == f"{SESSIONS}/{session['id']}"
    assert (await manager.get(answer.headers["Location"])).json() == session


async def test_session_with_only_a_title_and_a_type_has_defaults(manager: Client) -> None:
    session = await manager.made(SESSIONS, {"title": {"en": "Some day"}, "type": "press"})

    nothing = (
        "abstract",
        "track",
        "parent",
        "starts_at",
        "ends_at",
        "held_on",
        "room",
        "in_person_capacity",
        "online_capacity",
        "livestream_url",
        "external_id",
    )
    assert session == dict.fromkeys(nothing) | {
        "id": session["id"],
        "title": {"en": "Some day"},
        "type": "press",
        "mode": "in_person",
        "access": "registered",
        "languages": {"floor": [], "interpretation": [], "sign": [], "captions": []},
        "organisers": [],
        "interpretation_teams": [],
        "status": "draft",
        "version": 1,
        "calendar_sequence": 0,
    }


async def test_session_with_many_faults_names_each_and_writes_nothing(manager: Client) -> None:
    entity = str(uuid4())
    structure = await manager.post(
        SESSIONS,
        session_fields(
            title={"en": "a\u0000b"},
            starts_at="2023-12-13T09:00:00",
            languages={"floor": ["english!"], "spoken": []},
            room="Room K",
            access="secret",
            status="confirmed",
        ),
    )
    rules = await manager.post(
        SESSIONS,
        session_fields(ends_at="2023-12-13T08:00:00Z", held_on="2023-12-13", organisers=[entity, entity]),
    )
    references = await manager.post(
        SESSIONS,
        session_fields(
            type="opera", track=str(uuid4()), parent=str(uuid4()), room=str(uuid4()), organisers=[str(uuid4())]
        ),
    )

    assert pointers(structure) == {
        ("/title/en", "control_character"),
        ("/starts_at", "timezone_missing"),
        ("/languages/floor/0", "bad_format"),
        ("/languages/spoken", "unknown_field"),
        ("/room", "bad_format"),
        ("/access", "unknown_value"),
        ("/status", "unknown_field"),
    }
    assert pointers(rules) == {
        ("/ends_at", "ends_before_start"),
        ("/held_on", "rule_broken"),
        ("/organisers/1", "duplicate"),
    }
    assert pointers(references) == {
        ("/type", "unknown_value"),
        ("/track", "unknown_reference"),
        ("/parent", "unknown_reference"),
        ("/room", "unknown_reference"),
        ("/organisers/0", "unknown_reference"),
    }
    assert (await manager.get(SESSIONS)).json()["items"] == []


async def test_session_in_a_room_of_another_edition_is_refused(client: Client, manager: Client) -> None:
    other = await make_edition(client, slug="grf-other")
    room = await make_room(await client.as_role("organizer", other["id"]), edition="grf-other")

    answer = await manager.post(SESSIONS, session_fields(room=room["id"]))

    assert pointers(answer) == {("/room", "unknown_reference")}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"starts_at": "2023-12-12T22:30:00Z"}, "/starts_at"),
        ({"starts_at": "2023-12-12T23:00:00Z"}, None),  # midnight of the first day in Geneva
        ({"starts_at": "2023-12-15T22:00:00Z", "ends_at": "2023-12-16T02:00:00Z"}, None),  # past midnight of the last
        ({"starts_at": "2023-12-15T23:00:00Z", "ends_at": "2023-12-16T02:00:00Z"}, "/starts_at"),
        ({"starts_at": "2023-12-15T22:00:00Z", "ends_at": "2023-12-17T02:00:00Z"}, "/starts_at"),
        ({"starts_at": None, "ends_at": None, "held_on": "2023-12-12"}, "/held_on"),
        ({"starts_at": None, "ends_at": None, "held_on": "2023-12-15"}, None),
        ({"starts_at": "2023-05-17T08:00:00Z", "ends_at": None, "type": "press"}, None),
    ],
)
async def test_session_outside_the_days_of_its_edition(
    manager: Client, changes: dict[str, Any], pointer: str | None
) -> None:
    answer = await manager.post(SESSIONS, session_fields(**changes))

    if pointer is None:
        assert answer.status_code == 201, answer.text
    else:
        assert pointers(answer) == {(pointer, "outside_edition")}


async def test_session_of_an_edition_without_dates_may_be_any_day(client: Client) -> None:
    edition = await make_edition(client, "draft", slug="grf-2027", starts_on=None, ends_on=None)
    organizer = await client.as_role("organizer", edition["id"])

    session = await make_session(organizer, edition="grf-2027")

    assert session["status"] == "confirmed"


async def test_title_of_a_session_can_be_corrected_after_the_edition_moved_away(
    client: Client, manager: Client
) -> None:
    session = await make_session(manager)
    admin = await client.as_role("admin")
    moved = {"starts_on": "2024-01-10", "ends_on": "2024-01-12", "sessions": "keep", "reason": {"en": "Snow."}}
    await admin.made("/v1/editions/grf-2023/revise", moved)

    title = await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "Corrected"}})
    time = await manager.patch(f"{SESSIONS}/{session['id']}", {"ends_at": "2023-12-13T11:00:00Z"})

    assert title.status_code == 200
    assert pointers(time) == {("/starts_at", "outside_edition")}


async def test_session_cannot_lie_inside_itself(manager: Client) -> None:
    outer = await make_session(manager, "draft", type="constituency_day")
    middle = await make_session(manager, "draft", parent=outer["id"])
    inner = await make_session(manager, "draft", parent=middle["id"])

    for parent in (outer, middle, inner):
        answer = await manager.patch(f"{SESSIONS}/{outer['id']}", {"parent": parent["id"]})
        assert pointers(answer) == {("/parent", "cyclic_parent")}
    children = (await manager.get(SESSIONS, params={"parent": outer["id"]})).json()["items"]
    assert [child["id"] for child in children] == [middle["id"]]


async def test_patch_merges_languages_and_clears_with_null(manager: Client) -> None:
    session = await make_session(manager, "draft", languages={"floor": ["en"], "captions": ["en"]})

    answer = await manager.patch(
        f"{SESSIONS}/{session['id']}",
        {"ends_at": None, "languages": {"floor": ["fr", "ar"]}},
        version=session["version"],
    )

    assert answer.json() == session | {
        "ends_at": None,
        "languages": {"floor": ["fr", "ar"], "interpretation": [], "sign": [], "captions": ["en"]},
        "version": 2,
        "calendar_sequence": 1,
    }


async def test_wrong_move_names_those_that_are_allowed(manager: Client) -> None:
    draft = await make_session(manager, "draft")
    cancelled = await make_session(manager, "cancelled")

    of_draft = await manager.post(f"{SESSIONS}/{draft['id']}/cancel")
    of_cancelled = await manager.post(f"{SESSIONS}/{cancelled['id']}/cancel")
    again = await manager.post(f"{SESSIONS}/{cancelled['id']}/confirm")

    for answer in (of_draft, of_cancelled):
        assert (answer.status_code, answer.json()["code"], answer.json()["allowed"]) == (
            409,
            "wrong_status",
            ["confirm"],
        )
    assert again.json() == cancelled | {"status": "confirmed", "version": 4, "calendar_sequence": 2}


async def test_sequence_rises_exactly_on_start_end_day_room_and_status(manager: Client) -> None:
    first, second = await make_room(manager, name="K"), await make_room(manager, name="F")
    session = await make_session(manager, room=first["id"])
    path = f"{SESSIONS}/{session['id']}"
    seen = [session["calendar_sequence"]]
    for change in (
        {"title": {"en": "Typo fixed"}},
        {"abstract": {"en": "More words"}},
        {"mode": "online", "access": "open", "languages": {"floor": ["en"]}, "livestream_url": "https://s.example/a"},
        {"type": "side_event", "external_id": "x"},
        {"starts_at": "2023-12-13T08:00:00Z", "ends_at": "2023-12-13T12:00:00Z", "room": first["id"]},
        {"starts_at": "2023-12-13T08:30:00Z"},
        {"ends_at": "2023-12-13T12:30:00Z"},
        {"room": second["id"]},
        {"starts_at": None, "ends_at": None, "held_on": "2023-12-13"},
        {"held_on": "2023-12-14"},
    ):
        answer = await manager.patch(path, change)
        assert answer.status_code == 200, answer.text
        seen.append(answer.json()["calendar_sequence"])
    moved = [(await manager.post(f"{path}/{move}")).json()["calendar_sequence"] for move in ("cancel", "confirm")]

    assert seen + moved == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7]


async def test_sessions_are_listed_by_time_with_filters_and_cursor(manager: Client) -> None:
    room = await make_room(manager)
    undated = await make_session(manager, "draft", starts_at=None, ends_at=None)
    late = await make_session(manager, starts_at="2023-12-13T22:00:00Z", ends_at="2023-12-14T00:30:00Z")
    day = await make_session(manager, "draft", starts_at=None, ends_at=None, held_on="2023-12-14", type="break")
    early = await make_session(manager, "cancelled", room=room["id"], external_id="e-1")
    names = {undated["id"]: "undated", late["id"]: "late", day["id"]: "day", early["id"]: "early"}

    async def listed(**filters: str) -> list[str]:
        found, cursor = [], ""
        while cursor is not None:
            query = filters | {"limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = (await manager.get(SESSIONS, params=query)).json()
            found += [names[item["id"]] for item in page["items"]]
            cursor = page["next_cursor"]
        total = (await manager.get(SESSIONS, params=filters | {"count": "true"})).json()["total"]
        assert total == len(found)
        return found

    assert await listed() == ["early", "late", "day", "undated"]
    assert await listed(status="draft") == ["day", "undated"]
    assert await listed(type="break") == ["day"]
    assert await listed(room=room["id"]) == ["early"]
    assert await listed(external_id="e-1") == ["early"]
    assert await listed(day="2023-12-13") == ["early", "late"]
    assert await listed(day="2023-12-14") == ["late", "day"]
    assert await listed(parent=early["id"]) == []
    assert pointers(await manager.get(SESSIONS, params={"status": "lost"})) == {("status", "bad_parameter")}


async def test_sessions_of_an_edition_are_for_its_staff(client: Client, manager: Client) -> None:
    session = await make_session(manager)
    other = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("organizer", other["id"], email="stranger@staff.example")
    analyst = await client.as_role("analyst", (await client.get("/v1/editions/grf-2023")).json()["id"])

    assert (await client.get(SESSIONS)).status_code == 401
    assert (await stranger.get(SESSIONS)).status_code == 403
    assert (await stranger.get(f"/v1/editions/grf-other/sessions/{session['id']}")).status_code == 404
    assert (await stranger.post(f"/v1/editions/grf-other/sessions/{session['id']}/cancel")).status_code == 404
    assert (await analyst.patch(f"{SESSIONS}/{session['id']}", {"room": None})).status_code == 403
    assert (await analyst.get(f"{SESSIONS}/{session['id']}")).json() == session
