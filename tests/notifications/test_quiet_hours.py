"""What can wait does not wake anybody: quiet hours where the reader is."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from forum import outbox
from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_registration

ADDRESS = "amina@delegates.example"
QUIET_HOURS = "/v1/editions/grf-2023/quiet-hours"


@pytest.mark.parametrize(
    ("at", "zone", "begin", "end", "expected"),
    [
        ("2023-11-01T20:59", "UTC", 21, 7, "2023-11-01T20:59"),
        ("2023-11-01T21:00", "UTC", 21, 7, "2023-11-02T07:00"),
        ("2023-11-01T06:59", "UTC", 21, 7, "2023-11-01T07:00"),
        ("2023-11-01T07:00", "UTC", 21, 7, "2023-11-01T07:00"),
        ("2023-11-01T21:00", "Asia/Tokyo", 21, 7, "2023-11-01T22:00"),
        ("2023-11-01T12:00", "America/New_York", 21, 7, "2023-11-01T12:00"),
        ("2024-03-30T22:00", "Europe/Zurich", 21, 7, "2024-03-31T05:00"),  # the night has one hour less
        ("2024-10-26T22:00", "Europe/Zurich", 21, 7, "2024-10-27T06:00"),  # and one more
        ("2024-03-10T04:00", "America/New_York", 21, 7, "2024-03-10T11:00"),
        ("2023-11-01T13:00", "UTC", 12, 14, "2023-11-01T14:00"),
        ("2023-11-01T14:00", "UTC", 12, 14, "2023-11-01T14:00"),
        ("2023-11-01T03:00", "UTC", 5, 5, "2023-11-01T03:00"),
    ],
)
async def test_instant_within_quiet_hours_becomes_their_end(
    conn: Connection, at: str, zone: str, begin: int, end: int, expected: str
) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)

    found = await conn.fetchval(
        "SELECT after_quiet_hours($1::timestamptz, $2::text, $3::time, $4::time)", moment, zone, time(begin), time(end)
    )

    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


async def waits(conn: Connection) -> list[timedelta]:
    """How long each message waits before its first try, in whole minutes."""
    rows = await conn.fetch(
        "SELECT date_trunc('minute', next_try_at - now() + interval '30 s') FROM messages ORDER BY number"
    )
    return [row[0] for row in rows]


async def test_decision_waits_for_the_morning_of_its_reader_and_what_is_urgent_does_not(
    conn: Connection, client: Client, desk: Client, grf: dict[str, Any], clock: Timeline
) -> None:
    await make_registration(desk, ADDRESS, person={"timezone": "Pacific/Auckland"})
    await conn.execute("UPDATE persons SET timezone = 'Pacific/Auckland' WHERE email = $1", ADDRESS)
    clock.now = datetime(2023, 11, 1, 10, tzinfo=UTC)  # 23:00 in Auckland, 11:00 in Zurich
    edition = UUID(grf["id"])
    for kind, address in (
        ("proposal", ADDRESS.upper()), ("proposal", "unknown@x.example"), ("letter", ADDRESS), ("sign_in", ADDRESS),
    ):  # fmt: skip
        await outbox.queue_message(conn, kind, address, {}, clock(), edition)

    assert await waits(conn) == [timedelta(hours=8), timedelta(0), timedelta(0), timedelta(0)]

    await conn.execute("DELETE FROM messages")
    organizer = await client.as_role("organizer", grf["id"])
    assert (await desk.get(QUIET_HOURS)).json() == {"begins": "21:00", "ends": "07:00"}
    hours = {"begins": "08:00", "ends": "09:00"}
    assert (await desk.post(QUIET_HOURS, hours)).status_code == 403
    assert pointers(await organizer.post(QUIET_HOURS, hours | {"ends": "24:00"})) == {("/ends", "bad_format")}
    assert (await organizer.post(QUIET_HOURS, hours)).json() == (await desk.get(QUIET_HOURS)).json() == hours
    await outbox.queue_message(conn, "proposal", ADDRESS, {}, clock(), edition)
    assert await waits(conn) == [timedelta(0)]
