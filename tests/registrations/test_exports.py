"""Registrations as a table: what stands in it, who gets it, and that it is sent while it is read."""

import csv
import io
from typing import Any
from uuid import UUID

import pytest

from forum import exports
from forum.db import Connection, Pool
from forum.registrations import lists
from forum.registrations.list_types import Position, RegistrationFilter
from forum.sheets import XLSX_TYPE
from tests.client import Client, pointers
from tests.factories import REGISTRATIONS, make_delegation, make_entity, make_registration
from tests.kernel.test_sheets import read_workbook

COLUMNS = [
    "id", "status", "mode", "waitlist_position", "given_name", "family_name", "email", "language", "timezone",
    "country", "category", "entity", "entity_name", "delegation", "delegation_name", "consents", "source",
    "external_id", "created_at", "status_changed_at",
]  # fmt: skip


def read(text: str) -> list[dict[str, str]]:
    """The rows of a table."""
    assert text.endswith("\r\n")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == COLUMNS
    return [dict(zip(header, row, strict=True)) for row in rows]


async def export(registrar: Client, **parameters: Any) -> list[dict[str, str]]:
    """The rows that a registrar takes away."""
    answer = await registrar.get(REGISTRATIONS, params={"format": "csv"} | parameters)
    assert answer.status_code == 200, answer.text
    return read(answer.text)


async def test_table_has_every_registration_as_it_is(registrar: Client) -> None:
    entity = await make_entity(registrar, "=City of Probe")
    delegation = await make_delegation(registrar, entity)
    full = await make_registration(
        registrar, "a@delegates.example", entity=entity["id"], delegation=delegation["id"], external_id="x-1",
        consents=["photography", "publish_name"], accessibility_needs="A lift.",
        person={"given_name": "أمينة", "family_name": '=HYPERLINK("x"), "y"\u2026', "language": "ar"},
    )  # fmt: skip
    await make_registration(registrar, "b@delegates.example", person={"given_name": None})
    waiting = await make_registration(registrar, "c@delegates.example")

    answer = await registrar.get(REGISTRATIONS, params={"format": "csv", "limit": 1})

    assert answer.headers["Content-Type"] == "text/csv; header=present; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="registrations.csv"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    first, second, third = read(answer.text)
    assert first == {
        "id": full["id"], "status": "approved", "mode": "in_person", "waitlist_position": "", "given_name": "أمينة",
        "family_name": "'=HYPERLINK(\"x\"), \"y\"\u2026", "email": "a@delegates.example", "language": "ar",
        "timezone": "UTC", "country": "CH", "category": "ngo", "entity": entity["id"],
        "entity_name": "'=City of Probe", "delegation": delegation["id"], "delegation_name": "'=City of Probe",
        "consents": "photography publish_name", "source": "registrar", "external_id": "x-1",
        "created_at": "2023-11-01T09:00:00Z", "status_changed_at": "2023-11-01T09:00:00Z",
    }  # fmt: skip
    assert "A lift." not in answer.text
    assert (second["given_name"], second["entity_name"], second["consents"]) == ("", "", "")
    assert (third["id"], third["waitlist_position"]) == (waiting["id"], "1")


async def test_table_has_what_the_list_has(registrar: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    made = [await make_registration(registrar, f"p{n}@delegates.example") for n in range(7)]
    await registrar.made(f"{REGISTRATIONS}/{made[3]['id']}/withdraw", {})
    for wanted in ({}, {"status": "waitlisted"}, {"status": "approved"}, {"q": "p5@"}, {"mode": "online"}):
        listed = (await registrar.get(REGISTRATIONS, params=wanted)).json()["items"]

        rows = await export(registrar, **wanted)

        assert [(row["id"], row["status"], row["waitlist_position"]) for row in rows] == [
            (item["id"], item["status"], str(item["waitlist_position"] or "")) for item in listed
        ]


async def test_table_goes_on_from_a_cursor(registrar: Client) -> None:
    made = [await make_registration(registrar, f"p{n}@delegates.example") for n in range(3)]
    cursor = (await registrar.get(REGISTRATIONS, params={"limit": 1})).json()["next_cursor"]

    assert [row["id"] for row in await export(registrar, cursor=cursor)] == [one["id"] for one in made[1:]]
    assert pointers(await registrar.get(REGISTRATIONS, params={"format": "csv", "cursor": "!"})) == {
        ("cursor", "bad_cursor")
    }


async def test_table_is_read_page_by_page_and_holds_nothing_meanwhile(
    registrar: Client, edition: dict[str, Any], pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    made = [await make_registration(registrar, f"p{n}@delegates.example") for n in range(4)]
    edition_id, everybody = UUID(edition["id"]), RegistrationFilter()
    async with pool.acquire() as conn:
        rows = await lists.read_rows(conn, edition_id, everybody, None, Position())
    table = lists.encode_table(pool, edition_id, everybody, None, "created_at", rows, "csv", [])

    parts = [await anext(table), await anext(table)]
    assert pool.get_size() == pool.get_idle_size()
    later = await make_registration(registrar, "later@delegates.example")
    await registrar.made(f"{REGISTRATIONS}/{made[0]['id']}/withdraw", {})
    parts += [await anext(table)]
    assert pool.get_size() == pool.get_idle_size()
    parts += [part async for part in table]

    assert len(parts) == 4
    assert [(row["id"], row["status"]) for row in read(b"".join(parts).decode())] == [
        (made[0]["id"], "approved"),
        (made[1]["id"], "approved"),
        (made[2]["id"], "approved"),
        (made[3]["id"], "waitlisted"),
        (later["id"], "waitlisted"),
    ]


async def test_workbook_has_what_the_table_has(registrar: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    for n in range(5):
        await make_registration(registrar, f"p{n}@delegates.example", person={"family_name": "أمينة <&> =1+1"})

    answer = await registrar.get(REGISTRATIONS, params={"format": "xlsx"})

    assert answer.headers["Content-Type"] == XLSX_TYPE
    assert answer.headers["Content-Disposition"] == 'attachment; filename="registrations.xlsx"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    header, *rows = read_workbook(answer.content)
    assert header == COLUMNS
    expected = [[*row.values()] for row in await export(registrar)]
    assert [[str(cell or "") for cell in row] for row in rows] == expected
    assert [row[3] for row in rows] == [None, None, 1, 2, 3]


async def test_workbook_that_nobody_reads_on_is_ended(
    registrar: Client, edition: dict[str, Any], pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    for n in range(3):
        await make_registration(registrar, f"p{n}@delegates.example")
    edition_id, everybody = UUID(edition["id"]), RegistrationFilter()
    async with pool.acquire() as conn:
        rows = await lists.read_rows(conn, edition_id, everybody, None, Position())
    table = lists.encode_table(pool, edition_id, everybody, None, "created_at", rows, "xlsx", [])

    assert (await anext(table)).startswith(b"PK")
    await table.aclose()

    assert pool.get_size() == pool.get_idle_size()


async def test_table_of_nobody_is_a_header(registrar: Client) -> None:
    assert await export(registrar) == []


async def test_table_is_for_those_who_may_read_registrations(client: Client, edition: dict[str, Any]) -> None:
    refused = [
        await client.as_role("analyst", edition["id"]),
        await client.as_role("checkin_staff", edition["id"]),
        await client.as_role("programme_manager", edition["id"]),
        await client.as_person("amina@delegates.example"),
        await client.as_client(edition["id"], "registrations:create"),
    ]

    for path in (REGISTRATIONS, f"{REGISTRATIONS}/counts?by=status"):
        answers = [await caller.get(path, params={"format": "csv", "by": "status"}) for caller in refused]
        assert [answer.status_code for answer in answers] == [403] * 5


async def test_counts_by_each_field(registrar: Client, conn: Connection) -> None:
    entity = await make_entity(registrar)
    delegation = await make_delegation(registrar, entity)
    for n, fields in enumerate(
        [
            {"delegation": delegation["id"], "country": "CH"},
            {"delegation": delegation["id"], "country": "CH", "category": "refugee_led"},
            {"country": "UG"},
            {"mode": "online"},
        ]
    ):
        await make_registration(registrar, f"p{n}@delegates.example", **fields)

    async def counts(by: str, **wanted: str) -> tuple[list[tuple[str | None, str | None, int]], int]:
        answer = (await registrar.get(f"{REGISTRATIONS}/counts", params={"by": by} | wanted)).json()
        assert answer["by"] == by
        return [(item["value"], item["name"], item["count"]) for item in answer["items"]], answer["total"]

    assert await counts("status") == ([("approved", None, 3), ("waitlisted", None, 1)], 4)
    assert await counts("mode") == ([("in_person", None, 3), ("online", None, 1)], 4)
    assert await counts("category") == ([("ngo", None, 3), ("refugee_led", None, 1)], 4)
    assert await counts("country") == ([("CH", None, 2), ("UG", None, 1), (None, None, 1)], 4)
    assert await counts("delegation") == ([(delegation["id"], "City of Probe", 2), (None, None, 2)], 4)
    assert await counts("delegation", status="waitlisted", mode="in_person") == ([(None, None, 1)], 1)
    assert await counts("country", mode="online") == ([(None, None, 1)], 1)


async def test_counts_of_nothing_known_are_refused(registrar: Client) -> None:
    assert pointers(await registrar.get(f"{REGISTRATIONS}/counts")) == {("by", "missing")}
    assert pointers(await registrar.get(f"{REGISTRATIONS}/counts", params={"by": "email"})) == {("by", "bad_parameter")}
