import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest

from forum.db import Connection
from tests.attendance.conftest import BATCH, SCANS, facts, presences
from tests.client import Client, pointers
from tests.factories import REGISTRATIONS, badge_token, make_registration, make_session, scan_fields


def outcomes(answer: Any) -> list[tuple[str | None, str | None, str | None]]:
    """Result, reason and first result of each row."""
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["index"] for item in items] == list(range(len(items)))
    return [(item["result"], item["reason"], item["first_result"]) for item in items]


async def test_batch_answers_each_row_in_the_order_of_the_rows(
    organizer: Client, device: Client, conn: Connection
) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))
    rows: list[Any] = [
        scan_fields(badge, "late", "09:00", direction="out"),
        scan_fields("forged", "bad", "07:00"),
        {"badge": badge, "gate": "main", "direction": "up"},
        scan_fields(badge, "nowhere", "07:00", gate=None, session=str(uuid4())),
        scan_fields(badge, "early", "07:00"),
        scan_fields(badge, "early", "07:30"),
        scan_fields(badge, "tomorrow", "18:06"),
        "scan",
        None,
    ]

    answer = await device.post(BATCH, {"scans": rows})

    faulty = (None, None, None)
    assert outcomes(answer) == [
        ("accepted", None, None),
        ("denied", "unknown_badge", None),
        faulty,
        faulty,
        ("accepted", None, None),
        ("repeated", None, "accepted"),
        faulty,
        faulty,
        faulty,
    ]
    errors = [{(fault["pointer"], fault["code"]) for fault in item["errors"]} for item in answer.json()["items"]]
    assert errors == [
        set(),
        set(),
        {("/scans/2/direction", "unknown_value"), ("/scans/2/scan_id", "missing"), ("/scans/2/occurred_at", "missing")},
        {("/scans/3/session", "unknown_reference")},
        set(),
        set(),
        {("/scans/6/occurred_at", "in_the_future")},
        {("/scans/7", "wrong_type")},
        {("/scans/8", "wrong_type")},
    ]
    assert await presences(conn) == [("07:00", "09:00")]
    assert await conn.fetchval("SELECT count(*) FROM scans") == 3
    assert outcomes(await device.post(BATCH, {"scans": rows[:2]})) == [
        ("repeated", None, "accepted"),
        ("repeated", "unknown_badge", "denied"),
    ]


async def test_batch_shows_no_names(organizer: Client, device: Client) -> None:
    badge = await badge_token(organizer, await make_registration(organizer))

    answer = await device.post(BATCH, {"scans": [scan_fields(badge, "a", "07:00")]})

    assert set(answer.json()["items"][0]) == {"index", "result", "reason", "first_result", "errors"}


async def test_batch_has_at_least_one_row_and_at_most_500(device: Client) -> None:
    assert pointers(await device.post(BATCH, {"scans": []})) == {("/scans", "too_short")}
    assert pointers(await device.post(BATCH, {"scans": [{}] * 501})) == {("/scans", "too_long")}
    assert len((await device.post(BATCH, {"scans": [{}] * 500})).json()["items"]) == 500


async def test_badge_counts_as_it_was_when_it_was_shown(organizer: Client, device: Client, conn: Connection) -> None:
    amina = await make_registration(organizer)
    badge = await badge_token(organizer, amina)
    await organizer.post(f"{REGISTRATIONS}/{amina['id']}/revoke", {})  # at 18:00
    rows = [scan_fields(badge, "before", "17:00"), scan_fields(badge, "after", "18:01")]

    assert outcomes(await device.post(BATCH, {"scans": rows})) == [
        ("accepted", None, None),
        ("denied", "revoked", None),
    ]
    at_once = await device.post(SCANS, scan_fields(badge, "at once", "17:00"))
    assert at_once.json()["reason"] == "revoked"
    assert await presences(conn) == [("17:00", None)]


async def everything(conn: Connection) -> list[Any]:
    """Every presence and attendance, without what differs between two tellings of the same scans."""
    told = await conn.fetch(
        "SELECT r.family_name, p.session_id, p.started_at, p.seen_at, p.ended_at FROM presences p "
        "JOIN registrations r ON r.id = p.registration_id ORDER BY 1, 2 NULLS FIRST, 3"
    )
    return [tuple(row) for row in told] + await facts(conn)


@pytest.mark.parametrize("seed", range(3))
async def test_scans_in_any_order_and_in_any_portions_tell_the_same(
    client: Client, edition: dict[str, Any], organizer: Client, conn: Connection, seed: int
) -> None:
    people = [
        await make_registration(organizer, f"p{index}@delegates.example", person={"family_name": f"P{index}"})
        for index in range(4)
    ]
    badges = [await badge_token(organizer, person) for person in people]
    places: list[dict[str, Any]] = [{}] + [
        {"gate": None, "session": (await make_session(organizer))["id"]} for _ in range(2)
    ]
    shuffled = random.Random(seed)
    minutes = sorted(shuffled.choices(range(6 * 60, 17 * 60, 5), k=120))
    rows = [
        scan_fields(
            shuffled.choice(badges),
            f"{index}",
            f"{minute // 60:02}:{minute % 60:02}",
            direction=shuffled.choice(["in", "out"]),
            **shuffled.choice(places),
        )
        for index, minute in enumerate(minutes)
    ]
    one = await client.as_client(edition["id"], "scans:record", kind="device")
    for row in rows:
        await one.post(SCANS, row)
    in_order = await everything(conn)
    await conn.execute("TRUNCATE scans, trails, presences, attendances")

    shuffled.shuffle(rows)
    portions = [rows[:40], rows[40:41], rows[41:90], rows[90:]]
    devices = [await client.as_client(edition["id"], "scans:record", kind="device") for _ in portions]
    await asyncio.gather(
        *(device.post(BATCH, {"scans": portion}) for device, portion in zip(devices, portions, strict=True))
    )

    assert len(in_order) > 20
    assert await everything(conn) == in_order


async def test_same_batch_sent_many_times_at_once_is_recorded_once(
    organizer: Client, device: Client, conn: Connection
) -> None:
    people = [await make_registration(organizer, f"p{index}@delegates.example") for index in range(10)]
    badges = [await badge_token(organizer, person) for person in people]
    rows = [scan_fields(badge, f"{index}", "07:00") for index, badge in enumerate(badges)]

    answers = await asyncio.gather(
        *(device.post(BATCH, {"scans": rows[::turn]}) for turn in (1, -1) for _ in range(8)),
        *(device.post(SCANS, row) for row in rows),
    )

    assert {answer.status_code for answer in answers} == {200}
    assert await presences(conn) == [("07:00", None)] * 10
    assert await conn.fetchval("SELECT count(*) FROM scans") == 10
    assert await conn.fetchval("SELECT count(*) FROM attendances") == 20
