import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from forum.attendance import service
from forum.db import Connection
from tests.attendance.conftest import OCCUPANCY, SCANS, facts, presences
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    badge_token,
    make_edition,
    make_registration,
    make_session,
    scan_fields,
)

SESSIONS = "/v1/editions/grf-2023/sessions"


@pytest.fixture
async def session(organizer: Client) -> dict[str, Any]:
    """A confirmed hybrid session."""
    return await make_session(organizer)


@pytest.fixture
async def delegate(client: Client, organizer: Client, clock: Timeline) -> Client:
    """Somebody who takes part online, at 08:00Z."""
    await make_registration(organizer, mode="online")
    clock.now = datetime(2023, 12, 13, 8, tzinfo=UTC)
    return await client.as_person("amina@delegates.example")


async def act(caller: Client, session: dict[str, Any], action: str) -> Any:
    """What a caller is answered who joins, is heard of, or leaves."""
    return await caller.post(f"{SESSIONS}/{session['id']}/presence", {"action": action})


async def test_delegate_joins_is_heard_of_and_leaves(
    delegate: Client, session: dict[str, Any], conn: Connection, clock: Timeline
) -> None:
    joined = (await act(delegate, session, "join")).json()
    clock.forward(minutes=1)
    again = (await act(delegate, session, "join")).json()
    clock.forward(minutes=2)
    heard = (await act(delegate, session, "heartbeat")).json()
    clock.forward(minutes=1)
    left = (await act(delegate, session, "leave")).json()
    twice = (await act(delegate, session, "leave")).json()

    assert joined == {
        "session": session["id"],
        "is_present": True,
        "started_at": "2023-12-13T08:00:00Z",
        "seen_at": "2023-12-13T08:00:00Z",
        "ended_at": None,
        "heard_within_seconds": 120,
    }
    assert again == joined | {"seen_at": "2023-12-13T08:01:00Z"}
    assert heard == joined | {"seen_at": "2023-12-13T08:03:00Z"}
    at_the_end = {"is_present": False, "seen_at": "2023-12-13T08:04:00Z", "ended_at": "2023-12-13T08:04:00Z"}
    assert left == joined | at_the_end
    assert twice == joined | {"is_present": False, "started_at": None, "seen_at": None}
    assert await presences(conn, session["id"]) == [("08:00", "08:04")]
    assert await facts(conn) == [
        ("online", None, "08:00"),
        ("online", "2023-12-13", "08:00"),
        ("online", session["id"], "08:00"),
    ]


async def test_silence_ends_a_presence_when_it_was_last_heard_of(
    delegate: Client, session: dict[str, Any], conn: Connection, clock: Timeline
) -> None:
    await act(delegate, session, "join")
    clock.forward(minutes=2, seconds=1)
    heartbeat = await act(delegate, session, "heartbeat")
    await act(delegate, session, "join")
    clock.forward(minutes=3)
    left = (await act(delegate, session, "leave")).json()

    assert (heartbeat.status_code, heartbeat.json()["code"], heartbeat.json()["allowed"]) == (
        409,
        "not_joined",
        ["join"],
    )
    assert left["ended_at"] == "2023-12-13T08:02:01Z"
    assert await presences(conn, session["id"]) == [("08:00", "08:00"), ("08:02", "08:02")]


async def test_sweep_ends_exactly_the_silent(
    client: Client, organizer: Client, delegate: Client, session: dict[str, Any], conn: Connection, clock: Timeline
) -> None:
    await make_registration(organizer, "late@delegates.example", mode="online")
    hall = await badge_token(organizer, await make_registration(organizer, "hall@delegates.example"))
    await organizer.post(SCANS, scan_fields(hall, "a", "07:00", gate=None, session=session["id"]))
    await act(delegate, session, "join")
    clock.forward(minutes=1)
    await act(await client.as_person("late@delegates.example"), session, "join")
    clock.forward(minutes=1)

    assert await service.end_stale_presences(conn, clock.now) == 0
    clock.forward(seconds=1)
    assert await service.end_stale_presences(conn, clock.now) == 1
    assert await service.end_stale_presences(conn, clock.now) == 0
    assert await presences(conn, session["id"]) == [("07:00", None), ("08:00", "08:00"), ("08:01", None)]


async def test_joining_fifty_times_at_once_is_one_presence(
    delegate: Client, session: dict[str, Any], conn: Connection
) -> None:
    answers = await asyncio.gather(*(act(delegate, session, "join") for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert await presences(conn, session["id"]) == [("08:00", None)]
    assert await conn.fetchval("SELECT count(*) FROM attendances") == 3


async def test_who_may_not_be_there_is_told_why(
    client: Client, organizer: Client, session: dict[str, Any], conn: Connection
) -> None:
    for name, mode in (("hall", "in_person"), ("gone", "online")):
        await make_registration(organizer, f"{name}@delegates.example", mode=mode)
    listed = (await organizer.get(REGISTRATIONS, params={"email": "gone@delegates.example"})).json()["items"]
    await organizer.post(f"{REGISTRATIONS}/{listed[0]['id']}/withdraw", {})
    device = await client.as_client((await client.get("/v1/editions/grf-2023")).json()["id"], "scans:record")

    async def refused(caller: Client) -> tuple[int, str]:
        answer = await act(caller, session, "join")
        return answer.status_code, answer.json()["code"]

    assert await refused(await client.as_person("hall@delegates.example")) == (409, "wrong_mode")
    assert await refused(await client.as_person("gone@delegates.example")) == (409, "registration_not_approved")
    assert await refused(await client.as_person("nobody@delegates.example")) == (403, "not_registered")
    assert await refused(device) == (403, "not_registered")
    assert await refused(client) == (401, "unauthenticated")
    assert await conn.fetchval("SELECT count(*) FROM presences") == 0


async def test_session_is_joined_while_it_is_confirmed_and_held_online(organizer: Client, delegate: Client) -> None:
    sessions = {
        "draft": await make_session(organizer, "draft"),
        "cancelled": await make_session(organizer, "cancelled"),
        "hall": await make_session(organizer, mode="in_person"),
        "online": await make_session(organizer, mode="online"),
        "unknown": {"id": str(uuid4())},
    }

    answers = {name: await act(delegate, session, "join") for name, session in sessions.items()}

    assert {name: (answer.status_code, answer.json().get("code")) for name, answer in answers.items()} == {
        "draft": (404, "not_found"),
        "cancelled": (409, "session_not_held"),
        "hall": (409, "session_not_online"),
        "online": (200, None),
        "unknown": (404, "not_found"),
    }
    assert pointers(await act(delegate, sessions["online"], "wave")) == {("/action", "unknown_value")}


async def test_who_switches_to_the_hall_can_leave_but_is_heard_of_no_more(
    organizer: Client, delegate: Client, session: dict[str, Any], conn: Connection
) -> None:
    await act(delegate, session, "join")
    registration = (await delegate.get("/v1/me/registrations")).json()["items"][0]
    await organizer.post(f"{REGISTRATIONS}/{registration['id']}/switch-mode", {"mode": "in_person"})
    badge = await badge_token(organizer, registration)
    await organizer.post(SCANS, scan_fields(badge, "a", "08:01", gate=None, session=session["id"]))

    heartbeat = await act(delegate, session, "heartbeat")
    left = await act(delegate, session, "leave")

    assert (heartbeat.status_code, heartbeat.json()["code"]) == (409, "wrong_mode")
    assert left.json()["is_present"] is False
    assert await presences(conn, session["id"]) == [("08:00", "08:00"), ("08:01", None)]


async def test_occupancy_counts_who_is_where_now(
    client: Client, organizer: Client, delegate: Client, session: dict[str, Any], clock: Timeline
) -> None:
    other = await make_session(organizer)
    people = [await make_registration(organizer, f"p{index}@delegates.example") for index in range(3)]
    badges = [await badge_token(organizer, person) for person in people]
    in_session = {"gate": None, "session": session["id"]}
    for scan_id, badge, place, direction in [
        ("a", badges[0], {}, "in"),
        ("b", badges[1], {}, "in"),
        ("c", badges[2], {}, "in"),
        ("d", badges[2], {}, "out"),
        ("e", badges[0], in_session, "in"),
        ("f", badges[1], {"gate": None, "session": other["id"]}, "in"),
        ("g", badges[1], {"gate": None, "session": other["id"]}, "out"),
    ]:
        at = f"07:0{'abcdefg'.index(scan_id)}"
        await organizer.post(SCANS, scan_fields(badge, scan_id, at, direction=direction, **place))
    await act(delegate, session, "join")

    now = (await organizer.get(OCCUPANCY)).json()
    clock.forward(minutes=3)
    silent = (await organizer.get(OCCUPANCY)).json()
    clock.forward(days=1)
    next_day = (await organizer.get(OCCUPANCY)).json()
    at = clock.now.isoformat().replace("+00:00", "Z")
    await organizer.post(SCANS, scan_fields(badges[0], "h", "07:00", occurred_at=at))
    without_having_left = (await organizer.get(OCCUPANCY)).json()

    here = {"session": session["id"], "in_person": 1, "online": 1}
    assert now == {"as_of": "2023-12-13T08:00:00Z", "on_site": 2, "sessions": [here]}
    assert silent == {"as_of": "2023-12-13T08:03:00Z", "on_site": 2, "sessions": [here | {"online": 0}]}
    assert (next_day["on_site"], next_day["sessions"]) == (0, [])
    assert without_having_left["on_site"] == 1


async def test_occupancy_is_for_who_scans_and_for_who_reads_statistics(
    client: Client, edition: dict[str, Any], organizer: Client
) -> None:
    allowed = [await client.as_role(role, edition["id"]) for role in ("checkin_staff", "analyst", "organizer")]
    device = await client.as_client(edition["id"], "scans:record", kind="device")
    refused = [await client.as_role("registrar", edition["id"]), await client.as_person("amina@delegates.example")]
    draft = await make_edition(client, "draft", slug="grf-2027")

    assert [(await one.get(OCCUPANCY)).status_code for one in (*allowed, device)] == [200] * 4
    assert [(await one.get(OCCUPANCY)).status_code for one in refused] == [403] * 2
    assert (await device.get(f"/v1/editions/{draft['slug']}/occupancy")).status_code == 404
    admin = await client.as_role("admin")
    assert (await admin.get(f"/v1/editions/{uuid4()}/occupancy")).status_code == 404
