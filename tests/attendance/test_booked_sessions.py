"""At the door of a session that is to be booked: who has a place is let in, and nobody else."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.attendance.conftest import BATCH, SCANS
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import badge_token, bookings_of, make_booking, make_registration, make_session, scan_fields

Result = tuple[str, str | None]


@pytest.fixture
async def session(organizer: Client, clock: Timeline) -> dict[str, Any]:
    """A session with one place in the hall, at 20:00Z; it is noon."""
    clock.now = datetime(2023, 12, 13, 12, tzinfo=UTC)
    fields = {"starts_at": "2023-12-13T20:00:00Z", "ends_at": "2023-12-13T21:00:00Z"}
    return await make_session(organizer, access="booking", in_person_capacity=1, **fields)


async def scan(device: Client, badge: str, at: str, **place: Any) -> Result:
    """What the steward is told."""
    answer = await device.post(SCANS, scan_fields(badge, at, at, **place))
    assert answer.status_code == 200, answer.text
    return answer.json()["result"], answer.json()["reason"]


async def test_only_who_has_a_place_is_let_in(
    organizer: Client, device: Client, session: dict[str, Any], clock: Timeline
) -> None:
    holder, waiting, without = [
        await make_registration(organizer, f"{name}@delegates.example") for name in ("amina", "bei", "chidi")
    ]
    booking = await make_booking(organizer, session, holder)
    await make_booking(organizer, session, waiting)
    badges = [await badge_token(organizer, one) for one in (holder, waiting, without)]
    at_door = {"gate": None, "session": session["id"]}

    told = [await scan(device, badge, f"10:0{n}", **at_door) for n, badge in enumerate(badges)]
    assert told == [("accepted", None), ("denied", "not_admitted"), ("denied", "not_admitted")]
    assert await scan(device, badges[2], "10:10") == ("accepted", None)  # at the gate no booking is asked for
    assert await scan(device, badges[2], "10:11", **at_door, direction="out") == ("accepted", None)

    clock.forward(hours=1)
    await organizer.made(f"{bookings_of(session)}/{booking['id']}/cancel", None)
    told = [await scan(device, badge, f"11:0{n}", **at_door) for n, badge in enumerate(badges[:2])]
    assert told == [("denied", "not_admitted"), ("accepted", None)]


async def test_session_that_need_not_be_booked_lets_everybody_in(
    organizer: Client, device: Client, session: dict[str, Any]
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    await organizer.patch(f"/v1/editions/grf-2023/sessions/{session['id']}", {"access": "registered"})

    assert await scan(device, badge, "10:00", gate=None, session=session["id"]) == ("accepted", None)


async def test_scan_made_offline_counts_by_the_booking_of_its_moment(
    organizer: Client, device: Client, session: dict[str, Any], clock: Timeline
) -> None:
    amina, bei = [await make_registration(organizer, f"{name}@delegates.example") for name in ("amina", "bei")]
    booking = await make_booking(organizer, session, amina)
    clock.forward(hours=2)  # 14:00Z
    await organizer.made(f"{bookings_of(session)}/{booking['id']}/cancel", None)
    clock.forward(hours=1)
    badge, stranger = await badge_token(organizer, amina), await badge_token(organizer, bei)
    at_door = {"gate": None, "session": session["id"]}
    scans = [
        scan_fields(badge, "a", "13:59", **at_door),
        scan_fields(badge, "b", "14:01", **at_door),
        scan_fields(stranger, "c", "13:59", **at_door),
    ]

    items = (await device.post(BATCH, {"scans": scans})).json()["items"]

    assert [(one["result"], one["reason"]) for one in items] == [
        ("accepted", None),
        ("denied", "not_admitted"),
        ("denied", "not_admitted"),
    ]
