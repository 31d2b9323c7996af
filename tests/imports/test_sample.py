"""The sample programme: real rows with all their oddities become exactly this."""

from typing import Any

import msgspec
from rich.console import Console

from forum.db import Connection
from forum.imports.console import ProgressBars, print_report, run_import
from forum.imports.types import Tally
from forum.samples import read_sample
from tests.client import Client
from tests.conftest import Timeline
from tests.imports.conftest import Load, remarks, sample

OF_EDITIONS = """
SELECT e.slug, e.status, e.mode, e.venue, count(s.id),
       count(s.id) FILTER (WHERE s.status = 'confirmed'), (SELECT count(*) FROM rooms r WHERE r.edition_id = e.id)
FROM editions e LEFT JOIN sessions s ON s.edition_id = e.id GROUP BY e.id ORDER BY e.slug
"""
OF_SESSION = """
SELECT s.external_id, s.title ->> 'en' AS title, s.abstract ->> 'en' AS abstract, s.type, s.status, s.starts_at,
       s.ends_at, s.held_on, s.mode, s.access, s.languages -> 'floor' AS floor, r.name AS room,
       r.venue, p.external_id AS parent
FROM sessions s LEFT JOIN rooms r ON r.edition_id = s.edition_id AND r.id = s.room_id
LEFT JOIN sessions p ON p.edition_id = s.edition_id AND p.id = s.parent_id
WHERE s.external_id = $1
"""


async def found(conn: Connection, row: str, *fields: str) -> tuple[Any, ...]:
    """Fields of an imported session; times as text."""
    record = await conn.fetchrow(OF_SESSION, row)
    assert record is not None
    values = msgspec.to_builtins({field: record[field] for field in fields})
    return tuple(values[field] for field in fields)


async def test_sample_imports_without_a_refusal(load: Load, conn: Connection) -> None:
    report = await load(read_sample("programme"))

    assert report.refusals == []
    assert report.tallies == {
        "series": Tally(created=2),
        "edition": Tally(created=6),
        "entity": Tally(created=19),
        "room": Tally(created=13),
        "session": Tally(created=79),
    }
    assert [tuple(row) for row in await conn.fetch(OF_EDITIONS)] == [
        ("grf-2019", "ended", "in_person", "Palais des Nations", 10, 10, 0),
        ("grf-2023", "announced", "hybrid", "Palexpo", 45, 37, 10),
        ("grf-2027", "draft", "hybrid", None, 2, 2, 1),
        ("grf-pr-2025", "announced", "hybrid", "CICG", 5, 4, 10),
        ("hlom-2021", "ended", "online", None, 5, 5, 0),
        ("imrf-2022", "ended", "hybrid", "United Nations Headquarters", 12, 12, 0),
    ]
    assert remarks(report) == {
        ("imrf-2022", "/previously_announced", "not_kept"),
        ("grf-2023-019", "/room", "room_added"),
        ("grf-2023-024/1", "/room", "room_added"),
        ("grf-2027-070", "/room", "room_added"),
        ("grf-2027-071", "/date", "hours_without_day"),
    }


async def test_second_run_changes_nothing(load: Load, conn: Connection, clock: Timeline) -> None:
    await load(read_sample("programme"))
    tables = "SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)) FROM {} t"
    names = ("series", "terms", "editions", "entities", "rooms", "sessions", "places")
    before = [await conn.fetchval(tables.format(name)) for name in names]
    clock.forward(days=1)

    report = await load(read_sample("programme"))

    assert {kind: (t.created, t.updated, t.refused) for kind, t in report.tallies.items()} == dict.fromkeys(
        ("series", "edition", "entity", "room", "session"), (0, 0, 0)
    )
    assert [await conn.fetchval(tables.format(name)) for name in names] == before


async def test_bare_facts_import_too(load: Load, conn: Connection) -> None:
    """Without what we add to them, as other people would write the file."""
    bare = sample()
    del bare["entities"]
    ours = ("series", "mode", "country", "languages", "in_person_capacity", "organizer_email", "status")
    bare["editions"] = [{k: v for k, v in row.items() if k not in ours} for row in bare["editions"]]

    report = await load(bare)

    assert report.refusals == []
    assert report.tallies["session"] == Tally(created=79)
    assert len([finding for finding in report.remarks if finding.code == "entity_added"]) == 19
    assert [(row["slug"], row["status"], row["mode"]) for row in await conn.fetch(OF_EDITIONS)] == [
        ("grf-2019", "announced", "hybrid"),
        ("grf-2023", "announced", "hybrid"),
        ("grf-2027", "draft", "hybrid"),
        ("grf-pr-2025", "announced", "hybrid"),
        ("hlom-2021", "announced", "online"),
        ("imrf-2022", "announced", "hybrid"),
    ]


async def test_every_oddity_of_the_sample_has_its_rule(load: Load, conn: Connection) -> None:
    await load(read_sample("programme"))

    when = ("starts_at", "ends_at", "held_on")
    assert await found(conn, "grf-2023-008", *when, "access") == ("2023-12-13T18:00:00Z", None, None, "invitation")
    assert await found(conn, "grf-2023-016", *when, "status") == (None, None, "2023-12-14", "confirmed")
    assert await found(conn, "grf-2023-017", *when, "status") == (None, None, None, "draft")
    assert await found(conn, "grf-2023-023", *when, "status", "type") == (
        None, None, None, "confirmed", "constituency_day",
    )  # fmt: skip
    assert await found(conn, "grf-2027-071", *when, "status") == (None, None, None, "confirmed")
    assert await found(conn, "imrf-2022-054", "starts_at", "floor") == (
        "2022-05-17T14:00:00Z",
        ["ar", "zh", "en", "fr", "ru", "es"],
    )
    assert await found(conn, "grf-2023-021", "room", "venue") == ("Plenary", "Palexpo")
    assert await found(conn, "grf-2023-036", "type", "room", "venue") == ("preparatory", "Bern", "Bern")
    assert await found(conn, "grf-2023-025", "room", "venue") == (None, None)
    assert await found(conn, "grf-2023-014", "type", "abstract") == (
        "high_level_event",
        "Also announced as: Cities and urban policy; "
        "GRF 2023: Learning from Mayors on Refugee Inclusion in Urban Areas.",
    )
    kinds = {row: (await found(conn, row, "type"))[0] for row in ("grf-2023-011", "grf-2023-026", "grf-2023-033")}
    assert kinds == {"grf-2023-011": "press", "grf-2023-026": "linked_event", "grf-2023-033": "linked_event"}


async def test_only_the_opening_plenary_invites_everybody_registered(load: Load, conn: Connection) -> None:
    """Invitations go to all who are approved: 14,200 of them are enough for one sample."""
    await load(read_sample("programme"))

    invited = "SELECT external_id FROM sessions WHERE access = 'registered'"
    assert [row["external_id"] for row in await conn.fetch(invited)] == ["grf-2023-002"]
    assert await found(conn, "grf-2023-002", "mode", "status") == ("hybrid", "confirmed")


async def test_agenda_becomes_child_sessions(load: Load, conn: Connection) -> None:
    await load(read_sample("programme"))

    fields = ("title", "starts_at", "ends_at", "parent", "room", "venue", "type", "access", "mode")
    venue = "Les Salons, rue Jean-F. Bartholoni 6, 1204 Geneva"
    inherited = ("Le Théâtre", venue, "linked_event", "booking", "hybrid")
    day = ("2023-12-12T15:00:00Z", "2023-12-12T18:30:00Z", None)
    assert await found(conn, "grf-2023-024", *fields[1:6]) == (*day, venue, venue)
    assert await found(conn, "grf-2023-024/5", *fields) == (
        "Break", "2023-12-12T16:30:00Z", "2023-12-12T16:45:00Z", "grf-2023-024", *inherited,
    )  # fmt: skip
    assert await found(conn, "grf-2023-024/8", *fields) == (
        "Conclusion in plenary", "2023-12-12T18:15:00Z", "2023-12-12T18:30:00Z", "grf-2023-024", *inherited,
    )  # fmt: skip


async def test_calendar_leads_to_where_a_session_is_held(load: Load, client: Client, conn: Connection) -> None:
    await load(read_sample("programme"))
    edition = await conn.fetchval("SELECT id::text FROM editions WHERE slug = 'grf-2023'")
    manager = await client.as_role("programme_manager", edition)
    await manager.made("/v1/editions/grf-2023/programme/publish", {})

    feed = (await client.get("/v1/editions/grf-2023/programme.ics")).text.replace("\r\n ", "")

    entries = {entry.partition("SUMMARY;LANGUAGE=en:")[2].partition("\r\n")[0]: entry for entry in feed.split("BEGIN:")}
    places = {name: entry.partition("LOCATION:")[2].partition("\r\n")[0] for name, entry in entries.items()}
    assert places["UNHCR main press conference"] == "Room K\\, Palexpo\\, Geneva"
    assert places["Plenary session"] == "Palexpo\\, Geneva / Online"
    assert places["Second formal preparatory meeting"] == "Palais des Nations\\, Geneva"
    assert places["Refugee Labour Mobility: Safe journeys to new homes through employment"] == ""


async def test_dry_run_reports_and_changes_nothing(load: Load, conn: Connection) -> None:
    report = await load(read_sample("programme"), dry_run=True)

    assert report.tallies["session"] == Tally(created=79)
    counts = "SELECT (SELECT count(*) FROM series) + (SELECT count(*) FROM editions) + (SELECT count(*) FROM entities)"
    assert await conn.fetchval(counts) == 0


async def test_account_is_printed_for_people(conn: Connection, clock: Timeline) -> None:
    document = sample()
    document["sessions"][0]["weekday"] = "Thursday"
    console = Console(record=True, width=200, force_terminal=False)
    bars = ProgressBars(console)

    with bars.progress:
        report = await run_import(conn, "programme", msgspec.json.encode(document), clock(), told=bars)
    print_report(console, report)

    printed = console.export_text()
    assert "refused session grf-2023-001 /weekday: 2023-12-13 is a Wednesday, not a Thursday" in printed
    assert "session grf-2023-019 /room: The list of rooms has no Plenary" in printed
    assert [line.split() for line in printed.splitlines() if "session" in line and "│" in line] == [
        ["│", "session", "│", "78", "│", "0", "│", "0", "│", "1", "│"]
    ]
