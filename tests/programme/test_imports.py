"""Imports of rooms, tracks and sessions: by the row, again and again, and never half of a row."""

import asyncio
from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import make_edition, make_room, make_session

EDITION = "/v1/editions/grf-2023"
ROOMS, TRACKS, SESSIONS = f"{EDITION}/rooms", f"{EDITION}/tracks", f"{EDITION}/sessions"
READ_ONLY = ("id", "status", "version", "calendar_sequence")


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


def row(name: str, **changes: Any) -> dict[str, Any]:
    """A row for a session of that name."""
    fields = {"external_id": name, "title": {"en": f"Session {name}"}, "type": "side_event"}
    return fields | {"starts_at": "2023-12-13T08:00:00Z", "ends_at": "2023-12-13T09:00:00Z"} | changes


def told(results: Any) -> list[tuple[str, list[str]]]:
    """Status and faults of each row."""
    return [(r["status"], [f"{e.get('pointer', '')} {e['code']}" for e in r["errors"]]) for r in results["items"]]


async def send(caller: Client, collection: str, *rows: Any, **options: str) -> Any:
    """Import rows; the answer's body."""
    answer = await caller.request("POST", f"{collection}:import", json={"rows": list(rows)}, params=options)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def send_table(caller: Client, collection: str, table: bytes) -> Any:
    """Import a table; the answer."""
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    return await caller.request("POST", f"{collection}:import", content=table, headers=headers)


async def read_all(caller: Client, collection: str) -> dict[str, dict[str, Any]]:
    """The things of a collection by their external id."""
    page = (await caller.get(collection, params={"limit": "200"})).json()
    assert page["next_cursor"] is None
    return {item["external_id"]: item for item in page["items"]}


async def test_programme_that_is_exported_and_imported_again_is_unchanged(client: Client, manager: Client) -> None:
    admin = await client.as_role("admin")
    await admin.made("/v1/entities", {"name": "City of Probe", "category": "ngo", "external_id": "org-1"})
    await send(manager, ROOMS, {"external_id": "hall", "name": "Hall", "capacity": 300, "hearing_loop": True})
    await send(manager, TRACKS, {"external_id": "t", "name": {"en": "Work", "ar": "العمل"}})
    made = await send(
        manager,
        SESSIONS,
        row("talk", parent="external:day", room="external:hall", track="external:t", organisers=["external:org-1"]),
        row("day", abstract={"en": "Two\nlines", "zh": "简介"}, languages={"floor": ["en", "ar"], "sign": ["ise"]}),
        row("later", starts_at=None, ends_at=None, held_on="2023-12-14", access="booking", in_person_capacity=20),
    )  # fmt: skip

    assert told(made) == [("created", [])] * 3
    sessions = await read_all(manager, SESSIONS)
    assert sessions["talk"]["parent"] == sessions["day"]["id"]
    for collection in (ROOMS, TRACKS, SESSIONS):
        exported = (await read_all(manager, collection)).values()
        rows = [{name: item[name] for name in item if name not in READ_ONLY} for item in exported]
        assert told(await send(manager, collection, *rows)) == [("unchanged", [])] * len(rows)
        assert list((await read_all(manager, collection)).values()) == list(exported)


async def test_row_changes_what_it_names_and_nothing_else(manager: Client) -> None:
    await send(manager, SESSIONS, row("a", abstract={"en": "Text"}, mode="hybrid", online_capacity=50))
    before = (await read_all(manager, SESSIONS))["a"]

    results = await send(
        manager, SESSIONS, {"external_id": "a", "title": {"fr": "Atelier"}, "online_capacity": None, "mode": "hybrid"}
    )

    after = (await read_all(manager, SESSIONS))["a"]
    title = {"en": "Session a", "fr": "Atelier"}
    assert after == before | {"title": title, "online_capacity": None, "version": 2}
    assert (told(results), results["items"][0]["id"]) == ([("updated", [])], before["id"])


async def test_bad_rows_are_refused_with_their_faults_and_keep_no_good_one_out(client: Client, manager: Client) -> None:
    await make_edition(client, slug="grf-other")
    organizer = await client.as_role("admin")
    elsewhere = await make_room(organizer, "grf-other")

    results = await send(
        manager,
        SESSIONS,
        row("good"),
        row("x1", ends_at="2023-12-13T07:00:00Z"),
        row("x2", starts_at="2023-12-13T08:00:00 CET", ends_at="2023-12-13T09:00:00 Europe/Nowhere"),
        row("x3", starts_at="2023-12-13T08:00:00"),
        row("x4", room=elsewhere["id"], type="nonsense"),
        row("x5", title={"en": "a\r\nBcc: b", "xx-unknown-language": "c"}, colour="red", access="all"),
        row("x6", room="external:nowhere", organisers=["external:a", "external:b"], mode=1),
        {"title": {"en": "Nameless"}},
        row("good", type="plenary"),
        "no row",
        row("x7", external_id="a\u0007"),
        row("x8", title={"fr": None}),
        row("x9", parent="external:x1"),
        row("last", starts_at="2023-12-15T22:00:00Z", ends_at="2023-12-15T23:30:00Z"),
    )

    assert told(results) == [
        ("created", []),
        ("refused", ["/ends_at ends_before_start"]),
        ("refused", ["/starts_at bad_format", "/ends_at bad_format"]),
        ("refused", ["/starts_at timezone_missing"]),
        ("refused", ["/type unknown_value", "/room unknown_reference"]),
        ("refused", told(results)[5][1]),
        ("refused", ["/room unknown_reference", "/organisers/0 unknown_reference", "/organisers/1 unknown_reference",
                     "/mode wrong_type"]),
        ("refused", ["/external_id missing", "/type missing"]),
        ("refused", ["/external_id duplicate"]),
        ("refused", [" wrong_type"]),
        ("refused", ["/external_id control_character"]),
        ("refused", ["/title missing"]),
        ("refused", ["/parent unknown_reference"]),
        ("created", []),
    ]  # fmt: skip
    assert set(told(results)[5][1]) == {
        "/title/en control_character", "/title/xx-unknown-language unknown_language", "/colour unknown_field",
        "/access unknown_value",
    }  # fmt: skip
    assert set(await read_all(manager, SESSIONS)) == {"good", "last"}


async def test_parents_come_first_and_those_inside_each_other_are_refused(manager: Client) -> None:
    await send(manager, SESSIONS, row("old"), row("older"))
    ids = {name: session["id"] for name, session in (await read_all(manager, SESSIONS)).items()}
    chain = [row(f"n{n}", parent=f"external:n{n + 1}") for n in range(200)] + [row("n200")]

    results = await send(
        manager,
        SESSIONS,
        row("a", parent="external:b"),
        row("b", parent="external:c", type="nonsense"),
        row("c", parent="external:a"),
        row("self", parent="external:self"),
        {"external_id": "old", "parent": ids["older"]},
        {"external_id": "older", "parent": ids["old"].upper()},
        row("child", parent="external:a"),
        *chain,
    )

    assert told(results)[:7] == [
        ("refused", ["/parent cyclic_parent"]),
        ("refused", ["/parent cyclic_parent"]),
        ("refused", ["/parent cyclic_parent"]),
        ("refused", ["/parent cyclic_parent"]),
        ("refused", ["/parent cyclic_parent"]),
        ("refused", ["/parent cyclic_parent"]),
        ("refused", ["/parent unknown_reference"]),
    ]
    assert told(results)[7:] == [("created", [])] * 201


async def test_confirmed_sessions_meet_the_rules_of_a_change_and_may_make_room_for_each_other(manager: Client) -> None:
    await send(manager, ROOMS, {"external_id": "hall", "name": "Hall"}, {"external_id": "annex", "name": "Annex"})
    hours = [f"2023-12-13T{hour:02}:00:00Z" for hour in range(8, 13)]
    rows = [row(str(n), room="external:hall", starts_at=hours[n], ends_at=hours[n + 1]) for n in range(3)]
    made = await send(manager, SESSIONS, *rows)
    for result in made["items"]:
        await manager.made(f"{SESSIONS}/{result['id']}/confirm", None)

    taken = await send(manager, SESSIONS, {"external_id": "0", "starts_at": hours[2], "ends_at": hours[3]})
    moved = await send(
        manager,
        SESSIONS,
        *({"external_id": str(n), "starts_at": hours[n + 1], "ends_at": hours[n + 2]} for n in range(3)),
    )

    assert told(taken) == [("refused", [" room_occupied"])]
    assert taken["items"][0]["id"] == made["items"][2]["id"]
    assert made["items"][2]["id"] in taken["items"][0]["errors"][0]["detail"]
    assert told(moved) == [("updated", [])] * 3
    assert [s["starts_at"] for s in (await read_all(manager, SESSIONS)).values()] == hours[1:4]


async def test_atomic_import_writes_all_or_nothing(manager: Client) -> None:
    body = {"rows": [row("a"), row("b", type="nonsense"), row("c", title={})]}

    answer = await manager.request("POST", f"{SESSIONS}:import", json=body, params={"atomic": "true"})

    assert pointers(answer) == {("/rows/1/type", "unknown_value"), ("/rows/2/title", "too_short")}
    assert await read_all(manager, SESSIONS) == {}


async def test_dry_run_tells_the_same_and_writes_nothing(manager: Client, conn: Connection) -> None:
    await send(manager, SESSIONS, row("a"), row("same"))
    rows = [row("a", title={"ar": "جلسة"}), row("b", parent="external:c"), row("c"), row("d", type="x"), row("same")]
    counted = (
        "SELECT (SELECT count(*) FROM sessions), (SELECT sum(version) FROM sessions), (SELECT count(*) FROM outbox)"
    )
    before = await conn.fetchrow(counted)

    rehearsed = await send(manager, SESSIONS, *rows, dry_run="true")
    left = await conn.fetchrow(counted)
    done = await send(manager, SESSIONS, *rows)

    assert told(rehearsed) == told(done)
    assert [status for status, _ in told(done)] == ["updated", "created", "created", "refused", "unchanged"]
    assert [r["id"] for r in rehearsed["items"]] == [done["items"][0]["id"], None, None, None, done["items"][4]["id"]]
    assert left == before


async def test_table_in_arabic_has_a_column_for_every_field(manager: Client) -> None:
    await send_table(manager, ROOMS, "external_id,name,capacity,hearing_loop\nقاعة-١,القاعة الكبرى,300,TRUE\n".encode())
    table = (
        "external_id,title_ar,title_en,abstract_ar,type,room,starts_at,languages_floor,languages_sign,online_capacity\r\n"
        'ج-١,الجلسة الافتتاحية,Opening,"سطر أول\nسطر ثان",plenary,external:قاعة-١,2023-12-13T08:00:00Z,ar | en,,\r\n'
        "ج-٢,جلسة,-,-,side_event,-,,-,,many\r\n"
        "ج-٣,جلسة,,,side_event,,,,,40\r\n"
    )

    answer = await send_table(manager, SESSIONS, b"\xef\xbb\xbf" + table.encode())

    assert told(answer.json()) == [("created", []), ("refused", ["/online_capacity wrong_type"]), ("created", [])]
    sessions, hall = await read_all(manager, SESSIONS), (await read_all(manager, ROOMS))["قاعة-١"]
    first = sessions["ج-١"]
    assert (hall["name"], hall["capacity"], hall["hearing_loop"]) == ("القاعة الكبرى", 300, True)
    assert first["title"] == {"ar": "الجلسة الافتتاحية", "en": "Opening"}
    assert (first["abstract"], first["room"]) == ({"ar": "سطر أول\nسطر ثان"}, hall["id"])
    assert first["languages"] == {"floor": ["ar", "en"], "interpretation": [], "sign": [], "captions": []}


async def test_empty_cell_keeps_and_a_dash_clears(manager: Client) -> None:
    await send(
        manager, SESSIONS, row("a", languages={"floor": ["en"]}, online_capacity=9, title={"en": "A", "fr": "B"})
    )
    before = (await read_all(manager, SESSIONS))["a"]
    table = b"external_id,title_en,title_fr,abstract_en,languages_floor,online_capacity,type\na,,-,-,-,-,\n"

    first, again = await send_table(manager, SESSIONS, table), await send_table(manager, SESSIONS, table)

    cleared = {"title": {"en": "A"}, "languages": before["languages"] | {"floor": []}, "online_capacity": None}
    assert (told(first.json()), told(again.json())) == ([("updated", [])], [("unchanged", [])])
    assert (await read_all(manager, SESSIONS))["a"] == before | cleared | {"version": 2}


@pytest.mark.parametrize(
    ("table", "status", "fault"),
    [
        ("external_id,name\nh,Säle".encode("latin-1"), 400, "UTF-8"),
        (b"", 400, "header"),
        (b"external_id;name\nh;Hall", 422, "wrong_separator"),
        (b"external_id,colour\nh,red", 422, "unknown_field"),
        (b"external_id,name_en\nh,Hall", 422, "unknown_field"),
        (b"external_id,name\nh", 422, "wrong_length"),
        (b"external_id,name\n" + b"h,Hall\n" * 1001, 422, "too_long"),
    ],
)
async def test_table_that_cannot_be_read_is_refused_whole(
    manager: Client, table: bytes, status: int, fault: str
) -> None:
    answer = await send_table(manager, ROOMS, table)

    assert (answer.status_code, fault in answer.text) == (status, True)
    assert await read_all(manager, ROOMS) == {}


async def test_header_names_the_languages_of_texts_only(manager: Client) -> None:
    answer = await send_table(manager, TRACKS, b"external_id,name_en,name_zh-Hans,name_xx-unknown,name\nt,a,b,c,d\n")

    assert pointers(answer) == {("/header/3", "unknown_field"), ("/header/4", "unknown_field")}


async def test_more_rows_than_a_thousand_and_none_are_refused(manager: Client) -> None:
    many = await manager.post(f"{SESSIONS}:import", {"rows": [row("a")] * 1001})
    none = await manager.post(f"{SESSIONS}:import", {"rows": []})

    assert (pointers(many), pointers(none)) == ({("/rows", "too_long")}, {("/rows", "too_short")})


async def test_only_who_writes_the_programme_imports(client: Client, manager: Client) -> None:
    other = await make_edition(client, slug="grf-other")
    edition = (await client.get(EDITION)).json()
    registrar = await client.as_role("registrar", edition["id"])
    stranger = await client.as_role("programme_manager", other["id"], "other@staff.example")

    answers = [
        (await caller.post(f"{collection}:import", {"rows": [{"external_id": "a"}]})).status_code
        for caller in (registrar, stranger)
        for collection in (ROOMS, TRACKS, SESSIONS)
    ]

    assert answers == [403] * 6


async def test_repeated_request_replays_its_answer_and_imports_once(manager: Client, conn: Connection) -> None:
    body, headers = {"rows": [row("a")]}, {"Idempotency-Key": "import-1"}

    first = await manager.post(f"{SESSIONS}:import", body, headers=headers)
    again = await manager.post(f"{SESSIONS}:import", body, headers=headers)
    rehearsed = await manager.post(f"{SESSIONS}:import", body, headers=headers, params={"dry_run": "true"})

    assert (told(first.json()), again.json()) == ([("created", [])], first.json())
    assert (again.headers["Idempotency-Replayed"], rehearsed.status_code) == ("true", 422)
    assert await conn.fetchval("SELECT count(*) FROM sessions") == 1


async def test_renamed_room_leaves_its_name_to_a_new_one(manager: Client) -> None:
    await send(manager, ROOMS, {"external_id": "a", "name": "Hall"})

    results = await send(manager, ROOMS, {"external_id": "b", "name": "Hall"}, {"external_id": "a", "name": "Annex"})

    assert told(results) == [("created", []), ("updated", [])]
    assert await make_session(manager, "draft", room=results["items"][0]["id"])


async def test_two_imports_at_once_of_the_same_rows_make_each_thing_once(manager: Client) -> None:
    rows = [row(f"n{n}") for n in range(60)]

    both = await asyncio.gather(send(manager, SESSIONS, *rows), send(manager, SESSIONS, *reversed(rows)))

    assert sorted(sorted({status for status, _ in told(results)}) for results in both) == [["created"], ["unchanged"]]
    assert set(await read_all(manager, SESSIONS)) == {f"n{n}" for n in range(60)}
