"""Rows of editions and sessions: every rule and every refusal, by row and field."""

from typing import Any

from forum.db import Connection
from forum.imports.types import Tally
from tests.imports.conftest import Load, document, edition, refusals, remarks, session

UNDONE = "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM rooms) + (SELECT count(*) FROM entities)"


BAD_ROWS: list[tuple[dict[str, Any], str, str]] = [
    ({"weekday": "Thursday"}, "/weekday", "contradiction"),
    ({"start_utc": "2023-12-13T09:00Z"}, "/start_utc", "contradiction"),
    ({"end_utc": "later"}, "/end_utc", "contradiction"),
    ({"end": "09:00"}, "/end", "ends_before_start"),
    ({"start": None}, "/start", "missing"),
    ({"start": "25:00"}, "/start", "bad_format"),
    ({"start": "9:00"}, "/start", "bad_format"),
    ({"date": "2023-12-12"}, "/date", "outside_edition"),
    ({"date": "2023-12-16", "start": None, "end": None}, "/date", "outside_edition"),
    ({"date": "13 December"}, "/date", "bad_format"),
    ({"date": "2023-03-26", "start": "02:30", "end": "03:30", "type": "press"}, "/start", "no_such_time"),
    ({"date": "2023-10-29", "start": "02:30", "end": "03:30", "type": "press"}, "/start", "ambiguous_time"),
    ({"timezone": "CET"}, "/timezone", "unknown_timezone"),
    ({"type": "gala"}, "/type", "unknown_value"),
    ({"access": "friends"}, "/access", "unknown_value"),
    ({"participation_mode": "telepathy"}, "/participation_mode", "unknown_value"),
    ({"certainty": "fairly"}, "/certainty", "unknown_value"),
    ({"edition": "grf-2099"}, "/edition", "unknown_reference"),
    ({"parent": "nobody"}, "/parent", "unknown_reference"),
    ({"title": "x" * 5000}, "/title", "too_long"),
    ({"title": "Plenary\u0007session"}, "/title", "control_character"),
    ({"title": {"en": "Plenary", "fr": "\u0000"}}, "/title/fr", "control_character"),
    ({"title": {"klingon!": "Plenary"}}, "/title/klingon!", "bad_format"),
    ({"title": 7}, "/title", "wrong_type"),
    ({"title": ""}, "/title", "too_short"),
    ({"languages": ["en", "tlh-nowhere"]}, "/languages/1", "unknown_language"),
    ({"languages": {"sign": ["nowhere"]}}, "/languages/sign/0", "unknown_language"),
    ({"organisers": ["Only here", "Only here"], "room": "Only here"}, "/organisers/1", "duplicate"),
    ({"organisers": ["UNHCR", "x" * 301]}, "/organisers/1", "too_long"),
    ({"agenda": [["09:00", "Welcome"], ["10:00"]]}, "/agenda/1", "too_short"),
    ({"livestream_url": "ftp://forum.example"}, "/livestream_url", "bad_url"),
    ({"speaker": "Amal"}, "/speaker", "unknown_field"),
]


async def test_bad_rows_are_refused_by_their_fields_and_good_ones_stay(load: Load, conn: Connection) -> None:
    bad = [session(id=f"bad {index}") | fields for index, (fields, _, _) in enumerate(BAD_ROWS)]

    report = await load(document(session(id="first"), *bad, session(id="last", date="2023-12-14")))

    assert refusals(report) == {(f"bad {index}", field, code) for index, (_, field, code) in enumerate(BAD_ROWS)}
    assert report.tallies["session"] == Tally(created=2, refused=len(BAD_ROWS))
    assert await conn.fetchval(UNDONE) == 2


async def test_all_faults_of_a_row_are_told_at_once(load: Load) -> None:
    bad = session(type="gala", access="friends", weekday="Friday", end="08:00")

    report = await load(document(bad))

    assert refusals(report) == {
        ("s1", "/type", "unknown_value"),
        ("s1", "/access", "unknown_value"),
        ("s1", "/weekday", "contradiction"),
        ("s1", "/end", "ends_before_start"),
    }


async def test_row_without_an_id_is_called_by_its_place(load: Load) -> None:
    nameless = session()
    del nameless["id"]

    report = await load(document(session(), nameless, session(id="") | {"title": None}, session(id="s1")))

    assert refusals(report) == {
        ("sessions[1]", "/id", "missing"),
        ("sessions[2]", "/id", "too_short"),
        ("sessions[2]", "/title", "wrong_type"),
        ("s1", "/id", "duplicate"),
    }


async def test_row_that_is_no_object_is_refused(load: Load) -> None:
    report = await load(document(session()) | {"rooms": ["Room K", None]})

    assert {(finding.kind, finding.row, finding.field) for finding in report.refusals} == {
        ("room", "rooms[0]", ""),
        ("room", "rooms[1]", ""),
    }


async def test_sessions_of_a_refused_edition_are_refused(load: Load, conn: Connection) -> None:
    rows = [edition(timezone="CET"), edition(id="grf-2024", start=None), edition(id="grf-2025", series="unheard-of")]

    report = await load({"editions": rows, "sessions": [session()]})

    assert refusals(report) == {
        ("grf-2023", "/timezone", "unknown_timezone"),
        ("grf-2024", "/end", "rule_broken"),
        ("grf-2025", "/series", "unknown_reference"),
        ("s1", "/edition", "unknown_reference"),
    }
    assert await conn.fetchval("SELECT count(*) FROM editions") == 0


async def test_second_in_a_room_at_the_same_time_is_refused(load: Load, conn: Connection) -> None:
    holder = session(room="Room K", venue="Palexpo, Geneva")
    late = session(id="s2", room="room k", start="12:59", end="14:00")
    tentative = late | {"id": "s3", "certainty": "low"}

    report = await load(document(holder, late, tentative))

    assert refusals(report) == {("s2", "/room", "room_occupied")}
    assert report.refusals[0].detail == "Session s1 has the room at this time."
    statuses = await conn.fetch("SELECT external_id, status FROM sessions ORDER BY 1")
    assert [tuple(row) for row in statuses] == [("s1", "confirmed"), ("s3", "draft")]


async def test_row_waits_for_its_parent_and_for_a_room_that_its_neighbour_leaves(load: Load, conn: Connection) -> None:
    child, day = session(id="child", parent="day"), session(id="day", start=None, end=None, type="constituency_day")
    report = await load(document(child | {"room": "Room K"}, day))
    assert (report.refusals, report.tallies["session"]) == ([], Tally(created=2))

    follower = session(id="new", room="Room K")
    report = await load(document(follower, child | {"start": "13:00", "end": "14:00"}, day))

    assert (report.refusals, report.tallies["session"]) == ([], Tally(created=1, updated=1, unchanged=1))


async def test_edited_rows_are_updated_and_the_others_are_not(load: Load, conn: Connection) -> None:
    await load(document(session(), session(id="s2", date="2023-12-14"), session(id="s3", certainty="low")))
    versions = "SELECT external_id, version, calendar_sequence, status FROM sessions ORDER BY 1"

    report = await load(
        document(
            session(start="10:00", title={"en": "Plenary session", "fr": "Séance plénière"}),
            session(id="s2", date="2023-12-14"),
            session(id="s3", certainty="medium"),
            editions=[edition(end="2023-12-16", in_person_capacity=10)],
        )
    )

    assert report.tallies["edition"] == Tally(updated=1)
    assert report.tallies["session"] == Tally(updated=2, unchanged=1)
    assert [tuple(row) for row in await conn.fetch(versions)] == [
        ("s1", 3, 1, "confirmed"),
        ("s2", 2, 0, "confirmed"),
        ("s3", 2, 0, "confirmed"),
    ]


async def test_what_the_file_does_not_know_stays_as_it_is(load: Load, conn: Connection) -> None:
    told = session(room="Room K", languages=["en"], participation_mode="hybrid", access="media", organisers=["UNHCR"])
    await load(document(told, editions=[edition(mode="in_person", in_person_capacity=4200)]))

    report = await load(document(session(room=None, access=None)))

    assert report.tallies["edition"] == report.tallies["session"] == Tally(unchanged=1)


async def test_translation_that_the_staff_added_stays(load: Load, conn: Connection) -> None:
    await load(document(session()))
    await conn.execute("""UPDATE sessions SET title = title || '{"fr": "Séance plénière"}'""")

    same = await load(document(session()))
    edited = await load(document(session(title="Opening")))

    assert (same.tallies["session"], edited.tallies["session"]) == (Tally(unchanged=1), Tally(updated=1))
    assert await conn.fetchval("SELECT title FROM sessions") == {"en": "Opening", "fr": "Séance plénière"}


async def test_day_becomes_hours_and_hours_become_a_day(load: Load, conn: Connection) -> None:
    when = "SELECT starts_at IS NOT NULL, ends_at IS NOT NULL, held_on::text FROM sessions"
    await load(document(session(start=None, end=None)))
    assert tuple(await conn.fetchrow(when) or ()) == (False, False, "2023-12-13")

    await load(document(session(end=None)))
    assert tuple(await conn.fetchrow(when) or ()) == (True, False, None)

    await load(document(session(start=None, end=None)))
    assert tuple(await conn.fetchrow(when) or ()) == (False, False, "2023-12-13")


async def test_status_that_the_staff_gave_is_never_taken_back(load: Load, conn: Connection) -> None:
    await load(document(session(), session(id="s2", certainty="low"), editions=[edition(status="live")]))
    await conn.execute("UPDATE sessions SET status = CASE external_id WHEN 's1' THEN 'cancelled' ELSE 'confirmed' END")

    report = await load(document(session(), session(id="s2", certainty="low")))

    assert (report.tallies["session"], report.tallies["edition"]) == (Tally(unchanged=2), Tally(unchanged=1))
    assert await conn.fetchval("SELECT status FROM editions") == "live"


async def test_shorter_agenda_cancels_what_is_gone(load: Load, conn: Connection) -> None:
    agenda = [["09:00", "Welcome"], ["10:00", "Panel"], ["12:00", "Close"]]
    await load(document(session(agenda=agenda, room="Room K")))

    report = await load(document(session(agenda=[["09:30", "Welcome"], ["11:00", "Close"]], room="Room K")))

    assert report.refusals == []
    rows = "SELECT external_id, title ->> 'en', status, to_char(starts_at, 'HH24:MI') FROM sessions ORDER BY 1"
    assert [tuple(row) for row in await conn.fetch(rows)] == [
        ("s1", "Plenary session", "confirmed", "08:00"),
        ("s1/1", "Welcome", "confirmed", "08:30"),
        ("s1/2", "Close", "confirmed", "10:00"),
        ("s1/3", "Close", "cancelled", "11:00"),
    ]


async def test_hours_that_the_clock_shows_twice_are_decided_by_utc(load: Load, conn: Connection) -> None:
    night = session(type="press", date="2023-10-29", start="02:30", end="02:45")

    await load(document(night | {"start_utc": "2023-10-29T01:30Z", "end_utc": "2023-10-29T01:45Z"}))

    assert await conn.fetchval("SELECT starts_at::text FROM sessions") == "2023-10-29 01:30:00+00"


async def test_unknown_organiser_is_made_and_remarked_on_and_a_known_one_is_found(load: Load, conn: Connection) -> None:
    known = [{"name": "City of Geneva", "category": "local_or_regional_government", "country": "CH"}]
    row = session(organisers=["CITY OF GENEVA", "Friends of Probe"])

    report = await load(document(row, entities=known))

    assert remarks(report) == {("s1", "/organisers/1", "entity_added")}
    rows = await conn.fetch("SELECT name, category FROM entities ORDER BY name")
    assert [tuple(row) for row in rows] == [
        ("City of Geneva", "local_or_regional_government"),
        ("Friends of Probe", "other"),
    ]


async def test_entity_of_no_known_category_is_refused(load: Load) -> None:
    report = await load(document(entities=[{"name": "UNHCR", "category": "agency"}]))

    assert refusals(report) == {("UNHCR", "/category", "unknown_value")}


async def test_series_of_the_file_adds_terms_and_takes_none_away(load: Load, conn: Connection) -> None:
    terms = [{"value": value, "label": {"en": value}} for value in ("plenary", "gala")]
    series = {"code": "grf", "title": {"en": "GRF"}, "vocabularies": {"session_type": terms[:1]}}
    await load({"series": [series], "editions": [edition()]})

    report = await load(
        {
            "series": [series | {"vocabularies": {"session_type": terms[1:]}}],
            "editions": [edition()],
            "sessions": [session(type="gala"), session(id="s2", date="2023-12-14")],
        }
    )

    assert (report.refusals, report.tallies["series"]) == ([], Tally(updated=1))
    assert report.tallies["session"] == Tally(created=2)
