import csv
import io
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from xml.etree import ElementTree

import pytest

from forum.db import Connection
from forum.statistics import service
from forum.statistics.chart import render_chart
from forum.statistics.types import Figure
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_session
from tests.statistics.conftest import EDITION, STATISTICS, Day

SVG = "{http://www.w3.org/2000/svg}"
REPORTS = f"{EDITION}/reports"


async def edition_id(conn: Connection) -> UUID:
    found: UUID = await conn.fetchval("SELECT id FROM editions WHERE slug = 'grf-2023'")
    return found


async def test_report_tells_the_day_in_words_a_page_and_a_table(conn: Connection, day: Day, clock: Timeline) -> None:
    mail = await service.report(conn, await edition_id(conn), date(2023, 12, 13), clock.now)

    assert mail.subject == "Global Refugee Forum 2023: attendance on Wednesday, December 13, 2023"
    assert mail.name == "attendance-grf-2023-2023-12-13.csv"
    assert mail.text.splitlines() == [
        mail.subject,
        "",
        "3 on site, 2 online, 4 people in all.",
        "",
        "Sessions of the day",
        "- Opening: 2 in the hall, 2 online",
        "- =1+1: 0 in the hall, 1 online",
        "",
        "Categories",
        "- Ngo: 2 in the hall, 1 online",
        "- Refugee led: 0 in the hall, 1 online",
        "- State: 1 in the hall, 0 online",
        "",
        "Countries",
        "- Switzerland: 2 in the hall, 1 online",
        "- Jordan: 1 in the hall, 0 online",
        "- not stated: 0 in the hall, 1 online",
        "",
        "As of 2023-12-14 12:00 UTC (2023-12-14 13:00 Europe/Zurich). Scans that arrive later are not in it.",
    ]
    header, *rows = csv.reader(io.StringIO(mail.csv.decode(), newline=""))
    assert header == ["as_of", "on", "by", "value", "label", "in_person", "online", "total"]
    assert {(row[0], row[1]) for row in rows} == {("2023-12-14T12:00:00Z", "2023-12-13")}
    assert [row[2:] for row in rows][:3] == [
        ["day", "2023-12-13", "", "3", "2", "4"],
        ["session", day.opening["id"], "Opening", "2", "2", "3"],
        ["session", day.side["id"], "'=1+1", "0", "1", "1"],
    ]
    assert len(rows) == 9


async def test_report_of_the_same_instant_is_the_same(conn: Connection, day: Day, clock: Timeline) -> None:
    edition, then = await edition_id(conn), clock.now
    before = await service.report(conn, edition, date(2023, 12, 13), then)
    clock.forward(hours=1)
    await day.scan("e", "10:00", day.opening)

    assert await service.report(conn, edition, date(2023, 12, 13), then) == before
    assert await service.report(conn, edition, date(2023, 12, 13), clock.now) != before


async def test_page_of_a_report_escapes_titles(conn: Connection, day: Day, clock: Timeline) -> None:
    title = {"en": '</td><script>alert("1")</script> & more'}
    await day.scan("a", "11:00", await make_session(day.organizer, title=title))

    mail = await service.report(conn, await edition_id(conn), date(2023, 12, 13), clock.now)

    assert "<script" not in mail.html
    assert "<bdi>&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; more</bdi>" in mail.html


async def test_report_of_a_day_without_anybody(conn: Connection, day: Day, clock: Timeline) -> None:
    mail = await service.report(conn, await edition_id(conn), date(2023, 12, 15), clock.now)

    assert "0 on site, 0 online, 0 people in all." in mail.text
    assert mail.text.count("- none") == 3


async def test_report_is_asked_for_by_organizers(
    client: Client, organizer: Client, analyst: Client, conn: Connection
) -> None:
    answer = await organizer.post(REPORTS, {"on": "2023-12-13"})

    assert (answer.status_code, answer.json()) == (202, {"on": "2023-12-13"})
    jobs = [row["payload"] for row in await conn.fetch("SELECT payload FROM outbox WHERE kind = 'report_attendance'")]
    job = {"kind": "report_attendance", "edition_id": str(await edition_id(conn)), "on": "2023-12-13"}
    assert jobs == [job | {"is_requested": True}]
    assert (await analyst.post(REPORTS, {"on": "2023-12-13"})).status_code == 403
    assert pointers(await organizer.post(REPORTS, {"on": "2023-12-14"})) == {("/on", "in_the_future")}
    assert pointers(await organizer.post(REPORTS, {"on": "yesterday", "to": "me"})) == {
        ("/on", "bad_format"),
        ("/to", "unknown_field"),
    }
    assert await conn.fetchval("SELECT count(*) FROM outbox WHERE kind = 'report_attendance'") == 1


async def test_day_begins_by_the_clocks_of_the_edition(client: Client, clock: Timeline) -> None:
    edition = await make_edition(client, "live", timezone="Asia/Tokyo")
    organizer = await client.as_role("organizer", edition["id"])
    clock.now = datetime(2023, 12, 13, 14, 59, tzinfo=UTC)

    assert pointers(await organizer.post(REPORTS, {"on": "2023-12-14"})) == {("/on", "in_the_future")}
    clock.forward(minutes=1)
    assert (await organizer.post(REPORTS, {"on": "2023-12-14"})).status_code == 202


def texts(svg: bytes) -> list[tuple[str | None, str | None, str | None]]:
    """Direction, anchor and words of each line of a picture."""
    root = ElementTree.fromstring(svg)
    return [(line.get("direction"), line.get("text-anchor"), line.text) for line in root.iter(f"{SVG}text")]


async def test_chart_shows_each_session_in_the_hall_and_online(analyst: Client, day: Day) -> None:
    answer = await analyst.get(f"{STATISTICS}/attendance.svg", params={"lang": "ar"})

    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert texts(answer.content) == [
        ("rtl", "end", "المنتدى العالمي للاجئين ٢٠٢٣"),
        ("ltr", "start", "in the hall"),
        ("ltr", "start", "online"),
        ("rtl", "end", "الافتتاح"),
        ("ltr", "start", "2 + 2"),
        ("ltr", "start", "=1+1"),
        ("ltr", "start", "0 + 1"),
        ("ltr", "start", "Later"),
        ("ltr", "start", "1 + 0"),
        ("ltr", "start", "As of 2023-12-14 12:00:00 UTC"),
    ]
    bars = [int(bar.get("width", "")) for bar in ElementTree.fromstring(answer.content).iter(f"{SVG}rect")][3:]
    assert bars == [320, 320, 0, 160, 160, 0]
    later = await analyst.get(f"{STATISTICS}/attendance.svg", params={"day": "2023-12-14"})
    assert ("ltr", "start", "Later") in texts(later.content)
    assert ("ltr", "start", "Opening") not in texts(later.content)


def chart(label: str) -> bytes:
    """A picture with one session of that title."""
    return render_chart("Forum", [Figure("x", label, 3, 4, 7)], datetime(2023, 12, 13, tzinfo=UTC))


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("Short", ["Short"]),
        ('<b> & "q" ]]>', ['<b> & "q" ]]>']),
        ("W" * 100, ["W" * 66, "W" * 34]),
        ("字" * 160, ["字" * 50, "字" * 50, "字" * 49 + "…"]),
        ("e\u0301" * 100, ["e\u0301" * 89, "e\u0301" * 11]),
    ],
)
def test_chart_breaks_what_does_not_fit(label: str, lines: list[str]) -> None:
    assert [words for _, _, words in texts(chart(label))][3:-2] == lines


@pytest.mark.parametrize(
    ("label", "direction"),
    [("GRF 2023: المنتدى", "ltr"), ("١٢ المنتدى GRF", "rtl"), ("(עברית) x", "rtl"), ("2023", "ltr"), ("Café", "ltr")],
)
def test_chart_gives_a_title_the_direction_of_its_first_letter(label: str, direction: str) -> None:
    assert texts(chart(label))[3][0] == direction


def test_chart_without_anybody_says_so() -> None:
    svg = render_chart("Forum", [], datetime(2023, 12, 13, tzinfo=UTC) + timedelta(seconds=1))

    assert ("ltr", "start", "Nobody was recorded in any session.") in texts(svg)
