"""Proposals before they are decided: who makes, sees and edits them, until when, and what is refused."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from forum.db import Connection
from forum.proposals import moves
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_delegation, make_edition, make_entity, make_registration
from tests.proposals.conftest import (
    CALL,
    PROPOSALS,
    SLOTS,
    call_fields,
    close_call,
    make_proposal,
    move,
    proposal_fields,
    put_call,
    read,
    refused,
)


async def test_call_is_public_once_the_edition_is(client: Client, manager: Client, clock: Timeline) -> None:
    await make_edition(client, "draft", slug="hidden")
    admin = await client.as_role("admin")
    hidden = "/v1/editions/hidden/proposals/call"
    assert (await client.get(CALL)).json() == call_fields(
        max_per_entity=1, proposers="anyone", is_open=True, version=1
    )  # fmt: skip

    made = await admin.request("PUT", hidden, json=call_fields(), headers={"If-Match": "*"})

    assert (made.status_code, made.json()["is_open"]) == (200, False)
    assert (await client.get(hidden)).status_code == 404
    assert (await admin.get(hidden)).status_code == 200
    stranger = await client.as_person("x@y.example")
    assert (await stranger.get("/v1/editions/hidden/proposals")).status_code == 404
    close_call(clock)
    assert (await client.get(CALL)).json()["is_open"] is False


async def test_call_is_refused_with_every_fault(client: Client, manager: Client) -> None:
    async def put(version: str = "*", **changes: Any) -> Any:
        return await manager.request("PUT", CALL, json=call_fields(**changes), headers={"If-Match": version})

    twice = [{"id": "a", "label": {"en": "A"}}] * 2
    bad = await put(closes_at="2023-09-01T00:00:00Z", session_types=["press", "press"], criteria=twice)
    assert pointers(bad) == {
        ("/closes_at", "ends_before_start"), ("/session_types/1", "duplicate"), ("/criteria/1/id", "duplicate"),
    }  # fmt: skip
    wrong = await put(session_types=["feast"], decides_on="2023-11-09")
    assert pointers(wrong) == {("/session_types/0", "unknown_value"), ("/decides_on", "before_the_end")}
    assert pointers(await put(criteria=[{"id": "a", "label": {"en": "A"}, "weight": 0}])) == {
        ("/criteria/0/weight", "too_small")
    }
    assert (await manager.request("PUT", CALL, json=call_fields())).status_code == 428
    assert (await put('"7"')).status_code == 412
    assert (await put('"1"', max_per_entity=2)).json()["version"] == 2
    dina = await client.as_person("dina@city.example")
    assert (await dina.request("PUT", CALL, json=call_fields(), headers={"If-Match": "*"})).status_code == 403


async def test_proposal_is_kept_as_it_was_given_and_told_to_its_proposer(dina: Client, city: dict[str, Any]) -> None:
    made = await make_proposal(dina, city, "draft")

    assert made == proposal_fields(
        city,
        preferred_slots=[{"starts_at": "2023-12-14T13:30:00Z", "ends_at": "2023-12-14T15:00:00Z"}, SLOTS[1]],
        speakers=[proposal_fields(city)["speakers"][0] | {"entity": None}],
        id=made["id"], status="draft", reason=None, session=None, merged_into=None, created_at="2023-11-01T09:00:00Z",
        submitted_at=None, decided_at=None, average_score=None, score_count=None, version=1,
    )  # fmt: skip
    assert await read(dina, made) == made


async def test_bad_proposal_is_refused_with_every_fault(dina: Client, city: dict[str, Any]) -> None:
    nobody = str(uuid4())
    slot = {"starts_at": "2023-12-13T10:00:00Z", "ends_at": "2023-12-13T09:00:00Z"}

    rules = await dina.post(
        PROPOSALS, proposal_fields(city, organisers=[nobody, nobody], preferred_slots=[slot, SLOTS[0], SLOTS[0]])
    )
    assert pointers(rules) == {
        ("/lead_entity", "not_an_organiser"), ("/organisers/1", "duplicate"),
        ("/preferred_slots/0/ends_at", "ends_before_start"), ("/preferred_slots/2", "duplicate"),
    }  # fmt: skip
    early = {"starts_at": "2023-12-12T10:00:00Z", "ends_at": "2023-12-12T11:00:00Z"}
    late = {"starts_at": "2023-12-15T20:00:00Z", "ends_at": "2023-12-17T01:00:00Z"}
    named = await dina.post(
        PROPOSALS,
        proposal_fields(
            city, organisers=[city["id"], nobody], type="plenary", preferred_slots=[SLOTS[0], early, late],
            speakers=[{"display_name": "A"}, {"display_name": "B", "entity": nobody}],
        ),
    )  # fmt: skip
    assert pointers(named) == {
        ("/organisers/1", "unknown_reference"), ("/speakers/1/entity", "unknown_reference"), ("/type", "unknown_value"),
        ("/preferred_slots/1", "outside_edition"), ("/preferred_slots/2", "outside_edition"),
    }  # fmt: skip
    fields = proposal_fields(
        city, concept_note={"en": "x" * 10_001, "xx-nolang-": "y", "fr": "a\u0000b"}, title={"en": "a\r\nb"},
        mode="mail", languages=["zz"], expected_attendance=-1, contact={"email": "dina", "language": "??"},
        organisers=[],
        speakers=[{"display_name": "", "country": "XX", "role": "singer", "fee": 1}],
    )  # fmt: skip
    assert pointers(await dina.post(PROPOSALS, fields)) == {
        ("/concept_note/en", "too_long"), ("/concept_note/xx-nolang-", "bad_format"),
        ("/concept_note/fr", "control_character"), ("/title/en", "control_character"), ("/mode", "unknown_value"),
        ("/languages/0", "unknown_language"), ("/expected_attendance", "too_small"), ("/contact/email", "bad_email"),
        ("/contact/language", "bad_format"), ("/organisers", "too_short"), ("/speakers/0/display_name", "too_short"),
        ("/speakers/0/country", "unknown_country"), ("/speakers/0/role", "unknown_value"),
        ("/speakers/0/fee", "unknown_field"),
    }  # fmt: skip
    whole = await dina.made(PROPOSALS, proposal_fields(city, concept_note={"en": "x" * 10_000}, type="press",
                                                       preferred_slots=[early]))  # fmt: skip
    assert (await dina.get(PROPOSALS)).json()["items"] == [whole]


async def test_others_see_nothing_of_a_proposal(
    client: Client, dina: Client, city: dict[str, Any], manager: Client, edition: dict[str, Any]
) -> None:
    mine = await make_proposal(dina, city)
    other = await client.as_person("bo@ngo.example")
    analyst, frontend = (
        await client.as_role("analyst", edition["id"]),
        await client.as_client(edition["id"], "programme:read"),
    )
    path = f"{PROPOSALS}/{mine['id']}"

    another = await make_edition(client, slug="elsewhere")
    elsewhere = await client.as_role("organizer", another["id"], "e@staff.example")
    for stranger in (other, analyst, frontend, elsewhere):
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.patch(path, {"title": {"en": "Mine"}})).status_code == 404
        assert (await refused(stranger, mine, "withdraw"))[0] == 404
        assert (await refused(stranger, mine, "submit"))[0] == 404
        for format in ("json", "csv"):
            answer = await stranger.get(PROPOSALS, params={"format": format, "count": "true"})
            assert mine["id"] not in answer.text
    assert (await other.get(PROPOSALS, params={"count": "true"})).json() == {
        "items": [],
        "next_cursor": None,
        "total": 0,
    }
    assert (await frontend.post(PROPOSALS, proposal_fields(city))).status_code == 403
    for name in ("shortlist", "accept", "merge", "reject", "reopen"):
        body = {"reason": "x"} if name == "reject" else {"into": mine["id"]} if name == "merge" else {}
        assert (await refused(dina, mine, name, **body))[0] == 403
    assert (await client.get(PROPOSALS)).status_code == (await client.get(path)).status_code == 401
    for part in ("scores", "transitions", "score"):
        assert (await dina.get(f"{path}/{part}")).status_code == 403
    assert (await manager.get(path)).json()["speakers"] == mine["speakers"]


async def test_contact_and_focal_point_of_the_lead_act_for_a_proposal(
    client: Client, organizer: Client, manager: Client, city: dict[str, Any], edition: dict[str, Any]
) -> None:
    delegation = await make_delegation(organizer, city)
    elsewhere = await make_delegation(organizer, await make_entity(organizer, "Elsewhere"))
    focal = await client.as_focal_point(delegation["id"], edition["id"])
    other_focal = await client.as_focal_point(elsewhere["id"], edition["id"], "else@staff.example")
    entered = await make_proposal(manager, city, contact={"email": "Zoe@City.example"})
    contact = await client.as_person("zoe@city.example")

    for caller in (focal, contact):
        assert [one["id"] for one in (await caller.get(PROPOSALS)).json()["items"]] == [entered["id"]]
    assert (await other_focal.get(f"{PROPOSALS}/{entered['id']}")).status_code == 404
    changed = await focal.patch(f"{PROPOSALS}/{entered['id']}", {"expected_attendance": None}, entered["version"])
    assert (changed.status_code, changed.json()["expected_attendance"]) == (200, None)
    assert (await move(contact, entered, "withdraw"))["status"] == "withdrawn"


async def test_only_for_ones_own_entities_where_the_call_says_so(
    client: Client, organizer: Client, manager: Client, dina: Client, city: dict[str, Any], edition: dict[str, Any]
) -> None:
    await put_call(manager, proposers="own_entity")
    delegation = await make_delegation(organizer, city)
    other = await make_entity(organizer, "Elsewhere")
    focal = await client.as_focal_point(delegation["id"], edition["id"])

    assert pointers(await dina.post(PROPOSALS, proposal_fields(city))) == {("/lead_entity", "not_your_entity")}
    await make_registration(organizer, "dina@city.example", entity=city["id"])
    own = await make_proposal(dina, city, "draft")
    await make_proposal(focal, city, "draft")
    moved = await dina.patch(f"{PROPOSALS}/{own['id']}", {"lead_entity": other["id"], "organisers": [other["id"]]})
    assert pointers(moved) == {("/lead_entity", "not_your_entity")}
    assert (await manager.post(PROPOSALS, proposal_fields(other))).status_code == 201


async def test_edits_end_with_the_deadline_the_shortlist_and_the_decision(
    dina: Client, manager: Client, organizer: Client, city: dict[str, Any], clock: Timeline
) -> None:
    mine = await make_proposal(dina, city)
    other = await make_entity(organizer, "Elsewhere")
    path = f"{PROPOSALS}/{mine['id']}"
    patch = {
        "title": {"fr": None, "es": "Ciudades"}, "abstract": None, "concept_note": {"ar": "مدن"}, "preferred_slots": [],
        "organisers": [other["id"], city["id"]], "contact": {"language": "ar"}, "mode": "online",
        "speakers": [{"display_name": "New One", "entity": other["id"]}, {"display_name": "Second"}],
    }  # fmt: skip

    assert (await dina.patch(path, patch, 1)).status_code == 412
    changed = (await dina.patch(path, patch, mine["version"])).json()

    assert changed == mine | {
        "title": {"en": "Cities that welcome", "es": "Ciudades"}, "abstract": None, "preferred_slots": [],
        "concept_note": mine["concept_note"] | {"ar": "مدن"}, "organisers": patch["organisers"], "mode": "online",
        "contact": mine["contact"] | {"language": "ar"}, "version": 3,
        "speakers": [
            {"display_name": "New One", "function": None, "entity": other["id"], "country": None, "role": "panellist"},
            {"display_name": "Second", "function": None, "entity": None, "country": None, "role": "panellist"},
        ],
    }  # fmt: skip
    fewer = (await dina.patch(path, {"speakers": [{"display_name": "Only"}]})).json()
    assert [one["display_name"] for one in fewer["speakers"]] == ["Only"]
    lead = await dina.patch(path, {"lead_entity": other["id"]})
    assert pointers(lead) == {("/lead_entity", "not_allowed")}
    close_call(clock)
    closed = await dina.patch(path, {"mode": "hybrid"})
    assert (closed.status_code, closed.json()["code"]) == (409, "call_closed")
    assert (await manager.patch(path, {"mode": "hybrid"})).status_code == 200
    clock.now = clock.now.replace(day=1)
    await move(manager, mine, "shortlist")
    assert (await dina.patch(path, {"mode": "online"})).json()["code"] == "wrong_status"
    assert (await manager.patch(path, {"mode": "online"})).status_code == 200
    await move(manager, mine, "reject", reason="Full.")
    assert (await manager.patch(path, {"mode": "hybrid"})).json()["code"] == "wrong_status"


async def test_closed_call_takes_proposals_from_the_staff_alone_and_with_a_reason(
    dina: Client, manager: Client, organizer: Client, city: dict[str, Any], clock: Timeline
) -> None:
    draft = await make_proposal(dina, city, "draft")
    close_call(clock)

    assert await refused(dina, draft, "submit", reason="Please!") == (409, "call_closed", [])
    answer = await dina.post(PROPOSALS, proposal_fields(city))
    assert (answer.status_code, answer.json()["code"]) == (409, "call_closed")
    assert answer.json()["detail"] == "Proposals are taken from 2023-10-01T00:00:00Z to 2023-11-10T22:59:59Z."
    clock.now = clock.now.replace(month=9)
    assert (await dina.post(PROPOSALS, proposal_fields(city))).json()["code"] == "call_closed"
    late = await make_proposal(manager, city, "draft")
    assert pointers(await manager.post(f"{PROPOSALS}/{late['id']}/submit", {})) == {("/reason", "missing")}
    await move(manager, late, "submit", reason="The mayor was ill.")
    steps = (await manager.get(f"{PROPOSALS}/{late['id']}/transitions", params={"count": "true"})).json()
    assert [(step["before"], step["status"], step["reason"]) for step in steps["items"]] == [
        (None, "draft", None), ("draft", "submitted", "The mayor was ill."),
    ]  # fmt: skip
    assert (steps["total"], steps["items"][0]["at"]) == (2, "2023-09-11T00:00:00Z")


async def test_edition_without_a_call_or_that_is_over_takes_none(
    client: Client, organizer: Client, city: dict[str, Any]
) -> None:
    dina = await client.as_person("dina@city.example")
    assert (await client.get(CALL)).status_code == 404
    for caller in (dina, organizer):
        assert (await caller.post(PROPOSALS, proposal_fields(city))).json()["code"] == "call_closed"
    await put_call(organizer)
    await organizer.made("/v1/editions/grf-2023/cancel", None)
    assert (await dina.post(PROPOSALS, proposal_fields(city))).json()["code"] == "call_closed"


async def test_entity_leads_no_more_than_the_call_allows(
    client: Client, dina: Client, manager: Client, city: dict[str, Any]
) -> None:
    first = await make_proposal(dina, city)
    other = await client.as_person("bo@city.example")
    second = await make_proposal(other, city, "draft", contact={"email": "bo@city.example"})

    assert await refused(other, second, "submit") == (409, "proposal_exists", first["id"])
    await move(manager, first, "reject", reason="Full.")
    await move(other, second, "submit")
    assert await refused(manager, first, "reopen") == (409, "proposal_exists", second["id"])
    await put_call(manager, max_per_entity=2)
    assert (await move(manager, first, "reopen"))["reason"] is None
    assert (await move(other, second, "withdraw"))["status"] == "withdrawn"


async def race(client: Client, manager: Client, city: dict[str, Any]) -> list[int]:
    """What eight people are answered who submit for one entity, which may lead two, at once."""
    await put_call(manager, max_per_entity=2)
    people = [await client.as_person(f"p{number}@city.example") for number in range(8)]
    drafts = [
        await make_proposal(one, city, "draft", contact={"email": f"p{n}@city.example"}) for n, one in enumerate(people)
    ]
    pairs = zip(people, drafts, strict=True)
    answers = await asyncio.gather(*(one.post(f"{PROPOSALS}/{draft['id']}/submit", {}) for one, draft in pairs))
    return sorted(answer.status_code for answer in answers)


async def test_race_for_the_places_of_one_entity(client: Client, manager: Client, city: dict[str, Any]) -> None:
    assert await race(client, manager, city) == [200] * 2 + [409] * 6


async def test_race_without_the_rule_is_decided_by_the_database(
    client: Client, manager: Client, city: dict[str, Any], monkeypatch: pytest.MonkeyPatch, conn: Connection
) -> None:
    async def nobody(*_: Any) -> None:
        """The rule, taken out."""

    monkeypatch.setattr(moves, "_require_room", nobody)

    assert await race(client, manager, city) == [200] * 2 + [409] * 6

    assert await conn.fetchval("SELECT count(*) FROM proposals WHERE status = 'submitted'") == 2
