"""Imports of registrations: by the row, in order, again and again, and never half of a row."""

from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import REGISTRATIONS, make_edition, make_registration, registration_fields
from tests.registrations.test_lines import EDITION, counters, make_delegation, make_hall
from tests.registrations.test_places import fill, states

IMPORT = f"{REGISTRATIONS}:import"
NAMES = {"ar": "الأمل", "zh": "王小明", "ru": "Ёлкина-Щукина", "fr": "d’Œuvre", "es": "Ñandú", "en": "O'Brien  Jr."}


def row(name: str, **changes: Any) -> dict[str, Any]:
    """A row for somebody of that name."""
    return registration_fields(f"{name}@delegates.example", external_id=f"crm-{name}") | changes


def told(results: Any) -> list[tuple[str, list[str]]]:
    """Status and faults of each row."""
    return [(r["status"], [e.get("pointer", "") + " " + e["code"] for e in r["errors"]]) for r in results["items"]]


async def send(caller: Client, *rows: Any, **options: str) -> Any:
    """Import rows; the answer's body."""
    answer = await caller.request("POST", IMPORT, json={"rows": list(rows)}, params=options)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def send_table(caller: Client, table: bytes) -> Any:
    """Import a table; the answer."""
    return await caller.request("POST", IMPORT, content=table, headers={"Content-Type": "text/csv; charset=utf-8"})


async def test_rows_are_registered_in_order_and_the_limit_holds(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 2)

    results = await send(registrar, row("a"), row("b", mode="online"), row("c"), row("d"), row("e"))

    assert told(results) == [("created", [])] * 5
    assert await states(registrar) == {
        "a": ("approved", "in_person", None),
        "b": ("approved", "online", None),
        "c": ("approved", "in_person", None),
        "d": ("waitlisted", "in_person", 1),
        "e": ("waitlisted", "in_person", 2),
    }
    assert await counters(conn) == {"in_person": (2, 0), "online": (1, 0)}
    first = (await registrar.get(f"{REGISTRATIONS}/{results['items'][0]['id']}")).json()
    assert (first["external_id"], first["source"]) == ("crm-a", "import")


async def test_second_import_updates_what_differs_and_leaves_the_rest(client: Client) -> None:
    _, registrar = await make_hall(client, 5)
    made = await send(registrar, row("a", country="UY"), row("b"), row("c"))
    again = row("a")
    again["person"]["family_name"] = "Nueva"

    results = await send(registrar, again, row("b"), row("c", mode="online"), row("d"))

    assert [status for status, _ in told(results)] == ["updated", "unchanged", "updated", "created"]
    assert [r["id"] for r in results["items"][:3]] == [r["id"] for r in made["items"]]
    a = (await registrar.get(f"{REGISTRATIONS}/{made['items'][0]['id']}")).json()
    assert (a["person"]["family_name"], a["country"]) == ("Nueva", "UY")
    assert (await states(registrar))["c"] == ("approved", "online", None)


async def test_bad_row_is_refused_with_all_its_faults_and_keeps_no_other_out(client: Client) -> None:
    _, registrar = await make_hall(client, 5)
    await make_registration(registrar, "there@delegates.example")
    broken = row("x", country="Switzerland", category="nonsense") | {"colour": "red"}
    broken["person"] = {"email": "x", "family_name": "a\u0007b"}

    results = await send(
        registrar,
        row("a"),
        broken,
        row("b", category="nonsense"),
        "no row",
        row("there"),
        row("a", external_id="crm-other"),
        row("c") | {"external_id": "crm-a"},
        row("d"),
    )

    assert told(results) == [
        ("created", []),
        ("refused", told(results)[1][1]),
        ("refused", ["/category unknown_value"]),
        ("refused", [" wrong_type"]),
        ("refused", [" already_registered"]),
        ("refused", ["/person/email duplicate"]),
        ("refused", ["/external_id duplicate"]),
        ("created", []),
    ]
    assert {fault.partition(" ")[0] for fault in told(results)[1][1]} == {
        "/country", "/colour", "/person/email", "/person/family_name",
    }  # fmt: skip
    assert set(await states(registrar)) == {"there", "a", "d"}


async def test_atomic_import_writes_all_or_nothing(client: Client) -> None:
    _, registrar = await make_hall(client, 5)
    body = {"rows": [row("a"), row("b", category="nonsense"), row("c", country="XX1")]}

    answer = await registrar.request("POST", IMPORT, json=body, params={"atomic": "true"})

    assert pointers(answer) == {("/rows/1/category", "unknown_value"), ("/rows/2/country", "bad_format")}
    assert await states(registrar) == {}


async def test_dry_run_tells_the_same_and_writes_nothing(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 1)
    await send(registrar, row("a"))
    rows = [row("a", country="UY"), row("b"), row("c", category="nonsense")]
    before = await conn.fetchval("SELECT count(*) FROM outbox")

    rehearsed = await send(registrar, *rows, dry_run="true")
    left = (await states(registrar), await conn.fetchval("SELECT count(*) FROM outbox"), await counters(conn))
    done = await send(registrar, *rows)

    assert told(rehearsed) == told(done)
    assert [r["id"] for r in rehearsed["items"]] == [done["items"][0]["id"], None, None]
    assert left == ({"a": ("approved", "in_person", None)}, before, {"in_person": (1, 0), "online": (0, 0)})


async def test_names_in_six_scripts_are_kept_as_they_are(client: Client) -> None:
    _, registrar = await make_hall(client, 10)
    lines = [f'crm-{tag},{tag}@delegates.example,"{name}",{tag},ngo,in_person' for tag, name in NAMES.items()]
    table = "external_id,email,family_name,language,category,mode\r\n" + "\r\n".join(lines) + "\r\n"

    answer = await send_table(registrar, b"\xef\xbb\xbf" + table.encode())

    assert told(answer.json()) == [("created", [])] * 6
    page = (await registrar.get(REGISTRATIONS)).json()["items"]
    assert {r["person"]["language"]: r["person"]["family_name"] for r in page} == NAMES


async def test_table_has_the_cells_of_every_field(client: Client) -> None:
    _, registrar = await make_hall(client, 10)
    table = (
        "mode,category,external_id,email,family_name,given_name,counts_against_quota,online_while_waiting,consents,country\n"
        "in_person,ngo,crm-1,a@delegates.example,Probe,,FALSE,true,photography contact_after,UY\n"
        "\n"
        "in_person,ngo,crm-2,b@delegates.example,Probe,Bo,perhaps,,,\n"
    )

    answer = await send_table(registrar, table.encode())

    assert told(answer.json()) == [("created", []), ("refused", ["/counts_against_quota wrong_type"])]
    made = (await registrar.get(f"{REGISTRATIONS}/{answer.json()['items'][0]['id']}")).json()
    assert (made["counts_against_quota"], made["consents"]) == (False, ["photography", "contact_after"])
    assert (made["person"]["given_name"], made["country"]) == (None, "UY")


@pytest.mark.parametrize(
    ("table", "status", "fault"),
    [
        ("external_id,email\ncrm-1,ä@x.example".encode("latin-1"), 400, "UTF-8"),
        ("external_id,email\n".encode("utf-16"), 400, "UTF-8"),
        (b"", 400, "header"),
        (b'external_id,email\n"crm-1,a@x.example', 400, "quoted"),
        (b"external_id;email\ncrm-1;a@x.example", 422, "wrong_separator"),
        (b"external_id,colour\ncrm-1,red", 422, "unknown_field"),
        (b"external_id,external_id\ncrm-1,crm-1", 422, "duplicate"),
        (b"external_id,email\ncrm-1", 422, "wrong_length"),
        (b"external_id,email\n" + b"crm-1,a@x.example\n" * 1001, 422, "too_long"),
    ],
)
async def test_table_that_cannot_be_read_is_refused_whole(
    client: Client, table: bytes, status: int, fault: str
) -> None:
    _, registrar = await make_hall(client, 1)

    answer = await send_table(registrar, table)

    assert answer.status_code == status
    assert fault in answer.text
    assert await states(registrar) == {}


async def test_more_rows_than_a_thousand_and_none_are_refused(client: Client) -> None:
    _, registrar = await make_hall(client, 1)

    many = await registrar.post(IMPORT, {"rows": [row("a")] * 1001})
    none = await registrar.post(IMPORT, {"rows": []})

    assert (pointers(many), pointers(none)) == ({("/rows", "too_long")}, {("/rows", "too_short")})


async def test_table_is_taken_where_tables_are_and_nowhere_else(client: Client) -> None:
    _, registrar = await make_hall(client, 1)

    answer = await registrar.request("POST", REGISTRATIONS, content=b"a,b", headers={"Content-Type": "text/csv"})

    assert answer.status_code == 415


async def test_address_of_somebody_registered_cannot_be_changed_by_a_row(client: Client) -> None:
    _, registrar = await make_hall(client, 5)
    await send(registrar, row("a"))

    results = await send(registrar, row("b", external_id="crm-a"))

    assert told(results) == [("refused", [" address_differs"])]


async def test_frontend_imports_new_people_while_the_window_is_open_and_changes_nobody(client: Client) -> None:
    windows = {"in_person": {}, "online": {"closes_at": "2023-10-01T00:00:00Z"}}
    edition = await make_edition(client, registration=windows)
    registrar = await client.as_role("registrar", edition["id"])
    frontend = await client.as_client(edition["id"], "registrations:create")
    await send(registrar, row("there"))

    results = await send(frontend, row("a"), row("b", mode="online"), row("there", country="UY"))

    assert told(results) == [
        ("created", []), ("refused", [" registration_closed"]), ("refused", [" external_id_taken"]),
    ]  # fmt: skip


async def test_thousand_rows_take_few_statements(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 400)

    results = await send(registrar, *(row(f"p{n}") for n in range(1000)))

    assert told(results) == [("created", [])] * 1000
    assert await conn.fetchval("SELECT count(DISTINCT placed_at) FROM registrations") == 1
    assert (await counters(conn))["in_person"] == (400, 0)
    waiting = (await registrar.get(REGISTRATIONS, params={"status": "waitlisted", "count": "true"})).json()
    assert (waiting["total"], waiting["items"][0]["waitlist_position"]) == (600, 1)


async def test_import_that_meets_people_of_the_desk_gives_every_place_once(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 3)
    await fill(registrar, "first")

    results = await send(registrar, row("a"), row("b", online_while_waiting=True), row("c", online_while_waiting=True))

    assert told(results) == [("created", [])] * 3
    assert (await states(registrar))["c"] == ("approved", "online", 1)
    assert await counters(conn) == {"in_person": (3, 0), "online": (1, 0)}


async def test_focal_point_imports_into_own_delegation_and_changes_nobody_elses(client: Client) -> None:
    organizer, registrar = await make_hall(client, 9)
    own, other = await make_delegation(registrar, 2), await make_delegation(registrar, None, "State of Chad")
    focal_point = await client.as_focal_point(own, (await organizer.get(EDITION)).json()["id"])
    await send(registrar, row("theirs", delegation=other), row("mine", delegation=own))

    results = await send(
        focal_point,
        row("a", delegation=own),
        row("b", delegation=own),
        row("c", delegation=other),
        row("d"),
        row("theirs", delegation=other, accessibility_needs="a ramp"),
        row("mine", delegation=own, accessibility_needs="a ramp"),
    )

    assert told(results) == [
        ("created", []), ("created", []), ("refused", [" not_found"]), ("refused", [" forbidden"]),
        ("refused", [" external_id_taken"]), ("updated", []),
    ]  # fmt: skip
    assert {name: state[0] for name, state in (await states(registrar)).items()} == {
        "theirs": "approved", "mine": "approved", "a": "approved", "b": "waitlisted",
    }  # fmt: skip


async def test_nobody_imports_themselves(client: Client) -> None:
    await make_hall(client, 9)
    person = await client.as_person("a@delegates.example")

    assert told(await send(person, row("a"))) == [("refused", [" forbidden"])]
