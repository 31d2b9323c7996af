import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_edition, make_registration
from tests.statistics.conftest import EDITION, STATISTICS, Day

Counted = dict[str | None, tuple[int, int, int]]


async def counted(caller: Client, kind: str, **query: str) -> Counted:
    """The items of figures: in the hall, online, people."""
    answer = await caller.get(f"{STATISTICS}/{kind}", params=query)
    assert answer.status_code == 200, answer.text
    return {item["value"]: (item["in_person"], item["online"], item["total"]) for item in answer.json()["items"]}


async def test_attendance_counts_people_once(analyst: Client, day: Day) -> None:
    answer = (await analyst.get(f"{STATISTICS}/attendance")).json()

    assert answer == {
        "as_of": "2023-12-14T12:00:00Z",
        "definition": "attendance/1 by=session day=any",
        "settled": False,
        "items": [
            {"value": day.opening["id"], "label": "Opening", "in_person": 2, "online": 2, "total": 3},
            {"value": day.side["id"], "label": "=1+1", "in_person": 0, "online": 1, "total": 1},
            {"value": day.later["id"], "label": "Later", "in_person": 1, "online": 0, "total": 1},
        ],
        "total": {"in_person": 3, "online": 2, "total": 4},
    }


async def test_attendance_by_everything(analyst: Client, day: Day) -> None:
    assert await counted(analyst, "attendance", by="day") == {"2023-12-13": (3, 2, 4), "2023-12-14": (1, 0, 1)}
    assert await counted(analyst, "attendance", by="mode") == {"in_person": (3, 0, 3), "online": (0, 2, 2)}
    assert await counted(analyst, "attendance", by="category") == {
        "ngo": (2, 1, 2),
        "state": (1, 0, 1),
        "refugee_led": (0, 1, 1),
    }
    assert await counted(analyst, "attendance", by="country") == {"CH": (2, 1, 2), "JO": (1, 0, 1), None: (0, 1, 1)}


async def test_attendance_of_a_day(analyst: Client, day: Day) -> None:
    assert await counted(analyst, "attendance", day="2023-12-14") == {day.later["id"]: (1, 0, 1)}
    assert await counted(analyst, "attendance", day="2023-12-13") == {
        day.opening["id"]: (2, 2, 3),
        day.side["id"]: (0, 1, 1),
    }
    assert await counted(analyst, "attendance", by="country", day="2023-12-14") == {"CH": (1, 0, 1)}
    assert await counted(analyst, "attendance", by="day", day="2023-12-14") == {"2023-12-14": (1, 0, 1)}
    total = (await analyst.get(f"{STATISTICS}/attendance", params={"day": "2023-12-14"})).json()["total"]
    assert total == {"in_person": 1, "online": 0, "total": 1}
    assert await counted(analyst, "attendance", day="2023-12-15") == {}


async def test_labels_are_in_the_language_asked_for(analyst: Client, day: Day) -> None:
    async def labels(lang: str, by: str) -> list[str]:
        answer = await analyst.get(f"{STATISTICS}/attendance", params={"by": by, "lang": lang})
        return [item["label"] for item in answer.json()["items"]]

    assert await labels("ar", "session") == ["الافتتاح", "=1+1", "Later"]
    assert await labels("fr-CH", "session") == ["Opening", "Fin", "Later"]
    assert await labels("fr", "country") == ["Suisse", "Jordanie", None]
    assert await labels("tlh", "category") == ["Ngo", "Refugee led", "State"]


async def test_registrations_by_everything(analyst: Client, day: Day) -> None:
    withdrawn = day.people["e"]["id"]
    await day.organizer.made(f"{REGISTRATIONS}/{withdrawn}/withdraw", {})

    assert await counted(analyst, "registrations") == {"approved": (3, 1, 4), "withdrawn": (1, 0, 1)}
    assert await counted(analyst, "registrations", by="mode") == {"in_person": (3, 0, 3), "online": (0, 1, 1)}
    assert await counted(analyst, "registrations", by="category") == {
        "ngo": (2, 0, 2),
        "refugee_led": (0, 1, 1),
        "state": (1, 0, 1),
    }
    assert await counted(analyst, "registrations", by="country") == {"CH": (2, 0, 2), "JO": (1, 0, 1), None: (0, 1, 1)}
    assert await counted(analyst, "registrations", by="country", status="withdrawn") == {None: (1, 0, 1)}
    answer = (await analyst.get(f"{STATISTICS}/registrations", params={"by": "delegation"})).json()
    assert answer["items"] == [
        {"value": None, "label": None, "in_person": 2, "online": 1, "total": 3},
        {"value": day.delegation["id"], "label": "Kingdom of Probe", "in_person": 1, "online": 0, "total": 1},
    ]
    assert answer["definition"] == "registrations/1 by=delegation status=approved"
    assert answer["total"] == {"in_person": 3, "online": 1, "total": 4}


QUESTIONS = [("registrations", {"by": by}) for by in ("status", "mode", "category", "country", "delegation")]
QUESTIONS += [("attendance", {"by": by}) for by in ("session", "day", "mode", "category", "country")]
QUESTIONS += [("attendance", {"by": "session", "day": "2023-12-13"})]


async def test_same_instant_gives_the_same_figures_whatever_happens_later(
    analyst: Client, day: Day, clock: Timeline
) -> None:
    then = clock.now.isoformat().replace("+00:00", "Z")

    async def asked(as_of: str) -> list[Any]:
        answers = [await analyst.get(f"{STATISTICS}/{kind}", params=q | {"as_of": as_of}) for kind, q in QUESTIONS]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.json() | {"settled": None} for answer in answers]

    before = await asked(then)
    clock.forward(minutes=10)
    await day.scan("e", "06:00")
    await day.scan("a", "05:00", day.side)
    await day.scan("d", "23:30", day.opening, day=13)
    await make_registration(day.organizer, "new@delegates.example", mode="online")
    await day.organizer.made(f"{REGISTRATIONS}/{day.people['b']['id']}/withdraw", {})
    changes = {"category": "sport", "country": "FR", "delegation": day.delegation["id"]}
    await day.organizer.patch(f"{REGISTRATIONS}/{day.people['a']['id']}", changes)
    after = await asked((clock.now).isoformat().replace("+00:00", "Z"))

    assert await asked(then) == before
    changed = [kind | {"as_of": None} for kind in after]
    assert [old for old in before if old | {"as_of": None} in changed] == []


async def test_edit_of_a_category_counts_from_then_on_and_is_no_step_of_the_history(
    analyst: Client, day: Day, clock: Timeline
) -> None:
    path = f"{REGISTRATIONS}/{day.people['a']['id']}"
    clock.forward(hours=1)
    await day.organizer.patch(path, {"category": "sport"})
    badges = await day.organizer.get(f"{EDITION}/badges", params={"registration": day.people["a"]["id"]})
    history = (await day.organizer.get(f"{path}/transitions")).json()["items"]

    at = {"by": "category", "as_of": (clock.now - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")}
    assert (await counted(analyst, "registrations", **at))["ngo"] == (3, 0, 3)
    assert (await counted(analyst, "registrations", by="category"))["ngo"] == (2, 0, 2)
    assert (await counted(analyst, "registrations", by="category"))["sport"] == (1, 0, 1)
    assert [step["status"] for step in history] == ["approved"]
    assert [badge["status"] for badge in badges.json()["items"]] == ["live"]


async def test_figures_settle_when_nothing_can_be_on_its_way(analyst: Client, day: Day, clock: Timeline) -> None:
    async def settled(seconds: int) -> bool:
        at = (clock.now - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
        answer = await analyst.get(f"{STATISTICS}/attendance", params={"as_of": at})
        return bool(answer.json()["settled"])

    assert [await settled(seconds) for seconds in (0, 119, 120)] == [False, False, True]


async def test_figures_as_csv_are_disarmed_and_say_as_of_when(analyst: Client, day: Day) -> None:
    answer = await analyst.get(f"{STATISTICS}/attendance", params={"format": "csv"})

    head = {"as_of": "2023-12-14T12:00:00Z", "definition": "attendance/1 by=session day=any", "settled": "false"}
    assert answer.headers["Content-Type"] == "text/csv; header=present; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="attendance.csv"'
    assert list(csv.DictReader(io.StringIO(answer.text, newline=""))) == [
        head | {"value": day.opening["id"], "label": "Opening", "in_person": "2", "online": "2", "total": "3"},
        head | {"value": day.side["id"], "label": "'=1+1", "in_person": "0", "online": "1", "total": "1"},
        head | {"value": day.later["id"], "label": "Later", "in_person": "1", "online": "0", "total": "1"},
    ]
    registrations = await analyst.get(f"{STATISTICS}/registrations", params={"format": "csv", "by": "mode"})
    assert registrations.text.splitlines()[1] == (
        "2023-12-14T12:00:00Z,registrations/1 by=mode status=approved,false,in_person,,4,0,4"
    )


async def test_analyst_reads_no_names(client: Client, edition: dict[str, Any], analyst: Client, day: Day) -> None:
    paths = [f"{STATISTICS}/{kind}?by={query['by']}" for kind, query in QUESTIONS]
    paths += [f"{STATISTICS}/attendance.svg", f"{STATISTICS}/attendance?format=csv", f"{EDITION}/occupancy"]
    for path in paths:
        text = (await analyst.get(path)).text
        assert "Surname" not in text
        assert "Secretive" not in text
        assert not any(person["id"] in text for person in day.people.values())
    assert (await analyst.get(REGISTRATIONS)).status_code == 403
    assert (await analyst.get(f"{REGISTRATIONS}/{day.people['a']['id']}")).status_code == 404


@pytest.mark.parametrize("path", ["registrations", "attendance", "attendance.svg"])
async def test_statistics_are_for_who_may(client: Client, edition: dict[str, Any], path: str) -> None:
    refused = [await client.as_role(role, edition["id"]) for role in ("checkin_staff", "registrar")]
    frontend = await client.as_client(edition["id"], "statistics:read")
    await make_edition(client, slug="grf-other")
    admin = await client.as_role("admin")

    assert [(await one.get(f"{STATISTICS}/{path}")).status_code for one in refused] == [403, 403]
    assert (await frontend.get(f"{STATISTICS}/{path}")).status_code == 200
    assert (await frontend.get(f"/v1/editions/grf-other/statistics/{path}")).status_code == 403
    assert (await admin.get(f"/v1/editions/{uuid4()}/statistics/{path}")).status_code == 404


async def test_bad_questions_name_every_fault(analyst: Client) -> None:
    bad = {"by": "shoe", "day": "never", "as_of": "then", "format": "xls", "lang": "!"}

    assert pointers(await analyst.get(f"{STATISTICS}/attendance", params=bad)) == {
        (parameter, "bad_parameter") for parameter in bad
    }
    for as_of, code in [
        ("2023-12-13T12:00:01Z", "in_the_future"),
        ("0001-01-01T00:00:00+05:00", "out_of_range"),
        ("2023-12-13T07:00:00", "timezone_missing"),
    ]:
        answer = await analyst.get(f"{STATISTICS}/attendance", params={"as_of": as_of})
        assert pointers(answer) == {("as_of", code)}


async def test_instant_that_is_no_instant_is_refused_and_another_offset_is_the_same(analyst: Client) -> None:
    path = f"{STATISTICS}/registrations"
    for text in ("0", "0.5", "2023-12-13", "2023-13-01T00:00:00Z", "2023-12-13T00:00:00ZZ", "now"):
        answer = await analyst.get(path, params={"as_of": text})
        assert pointers(answer) == {("as_of", "bad_parameter")}

    here, utc = [
        (await analyst.get(path, params={"as_of": text})).json()
        for text in ("2023-10-01T02:00:00+02:00", "2023-10-01T00:00:00Z")
    ]
    assert here == utc
    assert utc["as_of"] == "2023-10-01T00:00:00Z"
