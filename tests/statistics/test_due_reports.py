from datetime import UTC, date, datetime

from forum.db import Connection
from forum.notifications import service as notifications
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition

EVENING = datetime(2023, 12, 13, 18, 0, tzinfo=UTC)
"""19:00 in Geneva."""


async def due(conn: Connection, now: datetime) -> list[date]:
    """The days whose reports are asked for now."""
    return [report.on for report in await notifications.publish_due_reports(conn, now)]


async def test_report_is_due_once_in_the_evening_where_the_edition_is_held(client: Client, conn: Connection) -> None:
    await make_edition(client, "live")

    assert await due(conn, EVENING.replace(hour=17, minute=59)) == []
    assert await due(conn, EVENING) == [date(2023, 12, 13)]
    assert await due(conn, EVENING.replace(hour=20)) == []
    assert await due(conn, EVENING.replace(day=14)) == [date(2023, 12, 14)]


async def test_report_asked_for_at_noon_does_not_replace_that_of_the_evening(
    client: Client, conn: Connection, clock: Timeline
) -> None:
    clock.now = EVENING.replace(hour=11)
    edition = await make_edition(client, "live")
    organizer = await client.as_role("organizer", edition["id"])

    asked = await organizer.post("/v1/editions/grf-2023/reports", {"on": "2023-12-13"})

    assert asked.status_code == 202, asked.text
    assert await due(conn, EVENING) == [date(2023, 12, 13)]


async def test_edition_that_is_not_live_has_no_evening_report(client: Client, conn: Connection) -> None:
    await make_edition(client, "open")

    assert await due(conn, EVENING) == []
