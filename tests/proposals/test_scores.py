"""Score sheets: arithmetic, who may write one, and lists and tables by score."""

import asyncio
import csv
import io
import zipfile
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from forum import exports
from forum.db import Connection, Pool
from forum.proposals import call_queries, score_queries
from tests.client import Client, pointers
from tests.factories import make_delegation, make_entity, make_registration
from tests.proposals.conftest import (
    CALL,
    CRITERIA,
    PROPOSALS,
    call_fields,
    make_proposal,
    move,
    put_call,
    read,
)


async def put_score(reviewer: Client, proposal: dict[str, Any], level: int, diversity: int, **fields: Any) -> Any:
    """The answer to a sheet for both criteria."""
    body = {"points": {"speaker_level": level, "diversity": diversity}} | fields
    return await reviewer.request("PUT", f"{PROPOSALS}/{proposal['id']}/score", json=body, headers={"If-Match": "*"})


@pytest.fixture
async def second(client: Client, edition: dict[str, Any]) -> Client:
    """Another reviewer."""
    return await client.as_role("programme_manager", edition["id"], "second@staff.example")


async def test_score_is_the_weighted_mean_of_what_each_criterion_allows(
    dina: Client, manager: Client, second: Client, city: dict[str, Any]
) -> None:
    mine = await make_proposal(dina, city)
    path = f"{PROPOSALS}/{mine['id']}"

    first = (await put_score(manager, mine, 4, 7, comment="Good mayors.")).json()
    await put_score(second, mine, 0, 10)

    # (2 * 4/5 + 1 * 7/10) / 3 and (2 * 0/5 + 1 * 10/10) / 3
    assert (first["score"], first["version"], first["comment"]) == (76.67, 1, "Good mayors.")
    sheets = (await manager.get(f"{path}/scores", params={"count": "true"})).json()
    assert (sorted(one["score"] for one in sheets["items"]), sheets["total"]) == ([33.33, 76.67], 2)
    staff, own = await read(manager, mine), await read(dina, mine)
    assert (staff["average_score"], staff["score_count"]) == (55.0, 2)
    assert (own["average_score"], own["score_count"]) == (None, None)
    again = (await put_score(manager, mine, 5, 10)).json()
    assert (again["score"], again["version"], again["comment"]) == (100.0, 2, None)
    assert (await manager.get(f"{path}/score")).json() == again
    stale = await manager.request("PUT", f"{path}/score", json={"points": again["points"]}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await manager.request("PUT", f"{path}/score", json={"points": again["points"]})).status_code == 428
    weights = [CRITERIA[0] | {"weight": 1}, CRITERIA[1] | {"weight": 3}]
    await put_call(manager, criteria=weights)
    assert (await read(manager, mine))["average_score"] == 87.5


async def test_sheet_has_points_for_every_criterion_and_no_other(
    dina: Client, manager: Client, city: dict[str, Any]
) -> None:
    mine = await make_proposal(dina, city)
    path = f"{PROPOSALS}/{mine['id']}/score"

    async def faults(points: dict[str, Any]) -> set[tuple[str, str]]:
        answer = await manager.request("PUT", path, json={"points": points}, headers={"If-Match": "*"})
        return pointers(answer)

    assert await faults({"speaker_level": 6, "charm": 1}) == {
        ("/points/speaker_level", "too_large"), ("/points/charm", "unknown_value"), ("/points/diversity", "missing"),
    }  # fmt: skip
    assert await faults({"speaker_level": -1, "diversity": 1.5}) == {
        ("/points/speaker_level", "too_small"), ("/points/diversity", "wrong_type"),
    }  # fmt: skip
    assert (await manager.get(path)).status_code == 404


async def test_only_what_waits_for_a_decision_is_scored(dina: Client, manager: Client, city: dict[str, Any]) -> None:
    draft = await make_proposal(dina, city, "draft")
    assert (await put_score(manager, draft, 1, 1)).json()["code"] == "wrong_status"
    await move(dina, draft, "submit")
    assert (await put_score(manager, draft, 1, 1)).status_code == 200
    await move(manager, draft, "accept")
    assert (await put_score(manager, draft, 2, 2)).json()["code"] == "wrong_status"


async def test_criteria_stay_once_they_were_used(dina: Client, manager: Client, city: dict[str, Any]) -> None:
    await put_score(manager, await make_proposal(dina, city), 1, 1)

    for criteria in (
        CRITERIA[:1],
        [CRITERIA[0] | {"max_score": 6}, CRITERIA[1]],
        [*CRITERIA, {"id": "x", "label": {"en": "X"}}],
    ):
        answer = await manager.request("PUT", CALL, json=call_fields(criteria=criteria), headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["code"]) == (409, "criteria_in_use")


async def test_criteria_are_not_changed_under_a_sheet_that_is_being_written(
    dina: Client, manager: Client, city: dict[str, Any], conn: Connection, pool: Pool
) -> None:
    mine = await make_proposal(dina, city)
    edition_id, reviewer = await conn.fetchrow("SELECT p.edition_id, m.id FROM proposals p, persons m LIMIT 1")
    async with pool.acquire() as writing:
        transaction = writing.transaction()
        await transaction.start()
        await call_queries.hold_call(writing, edition_id)
        changed = {"json": call_fields(criteria=CRITERIA[:1]), "headers": {"If-Match": "*"}}
        changing = asyncio.create_task(manager.request("PUT", CALL, **changed))
        locks = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while not changing.done() and await conn.fetchval(locks) == 0:  # noqa: ASYNC110 (a lock has no event)
            await asyncio.sleep(0)
        points, now = {"speaker_level": 1, "diversity": 1}, datetime(2023, 11, 1, tzinfo=UTC)
        await score_queries.upsert_score(writing, edition_id, UUID(mine["id"]), reviewer, points, None, now)
        await transaction.commit()

    assert (await changing).json()["code"] == "criteria_in_use"


async def test_nobody_scores_a_proposal_of_their_own_entity(
    client: Client, organizer: Client, manager: Client, second: Client, city: dict[str, Any], edition: dict[str, Any]
) -> None:
    partner, other = [await make_entity(organizer, name) for name in ("Partner", "Other")]
    delegation = await make_delegation(organizer, partner)
    dina = await client.as_person("dina@city.example")
    mine = await make_proposal(dina, city, organisers=[city["id"], partner["id"]])

    async def code(reviewer: Client) -> str:
        answer = await put_score(reviewer, mine, 1, 1)
        return "ok" if answer.status_code == 200 else str(answer.json()["code"])

    assert await code(second) == "ok"
    await make_registration(organizer, "second@staff.example", entity=city["id"])
    focal = await client.as_focal_point(delegation["id"], edition["id"], "third@staff.example")
    await client.as_role("programme_manager", edition["id"], "third@staff.example")
    await client.as_role("programme_manager", edition["id"], "dina@city.example")
    await make_registration(organizer, "programme_manager@staff.example", entity=other["id"])
    assert [await code(one) for one in (second, focal, dina)] == ["conflict_of_interest"] * 3
    assert await code(manager) == "ok"


async def listed(caller: Client, **query: str) -> list[str]:
    """The titles of a list, page by page, which the count agrees with."""
    found: list[str] = []
    cursor = None
    while True:
        params = query | {"limit": "2", "count": "true"} | ({"cursor": cursor} if cursor else {})
        page = (await caller.get(PROPOSALS, params=params)).json()
        found += [one["title"]["en"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            assert page["total"] == len(found)
            return found


async def test_lists_are_filtered_sorted_and_exported(
    dina: Client, manager: Client, organizer: Client, city: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    await put_call(manager, max_per_entity=10)
    partner = await make_entity(organizer, "=Partner")
    points = {"A": (1, 1), "B": (5, 10), "C": None, "D": (0, 0), "E": (5, 10)}
    for name, given in points.items():
        with_partner = {"organisers": [partner["id"], city["id"]]} if name in "BC" else {}
        kind = {"type": "press"} if name == "D" else {}
        proposal = await make_proposal(dina, city, title={"en": name}, **with_partner, **kind)
        if given:
            assert (await put_score(manager, proposal, *given)).status_code == 200
        if name == "E":
            await move(manager, proposal, "shortlist")

    assert await listed(manager) == await listed(dina) == await listed(dina, sort="score") == ["A", "B", "C", "D", "E"]
    assert await listed(manager, sort="score") == ["B", "E", "A", "D", "C"]
    assert await listed(manager, min_score="16.7") == ["B", "E"]
    assert await listed(dina, min_score="0") == []
    assert await listed(manager, organiser=partner["id"]) == ["B", "C"]
    assert (await listed(manager, status="shortlisted"), await listed(manager, type="press")) == (["E"], ["D"])
    answer = await manager.get(PROPOSALS, params={"format": "csv", "sort": "score", "type": "side_event"})
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["title"], row["average_score"], row["score_count"]) for row in rows] == [
        ("B", "100", "1"), ("E", "100", "1"), ("A", "16.67", "1"), ("C", "", "0"),
    ]  # fmt: skip
    assert (rows[0]["organisers"], rows[0]["contact_email"], rows[0]["speaker_count"]) == (
        "'=Partner; City of Probe", "dina@city.example", "1",
    )  # fmt: skip
    assert "Amal" not in answer.text
    sheet = await manager.get(PROPOSALS, params={"format": "xlsx", "status": "shortlisted"})
    with zipfile.ZipFile(io.BytesIO(sheet.content)) as archive:
        assert archive.read("xl/worksheets/sheet1.xml").count(b"<row>") == 2
    own = (await dina.get(PROPOSALS, params={"format": "csv"})).text
    assert "16.67" not in own
