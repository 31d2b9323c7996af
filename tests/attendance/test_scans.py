import asyncio
from typing import Any
from uuid import uuid4

from forum.db import Connection
from tests.attendance.conftest import SCANS, facts, presences
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    badge_token,
    make_delegation,
    make_edition,
    make_entity,
    make_registration,
    make_session,
    scan_fields,
)


async def test_scan_tells_the_steward_who_it_is(organizer: Client, device: Client) -> None:
    city = await make_entity(organizer, "City of Bristol")
    amina = await make_registration(
        organizer, entity=city["id"], person={"given_name": "أمينة", "family_name": "Probe"}
    )
    state = await make_entity(organizer, "Kingdom of Probe", category="state")
    delegation = await make_delegation(organizer, state)
    chen = await make_registration(
        organizer,
        "chen@delegates.example",
        category="state",
        delegation=delegation["id"],
        person={"given_name": None, "family_name": "陈"},
    )

    first = await device.post(SCANS, scan_fields(await badge_token(organizer, amina), "a", "07:00"))
    second = await device.post(SCANS, scan_fields(await badge_token(organizer, chen), "b", "07:01"))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == {
        "result": "accepted",
        "reason": None,
        "first_result": None,
        "holder": {
            "registration": amina["id"],
            "display_name": "أمينة Probe",
            "category": "ngo",
            "represents": "City of Bristol",
        },
    }
    assert second.json()["holder"] == {
        "registration": chen["id"],
        "display_name": "陈",
        "category": "state",
        "represents": "Kingdom of Probe",
    }


async def test_scan_sent_again_changes_nothing(
    organizer: Client, device: Client, conn: Connection, clock: Timeline
) -> None:
    amina = await make_registration(organizer)
    badge = await badge_token(organizer, amina)
    await device.post(SCANS, scan_fields(badge, "a", "07:00"))
    await device.post(SCANS, scan_fields(badge, "b", "09:00", direction="out"))
    clock.forward(hours=1)

    again = await device.post(SCANS, scan_fields(badge, "a", "10:00"))

    assert again.json() == {
        "result": "repeated",
        "reason": None,
        "first_result": "accepted",
        "holder": {"registration": amina["id"], "display_name": "Amina Probe", "category": "ngo", "represents": None},
    }
    assert await presences(conn) == [("07:00", "09:00")]
    assert await conn.fetchval("SELECT count(*) FROM scans") == 2


async def test_scan_id_belongs_to_its_device(
    client: Client, edition: dict[str, Any], organizer: Client, device: Client
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    other = await client.as_client(edition["id"], "scans:record", kind="device")

    results = [(await one.post(SCANS, scan_fields(badge, "a", "07:00"))).json()["result"] for one in (device, other)]

    assert results == ["accepted", "accepted"]


async def test_denied_scan_sent_again_tells_the_first_reason(organizer: Client, device: Client) -> None:
    amina = await make_registration(organizer)
    badge = await badge_token(organizer, amina)
    await device.post(SCANS, scan_fields("nonsense", "a", "07:00"))

    again = (await device.post(SCANS, scan_fields(badge, "a", "07:00"))).json()

    assert again == {"result": "repeated", "reason": "unknown_badge", "first_result": "denied", "holder": None}


async def test_presence_opens_and_closes_at_the_gate_and_at_each_session(
    organizer: Client, device: Client, conn: Connection
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    first = (await make_session(organizer))["id"]
    second = (await make_session(organizer))["id"]
    steps = [
        ("08:00", None, "in"),
        ("08:10", first, "in"),
        ("09:00", first, "out"),
        ("09:05", second, "in"),
        ("09:30", first, "in"),
        ("12:00", None, "out"),
    ]
    for index, (at, session, direction) in enumerate(steps):
        place = {"gate": None, "session": session} if session else {}
        await device.post(SCANS, scan_fields(badge, str(index), at, direction=direction, **place))

    assert await presences(conn) == [("08:00", "12:00")]
    assert await presences(conn, first) == [("08:10", "09:00"), ("09:30", None)]
    assert await presences(conn, second) == [("09:05", None)]


async def test_repeated_in_and_lonely_out_change_nothing(organizer: Client, device: Client, conn: Connection) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    steps = [("07:00", "out"), ("08:00", "in"), ("08:01", "in"), ("09:00", "out"), ("09:01", "out")]

    results = [
        (await device.post(SCANS, scan_fields(badge, at, at, direction=direction))).json()["result"]
        for at, direction in steps
    ]

    assert results == ["accepted"] * 5
    assert await presences(conn) == [("08:00", "09:00")]
    assert await conn.fetchval("SELECT count(*) FROM scans") == 5


async def test_attendance_is_kept_once_for_session_day_and_edition(
    organizer: Client, device: Client, conn: Connection, clock: Timeline
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    session = (await make_session(organizer))["id"]
    at_session = {"gate": None, "session": session}
    clock.forward(days=1)
    for scan_id, at, place in [
        ("a", "2023-12-13T22:59:00Z", at_session),
        ("b", "2023-12-13T23:00:00Z", at_session),  # midnight in Geneva
        ("c", "2023-12-13T23:01:00Z", {}),
        ("d", "2023-12-13T23:02:00Z", at_session),
    ]:
        await device.post(SCANS, scan_fields(badge, scan_id, "07:00", occurred_at=at, **place))

    assert await facts(conn) == [
        ("in_person", None, "22:59"),
        ("in_person", "2023-12-13", "22:59"),
        ("in_person", "2023-12-14", "23:00"),
        ("in_person", session, "22:59"),
    ]


async def test_late_scan_tells_the_day_anew(organizer: Client, device: Client, conn: Connection) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))

    async def scan(at: str, direction: str) -> list[tuple[str, str | None]]:
        await device.post(SCANS, scan_fields(badge, at + direction, at, direction=direction))
        return await presences(conn)

    assert await scan("10:00", "out") == []
    assert await scan("09:00", "in") == [("09:00", "10:00")]
    assert await scan("11:00", "in") == [("09:00", "10:00"), ("11:00", None)]
    assert await scan("09:30", "out") == [("09:00", "09:30"), ("11:00", None)]
    assert await scan("08:00", "in") == [("08:00", "09:30"), ("11:00", None)]
    assert await scan("08:00", "out") == [("08:00", "08:00"), ("09:00", "09:30"), ("11:00", None)]
    assert await facts(conn) == [("in_person", None, "08:00"), ("in_person", "2023-12-13", "08:00")]


async def reason(device: Client, badge: str, scan_id: str, **fields: Any) -> str | None:
    """Why a badge is not let in, or None."""
    answer = await device.post(SCANS, scan_fields(badge, scan_id, "17:59", **fields))
    assert answer.status_code == 200, answer.text
    outcome = answer.json()
    assert outcome["result"] == ("denied" if outcome["reason"] else "accepted")
    return str(outcome["reason"]) if outcome["reason"] else None


async def test_reasons_to_deny(client: Client, organizer: Client, device: Client, conn: Connection) -> None:
    other = await make_edition(client, slug="grf-other")
    elsewhere = await client.as_role("organizer", other["id"], email="other@staff.example")
    stranger = await make_registration(elsewhere, "s@delegates.example", edition="grf-other")
    people = {
        name: await make_registration(organizer, f"{name}@delegates.example")
        for name in ("revoked", "withdrawn", "switched", "renewed", "good")
    }
    badges = {name: await badge_token(organizer, person) for name, person in people.items()}
    await organizer.post(f"{REGISTRATIONS}/{people['revoked']['id']}/revoke", {})
    await organizer.post(f"{REGISTRATIONS}/{people['withdrawn']['id']}/withdraw", {})
    for name, mode in (("switched", "online"), ("renewed", "online"), ("renewed", "in_person")):
        await organizer.post(f"{REGISTRATIONS}/{people[name]['id']}/switch-mode", {"mode": mode})
    of_stranger = await badge_token(elsewhere, stranger, "grf-other")

    told = {name: await reason(device, badge, name) for name, badge in badges.items()}

    assert told == {
        "revoked": "revoked",
        "withdrawn": "not_approved",
        "switched": "wrong_mode",
        "renewed": "revoked",
        "good": None,
    }
    assert await reason(device, await badge_token(organizer, people["renewed"]), "new") is None
    assert await reason(device, of_stranger, "stranger") == "wrong_edition"
    forged = badges["good"][:-4] + "AAAA"
    for index, token in enumerate((forged, "x", "é", "A" * 110, badges["good"][:40])):
        assert await reason(device, token, f"forged {index}") == "unknown_badge"
    assert await conn.fetchval("SELECT count(*) FROM presences") == 2
    assert await conn.fetchval("SELECT count(*) FROM scans WHERE result = 'denied' AND registration_id IS NULL") == 6


async def test_denied_scan_of_another_edition_shows_nobody(client: Client, device: Client) -> None:
    other = await make_edition(client, slug="grf-other")
    elsewhere = await client.as_role("organizer", other["id"], email="other@staff.example")
    stranger = await make_registration(elsewhere, "s@delegates.example", edition="grf-other")

    answer = await device.post(SCANS, scan_fields(await badge_token(elsewhere, stranger, "grf-other"), "a", "07:00"))

    assert answer.json() == {"result": "denied", "reason": "wrong_edition", "first_result": None, "holder": None}


async def test_session_admits_in_the_hall_while_it_is_confirmed(organizer: Client, device: Client) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    sessions = {
        "draft": await make_session(organizer, "draft"),
        "cancelled": await make_session(organizer, "cancelled"),
        "online": await make_session(organizer, mode="online"),
        "hybrid": await make_session(organizer),
    }

    told = {
        name: await reason(device, badge, name, gate=None, session=session["id"]) for name, session in sessions.items()
    }

    assert told == {"draft": "not_admitted", "cancelled": "not_admitted", "online": "wrong_mode", "hybrid": None}


async def test_leaving_is_believed_of_a_badge_that_was_revoked(
    organizer: Client, device: Client, conn: Connection
) -> None:
    amina = await make_registration(organizer)
    badge = await badge_token(organizer, amina)
    await device.post(SCANS, scan_fields(badge, "a", "07:00"))
    await organizer.post(f"{REGISTRATIONS}/{amina['id']}/revoke", {})

    denied = [await reason(device, badge, direction, direction=direction) for direction in ("in", "out")]

    assert denied == ["revoked", "revoked"]
    assert await presences(conn) == [("07:00", "17:59")]


async def test_bad_scans_name_every_fault_and_write_nothing(
    organizer: Client, device: Client, conn: Connection
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    good = scan_fields(badge, "a", "07:00")
    nowhere = {"gate": None, "session": str(uuid4())}

    assert pointers(await device.post(SCANS, {"gate": "", "direction": "up", "scan_id": 7, "when": 1})) == {
        ("/badge", "missing"),
        ("/gate", "too_short"),
        ("/direction", "unknown_value"),
        ("/scan_id", "wrong_type"),
        ("/occurred_at", "missing"),
        ("/when", "unknown_field"),
    }
    assert pointers(await device.post(SCANS, scan_fields(badge, "a", "07:00", gate=None))) == {("/gate", "missing")}
    assert pointers(await device.post(SCANS, good | {"session": str(uuid4())})) == {("/session", "rule_broken")}
    assert pointers(await device.post(SCANS, scan_fields(badge, "a", "07:00", **nowhere))) == {
        ("/session", "unknown_reference")
    }
    assert pointers(await device.post(SCANS, scan_fields(badge, "a", "18:06", **nowhere))) == {
        ("/session", "unknown_reference"),
        ("/occurred_at", "in_the_future"),
    }
    assert pointers(await device.post(SCANS, good | {"occurred_at": "2023-12-13T07:00:00"})) == {
        ("/occurred_at", "timezone_missing")
    }
    assert await conn.fetchval("SELECT count(*) FROM scans") == 0
    assert (await device.post(SCANS, scan_fields(badge, "a", "18:05"))).json()["result"] == "accepted"


async def test_session_of_another_edition_is_unknown(client: Client, organizer: Client, device: Client) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    other = await make_edition(client, slug="grf-other")
    elsewhere = await client.as_role("organizer", other["id"], email="other@staff.example")
    session = await make_session(elsewhere, edition="grf-other")

    answer = await device.post(SCANS, scan_fields(badge, "a", "07:00", gate=None, session=session["id"]))

    assert pointers(answer) == {("/session", "unknown_reference")}


async def test_scan_with_an_idempotency_key_is_answered_from_memory(
    organizer: Client, device: Client, conn: Connection
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    body, key = scan_fields(badge, "a", "07:00"), {"Idempotency-Key": "k"}

    first = await device.post(SCANS, body, headers=key)
    again = await device.post(SCANS, body, headers=key)
    other = await device.post(SCANS, body | {"scan_id": "b"}, headers=key)

    assert first.json()["result"] == again.json()["result"] == "accepted"
    assert again.headers["Idempotency-Replayed"] == "true"
    assert pointers(other) == {("Idempotency-Key", "key_reused")}
    assert await conn.fetchval("SELECT count(*) FROM scans") == 1


async def test_same_scan_sent_fifty_times_at_once_is_one(organizer: Client, device: Client, conn: Connection) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    body = scan_fields(badge, "a", "07:00")

    answers = await asyncio.gather(*(device.post(SCANS, body) for _ in range(50)))

    assert sorted(answer.json()["result"] for answer in answers) == ["accepted"] + ["repeated"] * 49
    assert await conn.fetchval("SELECT count(*) FROM scans") == 1
    assert await presences(conn) == [("07:00", None)]
    assert await facts(conn) == [("in_person", None, "07:00"), ("in_person", "2023-12-13", "07:00")]


async def test_scans_are_for_those_who_may_and_there_is_no_list_of_them(
    client: Client, edition: dict[str, Any], organizer: Client
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    staff = await client.as_role("checkin_staff", edition["id"])
    analyst = await client.as_role("analyst", edition["id"])
    amina = await client.as_person("amina@delegates.example")

    assert (await staff.post(SCANS, scan_fields(badge, "a", "07:00"))).json()["result"] == "accepted"
    for caller in (analyst, amina):
        assert (await caller.post(SCANS, scan_fields(badge, "b", "07:00"))).status_code == 403
    assert (await staff.get(SCANS)).status_code == 405
    assert (await staff.get(REGISTRATIONS)).status_code == 403
    other = await make_edition(client, slug="grf-other")
    path = f"/v1/editions/{other['slug']}/scans"
    assert (await staff.post(path, scan_fields(badge, "c", "07:00"))).status_code == 403
