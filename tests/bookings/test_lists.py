"""Who has booked what: lists and tables for registrars, and everybody's own."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest

from forum import exports
from forum.sheets import XLSX_TYPE
from tests.bookings.conftest import bookable, register
from tests.client import Client, pointers
from tests.factories import bookings_of, make_booking, make_delegation, make_edition, make_entity, make_session
from tests.kernel.test_sheets import read_workbook

BOOKINGS = "/v1/editions/grf-2023/bookings"
COLUMNS = [
    "id", "status", "mode", "waitlist_position", "registration", "given_name", "family_name", "email", "language",
    "country", "category", "represents", "created_at", "confirmed_at", "cancelled_at",
]  # fmt: skip


@pytest.fixture
async def session(organizer: Client) -> dict[str, Any]:
    """A session with two places in the hall and one online, wanted by four and one; the first has left again."""
    made = await bookable(organizer, 2, online_capacity=1)
    people = await register(organizer, "amina", "bei", "chidi", "dora")
    people += await register(organizer, "elif", mode="online")
    bookings = [await make_booking(organizer, made, one) for one in people]
    await organizer.made(f"{bookings_of(made)}/{bookings[0]['id']}/cancel", None)
    other = await bookable(organizer)
    await make_booking(organizer, other, people[0])
    return made | {"bookings": bookings, "people": people}


async def statuses(caller: Client, path: str, **parameters: Any) -> list[tuple[str, int | None]]:
    """Statuses and positions of a list."""
    answer = await caller.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return [(one["status"], one["waitlist_position"]) for one in answer.json()["items"]]


async def test_registrar_lists_a_session_by_status_and_mode(organizer: Client, session: dict[str, Any]) -> None:
    path = bookings_of(session)
    hall = [("cancelled", None), ("confirmed", None), ("confirmed", None), ("waitlisted", 1)]

    assert await statuses(organizer, path) == [*hall, ("confirmed", None)]
    assert await statuses(organizer, path, mode="in_person") == hall
    assert await statuses(organizer, path, status="confirmed", mode="online") == [("confirmed", None)]
    assert await statuses(organizer, path, status="offered") == []
    assert pointers(await organizer.get(path, params={"status": "lost"})) == {("status", "bad_parameter")}
    assert (await organizer.get(bookings_of({"id": str(uuid4())}))).status_code == 404
    assert (await organizer.get(bookings_of({"id": str(uuid4())}), params={"format": "csv"})).status_code == 404


async def test_pages_are_whole_and_counted(organizer: Client, session: dict[str, Any]) -> None:
    path, found, cursor = bookings_of(session), [], None
    for _ in range(3):
        parameters = {"limit": 2, "count": True} | ({"cursor": cursor} if cursor else {})
        page = (await organizer.get(path, params=parameters)).json()
        found += [one["id"] for one in page["items"]]
        assert page["total"] == 5
        cursor = page["next_cursor"]

    assert cursor is None
    assert found == [one["id"] for one in session["bookings"]]
    assert (await organizer.get(path, params={"status": "confirmed", "count": True})).json()["total"] == 3


async def test_person_lists_their_own_in_every_edition(client: Client, organizer: Client) -> None:
    here = await bookable(organizer)
    people = await register(organizer, "amina", "bei")
    first = await make_booking(organizer, here, people[0])
    await make_booking(organizer, here, people[1])
    there = await make_edition(client, slug="grf-2027")
    staff = await client.as_role("organizer", there["id"])
    session = await make_session(staff, edition="grf-2027", access="booking")
    amina = await client.as_person("amina@delegates.example")
    fields = {"person": {"family_name": "Probe", "email": "amina@delegates.example"}, "category": "ngo"}
    await amina.made("/v1/editions/grf-2027/registrations", fields | {"mode": "online"})
    second = await amina.made(bookings_of(session, "grf-2027"), {})

    answer = (await amina.get("/v1/me/bookings", params={"count": True})).json()

    assert [one["id"] for one in answer["items"]] == [first["id"], second["id"]]
    assert answer["total"] == 2
    assert await statuses(amina, "/v1/me/bookings", status="cancelled") == []
    frontend = await client.as_client(there["id"], "bookings:create")
    assert (await frontend.get("/v1/me/bookings", params={"count": True})).json()["total"] == 0


async def test_bookings_of_a_registration_are_for_its_owner_and_for_registrars(
    client: Client, organizer: Client, edition: dict[str, Any], session: dict[str, Any]
) -> None:
    amina, bei = session["people"][:2]
    own = {"registration": amina["id"], "count": True}
    owner = await client.as_person("amina@delegates.example")
    registrar = await client.as_role("registrar", edition["id"])

    for caller in (owner, registrar):
        assert await statuses(caller, BOOKINGS, **own) == [("cancelled", None), ("confirmed", None)]
        assert await statuses(caller, BOOKINGS, **own, status="cancelled") == [("cancelled", None)]
    for caller, registration in ((owner, bei), (await client.as_client(edition["id"], "bookings:create"), amina)):
        answer = await caller.get(BOOKINGS, params={"registration": registration["id"], "count": True})
        assert (answer.json()["items"], answer.json()["total"]) == ([], 0)
    assert pointers(await owner.get(BOOKINGS)) == {("registration", "missing")}


async def test_table_has_names_and_what_the_list_has(
    organizer: Client, session: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    state = await make_entity(organizer, "=Kingdom of Probe", category="state")
    delegation = await make_delegation(organizer, state)
    person = {"given_name": "أمينة", "family_name": "=1+1", "language": "ar"}
    [named] = await register(organizer, "fay", delegation=delegation["id"], country="CH", person=person)
    booking = await make_booking(organizer, session, named)

    answer = await organizer.get(bookings_of(session), params={"format": "csv", "limit": 1})

    assert answer.headers["Content-Type"] == "text/csv; header=present; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bookings.csv"'
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == COLUMNS
    listed = (await organizer.get(bookings_of(session))).json()["items"]
    assert [row[:5] for row in rows] == [
        [one["id"], one["status"], one["mode"], str(one["waitlist_position"] or ""), one["registration"]]
        for one in listed
    ]
    assert rows[-1] == [
        booking["id"], "waitlisted", "in_person", "2", named["id"], "أمينة", "'=1+1", "fay@delegates.example", "ar",
        "CH", "ngo", "'=Kingdom of Probe", "2023-11-01T09:00:00Z", "", "",
    ]  # fmt: skip
    assert rows[0][-2:] == ["2023-11-01T09:00:00Z"] * 2

    workbook = await organizer.get(bookings_of(session), params={"format": "xlsx", "status": "waitlisted"})
    assert workbook.headers["Content-Type"] == XLSX_TYPE
    assert [row[0] for row in read_workbook(workbook.content)] == ["id", session["bookings"][3]["id"], booking["id"]]


async def test_table_goes_on_from_a_cursor(organizer: Client, session: dict[str, Any]) -> None:
    cursor = (await organizer.get(bookings_of(session), params={"limit": 3})).json()["next_cursor"]

    answer = await organizer.get(bookings_of(session), params={"format": "csv", "cursor": cursor})

    ids = [row[0] for row in csv.reader(io.StringIO(answer.text, newline=""))]
    assert ids == ["id", *(one["id"] for one in session["bookings"][3:])]
