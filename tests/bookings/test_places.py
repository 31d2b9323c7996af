"""Places of sessions: who gets one, who waits, and what promotes whom in the same transaction."""

from typing import Any

from forum.db import Connection
from tests.bookings.conftest import SESSIONS, bookable, counters, register, standing
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, bookings_of, make_booking, make_room

NAMES = ("amina", "bei", "chidi", "dora")


async def book_all(
    organizer: Client, session: dict[str, Any], *names: str, **fields: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """People register and book in this order: registrations and bookings."""
    people = await register(organizer, *names, **fields)
    return people, [await make_booking(organizer, session, one) for one in people]


async def change(organizer: Client, session: dict[str, Any], **fields: Any) -> None:
    """Patch a session."""
    answer = await organizer.patch(f"{SESSIONS}/{session['id']}", fields)
    assert answer.status_code == 200, answer.text


async def confirmed(conn: Connection, session: dict[str, Any]) -> list[str]:
    """Who has a place."""
    return [name for name, status in await standing(conn, session) if status == "confirmed"]


async def test_who_comes_after_the_last_place_waits_in_order(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 2)

    _, bookings = await book_all(organizer, session, *NAMES)

    assert [(one["status"], one["waitlist_position"]) for one in bookings] == [
        ("confirmed", None),
        ("confirmed", None),
        ("waitlisted", 1),
        ("waitlisted", 2),
    ]
    assert bookings[2]["confirmed_at"] is None
    assert await counters(conn, session) == (2, 2, 0, 2)
    read = await organizer.get(f"{bookings_of(session)}/{bookings[3]['id']}")
    assert read.json()["waitlist_position"] == 2


async def test_modes_have_places_of_their_own(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 1, online_capacity=1)
    await book_all(organizer, session, "amina", "bei")
    _, online = await book_all(organizer, session, "chidi", "dora", mode="online")

    assert [(one["status"], one["waitlist_position"]) for one in online] == [("confirmed", None), ("waitlisted", 1)]
    assert await counters(conn, session, "online") == (1, 1, 0, 1)
    assert await counters(conn, session) == (1, 1, 0, 1)


async def test_cancelling_promotes_exactly_the_first_in_line(
    organizer: Client, conn: Connection, clock: Timeline
) -> None:
    session = await bookable(organizer, 1)
    _, bookings = await book_all(organizer, session, *NAMES)
    clock.forward(minutes=5)

    await organizer.made(f"{bookings_of(session)}/{bookings[0]['id']}/cancel", None)

    assert [status for _, status in await standing(conn, session)] == [
        "cancelled", "confirmed", "waitlisted", "waitlisted",
    ]  # fmt: skip
    assert await counters(conn, session) == (1, 1, 0, 1)
    second = (await organizer.get(f"{bookings_of(session)}/{bookings[1]['id']}")).json()
    assert (second["confirmed_at"], second["version"]) == ("2023-11-01T09:05:00Z", 2)


async def test_leaving_the_line_frees_no_place(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 1)
    _, bookings = await book_all(organizer, session, *NAMES[:3])

    await organizer.made(f"{bookings_of(session)}/{bookings[1]['id']}/cancel", None)

    assert [status for _, status in await standing(conn, session)] == ["confirmed", "cancelled", "waitlisted"]
    assert await counters(conn, session) == (1, 1, 0, 1)


async def test_raised_capacity_promotes_as_many(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 0)
    await book_all(organizer, session, *NAMES)

    await change(organizer, session, in_person_capacity=3)
    assert await confirmed(conn, session) == [*NAMES[:3]]
    assert await counters(conn, session) == (3, 3, 0, 3)

    await change(organizer, session, in_person_capacity=None)
    assert await counters(conn, session) == (None, 4, 0, 4)


async def test_lowered_capacity_keeps_people_and_lets_nobody_in(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 3)
    _, bookings = await book_all(organizer, session, *NAMES[:3])

    await change(organizer, session, in_person_capacity=1)
    await book_all(organizer, session, "dora")
    await organizer.made(f"{bookings_of(session)}/{bookings[0]['id']}/cancel", None)

    assert [status for _, status in await standing(conn, session)] == [
        "cancelled", "confirmed", "confirmed", "waitlisted",
    ]  # fmt: skip
    assert await counters(conn, session) == (1, 2, 1, 2)
    places = (await organizer.get(f"{SESSIONS}/{session['id']}/places")).json()["items"]
    assert places[0] == {"mode": "in_person", "capacity": 1, "taken": 2, "kept_over_capacity": 1, "waiting": 1}

    for booking in bookings[1:]:
        await organizer.made(f"{bookings_of(session)}/{booking['id']}/cancel", None)
    assert await confirmed(conn, session) == ["dora"]
    assert await counters(conn, session) == (1, 1, 0, 1)


async def test_room_bounds_what_the_session_allows(organizer: Client, conn: Connection) -> None:
    small, large = await make_room(organizer, capacity=1), await make_room(organizer, name="Room X", capacity=3)
    session = await bookable(organizer, 2, room=small["id"])
    await book_all(organizer, session, *NAMES)
    assert await counters(conn, session) == (1, 1, 0, 1)

    await change(organizer, session, room=large["id"])
    assert await counters(conn, session) == (2, 2, 0, 2)

    await change(organizer, session, in_person_capacity=None)
    assert await counters(conn, session) == (3, 3, 0, 3)

    await change(organizer, session, room=small["id"])
    assert await counters(conn, session) == (1, 3, 2, 3)


async def test_capacity_of_the_room_counts_at_once(organizer: Client, conn: Connection, clock: Timeline) -> None:
    room = await make_room(organizer, capacity=1)
    session = await bookable(organizer, 3, room=room["id"])
    later = await bookable(
        organizer, None, room=room["id"], starts_at="2023-12-14T08:00:00Z", ends_at="2023-12-14T09:00:00Z"
    )
    people, _ = await book_all(organizer, session, *NAMES)
    for one in people:
        await make_booking(organizer, later, one)
    clock.forward(hours=1)

    await organizer.patch(f"/v1/editions/grf-2023/rooms/{room['id']}", {"capacity": 4})

    assert await counters(conn, session) == (3, 3, 0, 3)
    assert await counters(conn, later) == (4, 4, 0, 4)
    promoted = await conn.fetchval("SELECT count(*) FROM bookings WHERE confirmed_at = $1", clock.now)
    assert promoted == 5
    await organizer.patch(f"/v1/editions/grf-2023/rooms/{room['id']}", {"capacity": 2})
    assert await counters(conn, later) == (2, 4, 2, 4)


async def test_registration_that_ends_gives_up_all_its_places(organizer: Client, conn: Connection) -> None:
    sessions = [await bookable(organizer, 1) for _ in range(3)]
    amina, bei, chidi = await register(organizer, *NAMES[:3])
    for session in sessions:
        for one in (amina, bei, chidi):
            await make_booking(organizer, session, one)

    await organizer.made(f"{REGISTRATIONS}/{amina['id']}/withdraw", {})
    for session in sessions:
        assert await standing(conn, session) == [
            ("amina", "cancelled"), ("bei", "confirmed"), ("chidi", "waitlisted"),
        ]  # fmt: skip

    await organizer.made(f"{REGISTRATIONS}/{bei['id']}/revoke", {})
    for session in sessions:
        assert [status for _, status in await standing(conn, session)] == ["cancelled", "cancelled", "confirmed"]
        assert await counters(conn, session) == (1, 1, 0, 1)


async def test_switching_the_mode_gives_up_places_of_the_other(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 1, online_capacity=1)
    people, _ = await book_all(organizer, session, "amina", "bei")
    [online], _ = await book_all(organizer, session, "chidi", mode="online")
    [waiting], _ = await book_all(organizer, session, "dora", mode="online")

    await organizer.made(f"{REGISTRATIONS}/{people[0]['id']}/switch-mode", {"mode": "online"})
    await organizer.made(f"{REGISTRATIONS}/{online['id']}/switch-mode", {"mode": "in_person"})

    assert await standing(conn, session) == [
        ("amina", "cancelled"), ("bei", "confirmed"), ("chidi", "cancelled"), ("dora", "confirmed"),
    ]  # fmt: skip
    assert (await make_booking(organizer, session, people[0]))["waitlist_position"] == 1
    assert (await organizer.get(f"{REGISTRATIONS}/{waiting['id']}")).json()["status"] == "approved"


async def test_cancelled_session_cancels_every_booking_and_promotes_nobody(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 1, online_capacity=1)
    people, _ = await book_all(organizer, session, "amina", "bei")
    await book_all(organizer, session, "chidi", mode="online")

    await organizer.made(f"{SESSIONS}/{session['id']}/cancel", None)

    assert {status for _, status in await standing(conn, session)} == {"cancelled"}
    assert [await counters(conn, session, mode) for mode in ("in_person", "online")] == [(1, 0, 0, 0)] * 2
    await organizer.made(f"{SESSIONS}/{session['id']}/confirm", None)
    assert (await make_booking(organizer, session, people[1]))["status"] == "confirmed"


async def test_nobody_is_promoted_once_the_session_has_begun_unless_it_moves(
    organizer: Client, conn: Connection, clock: Timeline
) -> None:
    session = await bookable(organizer, 1)
    _, bookings = await book_all(organizer, session, "amina", "bei")
    clock.forward(days=42, hours=-1)  # 2023-12-13T08:00:00Z

    await organizer.made(f"{bookings_of(session)}/{bookings[0]['id']}/cancel", None)
    assert await standing(conn, session) == [("amina", "cancelled"), ("bei", "waitlisted")]
    assert await counters(conn, session) == (1, 0, 0, 0)

    await change(organizer, session, starts_at="2023-12-13T09:00:00Z")
    assert await standing(conn, session) == [("amina", "cancelled"), ("bei", "confirmed")]


async def test_session_that_need_not_be_booked_any_more_keeps_its_bookings(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 1)
    _, bookings = await book_all(organizer, session, "amina", "bei")

    await change(organizer, session, access="registered")
    await organizer.made(f"{bookings_of(session)}/{bookings[0]['id']}/cancel", None)
    assert await standing(conn, session) == [("amina", "cancelled"), ("bei", "waitlisted")]

    await change(organizer, session, access="booking")
    assert await standing(conn, session) == [("amina", "cancelled"), ("bei", "confirmed")]


async def test_session_that_leaves_the_hall_keeps_people_and_takes_nobody(organizer: Client, conn: Connection) -> None:
    session = await bookable(organizer, 2)
    await book_all(organizer, session, "amina")

    await change(organizer, session, mode="online")

    assert await counters(conn, session) == (0, 1, 1, 1)
    places = (await organizer.get(f"{SESSIONS}/{session['id']}/places")).json()["items"]
    assert [(one["mode"], one["capacity"]) for one in places] == [("in_person", 0), ("online", None)]


async def test_places_are_told_to_everybody_who_is_signed_in(client: Client, organizer: Client) -> None:
    session = await bookable(organizer, 1, mode="in_person")
    await book_all(organizer, session, "amina", "bei")
    reader = await client.as_person("zoe@delegates.example")

    answer = await reader.get(f"{SESSIONS}/{session['id']}/places")

    assert answer.json() == {
        "items": [{"mode": "in_person", "capacity": 1, "taken": 1, "kept_over_capacity": 0, "waiting": 1}]
    }
