"""Who may book what, in which mode, and what is said to those who may not."""

from typing import Any
from uuid import uuid4

import pytest

from tests.bookings.conftest import SESSIONS, bookable, register
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import bookings_of, make_booking, make_edition, make_registration, make_session


def problem(answer: Any) -> tuple[int, str, str | None]:
    """Status, code and the thing that stands in the way."""
    return answer.status_code, answer.json()["code"], answer.json().get("id")


async def test_person_books_a_place_of_their_own(client: Client, organizer: Client, edition: dict[str, Any]) -> None:
    session = await bookable(organizer)
    [registration] = await register(organizer, "amina")
    amina = await client.as_person("amina@delegates.example")

    answer = await amina.post(bookings_of(session))

    assert answer.status_code == 201, answer.text
    booking = answer.json()
    made = {
        "id": booking["id"],
        "edition_id": edition["id"],
        "session": session["id"],
        "registration": registration["id"],
        "mode": "in_person",
        "status": "confirmed",
        "waitlist_position": None,
        "offer_expires_at": None,
        "created_at": "2023-11-01T09:00:00Z",
        "confirmed_at": "2023-11-01T09:00:00Z",
        "cancelled_at": None,
        "version": 1,
    }
    assert booking == made | {"warnings": []}
    assert answer.headers["Location"] == f"{bookings_of(session)}/{booking['id']}"
    assert (await amina.get(answer.headers["Location"])).json() == made


async def test_registrars_and_trusted_frontends_book_for_anybody(
    client: Client, organizer: Client, edition: dict[str, Any]
) -> None:
    session = await bookable(organizer, None)
    amina, bei = await register(organizer, "amina", "bei")
    registrar = await client.as_role("registrar", edition["id"])
    frontend = await client.as_client(edition["id"], "bookings:create")

    for caller, registration in ((registrar, amina), (frontend, bei)):
        booking = await make_booking(caller, session, registration)
        assert (booking["registration"], booking["status"]) == (registration["id"], "confirmed")
    assert pointers(await frontend.post(bookings_of(session), {})) == {("/registration", "missing")}
    other = await client.as_client(edition["id"], "registrations:create")
    assert problem(await other.post(bookings_of(session), {"registration": bei["id"]})) == (403, "forbidden", None)


async def test_nobody_books_for_a_stranger_or_learns_of_one(client: Client, organizer: Client) -> None:
    session = await bookable(organizer)
    [bei] = await register(organizer, "bei")
    await register(organizer, "amina")
    amina = await client.as_person("amina@delegates.example")
    unknown = {("/registration", "unknown_reference")}

    stranger = await amina.post(bookings_of(session), {"registration": bei["id"]})
    nobody = await amina.post(bookings_of(session), {"registration": str(uuid4())})

    assert pointers(stranger) == pointers(nobody) == unknown
    assert stranger.json()["errors"] == nobody.json()["errors"]


async def test_registration_of_another_edition_books_nothing_here(client: Client, organizer: Client) -> None:
    session = await bookable(organizer)
    other = await make_edition(client, slug="grf-2027")
    there = await make_registration(await client.as_role("registrar", other["id"]), edition="grf-2027")
    amina = await client.as_person("amina@delegates.example")

    assert pointers(await organizer.post(bookings_of(session), {"registration": there["id"]})) == {
        ("/registration", "unknown_reference")
    }
    assert problem(await amina.post(bookings_of(session))) == (409, "not_registered", None)


async def test_booking_twice_names_the_first_until_it_is_cancelled(organizer: Client) -> None:
    session = await bookable(organizer)
    [amina] = await register(organizer, "amina")
    first = await make_booking(organizer, session, amina)

    again = await organizer.post(bookings_of(session), {"registration": amina["id"]})

    assert problem(again) == (409, "already_booked", first["id"])
    cancelled = await organizer.made(f"{bookings_of(session)}/{first['id']}/cancel", None)
    assert (cancelled["status"], cancelled["version"]) == ("cancelled", 2)
    assert cancelled["cancelled_at"] == "2023-11-01T09:00:00Z"
    assert (await make_booking(organizer, session, amina))["status"] == "confirmed"
    twice = await organizer.post(f"{bookings_of(session)}/{first['id']}/cancel")
    assert problem(twice) == (409, "wrong_status", None)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"access": "registered"}, "confirmed", "session_not_bookable"),
        ({"access": "open"}, "confirmed", "session_not_bookable"),
        ({}, "draft", "session_not_confirmed"),
        ({}, "cancelled", "session_cancelled"),
        ({"starts_at": "2023-12-13T07:00:00Z"}, "confirmed", "session_begun"),
        ({"starts_at": None, "ends_at": None, "held_on": "2023-12-13"}, "confirmed", "session_begun"),
    ],
)
async def test_session_that_cannot_be_booked_says_why(
    organizer: Client, clock: Timeline, fields: dict[str, Any], status: str, code: str
) -> None:
    [amina] = await register(organizer, "amina")
    session = await make_session(organizer, status, **{"access": "booking"} | fields)
    clock.forward(days=42, hours=-2)  # 2023-12-13T07:00:00Z

    answer = await organizer.post(bookings_of(session), {"registration": amina["id"]})

    assert problem(answer) == (409, code, session["id"])


async def test_last_moment_before_a_session_begins_is_in_time(organizer: Client, clock: Timeline) -> None:
    [amina] = await register(organizer, "amina")
    session = await bookable(organizer)
    clock.forward(days=42, hours=-1, seconds=-1)

    assert (await make_booking(organizer, session, amina))["status"] == "confirmed"


async def test_edition_that_is_over_books_nothing(client: Client, organizer: Client) -> None:
    [amina] = await register(organizer, "amina")
    session = await bookable(organizer)
    for move in ("start", "end"):
        await organizer.made(f"/v1/editions/grf-2023/{move}", None)

    answer = await organizer.post(bookings_of(session), {"registration": amina["id"]})

    assert problem(answer) == (409, "edition_over", None)


async def test_draft_is_there_for_the_staff_only(client: Client, organizer: Client, edition: dict[str, Any]) -> None:
    session = await make_session(organizer, "draft", access="booking")
    [registration] = await register(organizer, "amina")
    amina = await client.as_person("amina@delegates.example")
    frontend = await client.as_client(edition["id"], "bookings:create")

    assert (await amina.post(bookings_of(session))).status_code == 404
    assert (await amina.get(f"{SESSIONS}/{session['id']}/places")).status_code == 404
    assert (await frontend.post(bookings_of(session), {"registration": registration["id"]})).status_code == 404
    assert (await amina.post(bookings_of({"id": str(uuid4())}))).status_code == 404


async def test_registration_must_have_a_place_of_its_own(client: Client, organizer: Client) -> None:
    session = await bookable(organizer)
    await organizer.patch("/v1/editions/grf-2023", {"in_person_capacity": 0})
    [waiting] = await register(organizer, "amina")
    [left] = await register(organizer, "bei", mode="online")
    await organizer.made(f"/v1/editions/grf-2023/registrations/{left['id']}/withdraw", {})

    for name, registration in (("amina", waiting), ("bei", left)):
        person = await client.as_person(f"{name}@delegates.example")
        answer = await person.post(bookings_of(session))
        assert problem(answer) == (409, "registration_not_approved", registration["id"])


async def test_place_is_booked_in_the_mode_of_the_registration(organizer: Client) -> None:
    hybrid = await bookable(organizer, 0, online_capacity=1)
    hall = await bookable(organizer, mode="in_person")
    [amina] = await register(organizer, "amina")
    [bei] = await register(organizer, "bei", mode="online")
    fitting = {"registration": bei["id"], "mode": "online"}

    assert (await organizer.made(bookings_of(hybrid), fitting))["status"] == "confirmed"
    for session, registration, mode in ((hybrid, bei, "in_person"), (hybrid, amina, "online"), (hall, bei, "online")):
        answer = await organizer.post(bookings_of(session), {"registration": registration["id"], "mode": mode})
        assert problem(answer) == (409, "mode_does_not_fit", registration["id"])


async def test_what_else_is_booked_at_that_time_is_a_warning(organizer: Client) -> None:
    [amina] = await register(organizer, "amina")
    day = await bookable(organizer, starts_at="2023-12-13T07:00:00Z", ends_at="2023-12-13T18:00:00Z")
    first = await bookable(organizer, 0, starts_at="2023-12-13T08:00:00Z", ends_at="2023-12-13T09:00:00Z")
    after = await bookable(organizer, starts_at="2023-12-13T09:00:00Z", ends_at="2023-12-13T10:00:00Z")
    undated = await bookable(organizer, starts_at=None, ends_at=None)
    inside = await bookable(
        organizer, parent=day["id"], starts_at="2023-12-13T08:30:00Z", ends_at="2023-12-13T09:30:00Z"
    )
    given_up = await bookable(organizer, starts_at="2023-12-13T08:00:00Z", ends_at="2023-12-13T12:00:00Z")
    booking = await make_booking(organizer, given_up, amina)
    await organizer.made(f"{bookings_of(given_up)}/{booking['id']}/cancel", None)
    waiting, back_to_back = [await make_booking(organizer, one, amina) for one in (first, after)]
    assert (waiting["status"], waiting["warnings"], back_to_back["warnings"]) == ("waitlisted", [], [])
    for one in (undated, day):
        await make_booking(organizer, one, amina)

    made = await make_booking(organizer, inside, amina)

    detail = "It takes place at the same time, and is booked too."
    assert made["status"] == "confirmed"
    assert made["warnings"] == [
        {"code": "overlaps", "detail": detail, "session": session["id"], "booking": other["id"]}
        for session, other in ((first, waiting), (after, back_to_back))
    ]


async def test_booking_is_there_for_its_owner_and_for_registrars(
    client: Client, organizer: Client, edition: dict[str, Any]
) -> None:
    session, other = await bookable(organizer), await bookable(organizer)
    [amina] = await register(organizer, "amina")
    booking = await make_booking(organizer, session, amina)
    path = f"{bookings_of(session)}/{booking['id']}"
    owner = await client.as_person("amina@delegates.example")
    stranger = await client.as_person("bei@delegates.example")
    frontend = await client.as_client(edition["id"], "bookings:create")
    manager = await client.as_role("programme_manager", edition["id"])

    for caller in (stranger, frontend, manager):
        assert (await caller.get(path)).status_code == 404
        assert (await caller.post(f"{path}/cancel")).status_code == 404
        assert (await caller.get(bookings_of(session))).status_code == 403
    assert (await owner.get(bookings_of(session))).status_code == 403
    assert (await owner.get(f"{bookings_of(other)}/{booking['id']}")).status_code == 404
    assert (await owner.get(path)).json()["status"] == "confirmed"
    assert (await owner.post(f"{path}/cancel")).json()["status"] == "cancelled"


async def test_request_sent_again_with_its_key_books_once(organizer: Client) -> None:
    session = await bookable(organizer)
    [amina] = await register(organizer, "amina")
    body, headers = {"registration": amina["id"]}, {"Idempotency-Key": "one"}

    first, second = [await organizer.post(bookings_of(session), body, headers=headers) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
