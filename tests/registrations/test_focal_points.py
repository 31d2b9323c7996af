"""Focal points: they look after the people of their own delegations, and nobody else is there for them."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.client import Client, pointers
from tests.factories import (
    REGISTRATIONS,
    make_delegation,
    make_edition,
    make_entity,
    make_registration,
    registration_fields,
)

DELEGATIONS = "/v1/editions/grf-2023/delegations"
NEEDS = "A chair by the aisle"


class Stage:
    """Two delegations with somebody in each, somebody in none, and the focal point of the first."""

    own: dict[str, Any]
    other: dict[str, Any]
    mine: dict[str, Any]
    theirs: dict[str, Any]
    alone: dict[str, Any]
    registrar: Client
    focal_point: Client


@pytest.fixture
async def stage(client: Client) -> Stage:
    """An edition in which staff reviews registrations."""
    edition = await make_edition(client, approval="review")
    made = Stage()
    made.registrar = await client.as_role("registrar", edition["id"])
    made.own, made.other = [
        await make_delegation(made.registrar, await make_entity(made.registrar, name)) for name in ("Own", "Other")
    ]
    frontend = await client.as_client(edition["id"], "registrations:create")
    fields = {"accessibility_needs": NEEDS, "consents": ["photography"], "country": "CH"}
    made.mine, made.theirs, made.alone = [
        await make_registration(frontend, email, delegation=delegation, **fields)
        for email, delegation in (
            ("mine@d.example", made.own["id"]),
            ("theirs@d.example", made.other["id"]),
            ("alone@d.example", None),
        )
    ]
    made.focal_point = await client.as_focal_point(made.own["id"], edition["id"])
    return made


def path(registration: dict[str, Any], rest: str = "") -> str:
    """Where a registration is."""
    return f"{REGISTRATIONS}/{registration['id']}{rest}"


async def test_focal_point_nominates_into_own_delegation(stage: Stage) -> None:
    fields = registration_fields("new@d.example", delegation=stage.own["id"], entity=stage.other["entity"])

    answer = await stage.focal_point.post(REGISTRATIONS, fields)

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["source"], made["status"], made["delegation"]) == ("focal_point", "submitted", stage.own["id"])
    assert (await stage.focal_point.get(path(made))).json() == made
    again = await stage.focal_point.post(REGISTRATIONS, fields, headers={"Idempotency-Key": "a"})
    assert (again.status_code, again.json()["id"]) == (409, made["id"])
    late = await stage.registrar.get(REGISTRATIONS, params={"source": "focal_point"})
    assert [one["id"] for one in late.json()["items"]] == [made["id"]]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "one"}], ids=["at the desk", "alone"])
async def test_nomination_elsewhere_is_refused_as_if_nothing_were_there(stage: Stage, key: dict[str, str]) -> None:
    async def nominate(email: str, delegation: str | None) -> httpx.Response:
        fields = registration_fields(email, delegation=delegation)
        return await stage.focal_point.post(REGISTRATIONS, fields, headers=key)

    other, unknown = await nominate("a@d.example", stage.other["id"]), await nominate("a@d.example", str(uuid4()))

    assert other.status_code == unknown.status_code == 404
    assert {**other.json()} == {**unknown.json()}
    key = dict.fromkeys(key, "two")
    assert (await nominate("a@d.example", None)).status_code == 403
    key = dict.fromkeys(key, "three")
    assert (await nominate("focal@staff.example", None)).json()["source"] == "self"


async def test_refusal_does_not_tell_which_registration_of_others_it_is(stage: Stage) -> None:
    for email in ("theirs@d.example", "alone@d.example"):
        for key in ({}, {"Idempotency-Key": email}):
            fields = registration_fields(email, delegation=stage.own["id"])
            answer = await stage.focal_point.post(REGISTRATIONS, fields, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (409, "already_registered")
            assert "id" not in answer.json()


async def test_list_count_and_tables_have_own_people_only(stage: Stage) -> None:
    page = (await stage.focal_point.get(REGISTRATIONS, params={"count": "true"})).json()
    mine = stage.mine | {"status_changed_at": stage.mine["created_at"]}
    assert (page["items"], page["total"]) == ([mine], 1)
    for query in ({"delegation": stage.other["id"]}, {"email": "theirs@d.example"}, {"q": "theirs"}):
        page = (await stage.focal_point.get(REGISTRATIONS, params={"count": "true"} | query)).json()
        assert (page["items"], page["total"]) == ([], 0)

    table = await stage.focal_point.get(REGISTRATIONS, params={"format": "csv"})
    counts = await stage.focal_point.get(f"{REGISTRATIONS}/counts", params={"by": "status"})

    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["email"] for row in rows] == ["mine@d.example"]
    assert NEEDS not in table.text
    assert (counts.json()["total"], len(counts.json()["items"])) == (1, 1)
    assert (await stage.registrar.get(REGISTRATIONS, params={"count": "true"})).json()["total"] == 3


async def test_focal_point_edits_but_moves_nobody_in_or_out(stage: Stage) -> None:
    edit = {"person": {"given_name": "Amal"}, "entity": stage.other["entity"], "country": "FR", "consents": []}

    changed = await stage.focal_point.patch(path(stage.mine), edit, version=1)
    refused = [
        await stage.focal_point.patch(path(stage.mine), change)
        for change in ({"delegation": None}, {"delegation": stage.other["id"]}, {"category": "state"})
    ]
    same = await stage.focal_point.patch(path(stage.mine), {"delegation": stage.own["id"], "category": "ngo"})

    assert changed.status_code == 200
    assert (changed.json()["person"]["given_name"], changed.json()["country"]) == ("Amal", "FR")
    assert [answer.status_code for answer in refused] == [403] * 3
    assert same.status_code == 200
    assert (await stage.registrar.get(path(stage.mine))).json()["delegation"] == stage.own["id"]


async def test_focal_point_approves_declines_and_withdraws_own_people(stage: Stage) -> None:
    second = await stage.focal_point.made(
        REGISTRATIONS, registration_fields("second@d.example", delegation=stage.own["id"])
    )

    assert (await stage.focal_point.made(path(stage.mine, "/approve"), {}))["status"] == "approved"
    assert (await stage.focal_point.made(path(second, "/decline"), {"reason": "Too many."}))["status"] == "declined"
    assert (await stage.focal_point.post(path(stage.mine, "/revoke"), {})).status_code == 403
    assert (await stage.focal_point.made(path(stage.mine, "/withdraw"), {}))["status"] == "withdrawn"
    steps = (await stage.focal_point.get(path(stage.mine, "/transitions"))).json()["items"]
    assert [step["status"] for step in steps] == ["submitted", "approved", "withdrawn"]


async def test_focal_point_approves_nobody_where_approval_is_automatic(client: Client, stage: Stage) -> None:
    admin = await client.as_role("admin")
    await admin.patch("/v1/editions/grf-2023", {"approval": "automatic"})

    refused = await stage.focal_point.post(path(stage.mine, "/approve"), {})

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    nominated = await stage.focal_point.made(
        REGISTRATIONS, registration_fields("auto@d.example", delegation=stage.own["id"])
    )
    assert nominated["status"] == "approved"
    assert (await stage.registrar.made(path(stage.mine, "/approve"), {}))["status"] == "approved"


async def test_focal_point_cannot_leave_the_quota_untouched(stage: Stage) -> None:
    fields = registration_fields("new@d.example", delegation=stage.own["id"], counts_against_quota=False)

    refused = await stage.focal_point.post(REGISTRATIONS, fields)

    assert pointers(refused) == {("/counts_against_quota", "not_allowed")}
    edited = await stage.focal_point.patch(path(stage.mine), {"counts_against_quota": False})
    assert edited.status_code == 403


async def test_windows_bind_focal_points(client: Client, stage: Stage) -> None:
    admin = await client.as_role("admin")
    await admin.made("/v1/editions/grf-2023/close", {})

    fields = registration_fields("late@d.example", delegation=stage.own["id"])
    answer = await stage.focal_point.post(REGISTRATIONS, fields)

    assert (answer.status_code, answer.json()["code"]) == (409, "registration_closed")


Operation = Callable[[Client, dict[str, Any]], Awaitable[httpx.Response]]
OPERATIONS: dict[str, Operation] = {
    "get_registration": lambda who, one: who.get(path(one)),
    "update_registration": lambda who, one: who.patch(path(one), {"country": "FR"}),
    "list_registration_transitions": lambda who, one: who.get(path(one, "/transitions")),
    "switch_registration_mode": lambda who, one: who.post(path(one, "/switch-mode"), {"mode": "online"}),
    "accept_registration_offer": lambda who, one: who.post(path(one, "/accept-offer")),
    "decline_registration_offer": lambda who, one: who.post(path(one, "/decline-offer")),
    "approve_registration": lambda who, one: who.post(path(one, "/approve"), {}),
    "decline_registration": lambda who, one: who.post(path(one, "/decline"), {}),
    "withdraw_registration": lambda who, one: who.post(path(one, "/withdraw"), {}),
}
"""The operations on one registration that a focal point may use."""


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_people_of_others_are_not_there(client: Client, stage: Stage, operation: str) -> None:
    other = await make_edition(client, slug="grf-other")
    strangers = [
        stage.focal_point,
        await client.as_role("organizer", other["id"], email="organizer@other.example"),
        await client.as_person("nobody@d.example"),
    ]
    absent = {"id": str(uuid4())}
    for stranger in strangers:
        for one in (stage.theirs, stage.alone):
            refused, unknown = [await OPERATIONS[operation](stranger, thing) for thing in (one, absent)]
            assert refused.json() == unknown.json()
            if stranger is stage.focal_point:
                assert refused.status_code == 404
            assert refused.status_code in (403, 404)
            assert NEEDS not in refused.text

    for one in (stage.theirs, stage.alone):
        assert (await stage.registrar.get(path(one))).json() == one
    answer = await OPERATIONS[operation](stage.focal_point, stage.mine)
    assert answer.status_code == (409 if "offer" in operation else 200), answer.text


async def test_operations_beyond_people_are_not_the_focal_points(stage: Stage) -> None:
    focal_point, at = stage.focal_point, "/v1/editions/grf-2023"
    badges = await focal_point.get(f"{at}/badges", params={"registration": stage.theirs["id"]})

    assert badges.json()["items"] == []
    assert (await focal_point.post(path(stage.theirs, "/revoke"), {})).status_code == 403
    assert (await focal_point.get(f"{at}/messages")).status_code == 403
    assert (await focal_point.get(f"{at}/grants")).status_code == 403
    assert (await focal_point.post(DELEGATIONS, {"entity": stage.own["entity"]})).status_code == 403
    assert (await focal_point.patch(f"{DELEGATIONS}/{stage.own['id']}", {"head": None})).status_code == 403
    assert (await focal_point.get(f"{DELEGATIONS}/{stage.other['id']}")).status_code == 404
    assert (await focal_point.get(DELEGATIONS, params={"count": "true"})).json()["total"] == 1


async def test_own_registration_elsewhere_is_read_and_withdrawn_but_not_approved(client: Client, stage: Stage) -> None:
    person = await stage.focal_point.made(REGISTRATIONS, registration_fields("focal@staff.example"))

    assert (await stage.focal_point.get(path(person))).json() == person
    assert (await stage.focal_point.post(path(person, "/approve"), {})).status_code == 403
    assert (await stage.focal_point.post(path(person, "/decline"), {})).status_code == 403
    assert (await stage.focal_point.patch(path(person), {"country": "FR"})).status_code == 403
    assert (await stage.focal_point.made(path(person, "/withdraw"), {}))["status"] == "withdrawn"


async def test_focal_point_of_one_edition_is_a_stranger_to_another(client: Client, stage: Stage) -> None:
    await make_edition(client, slug="grf-other")
    await make_edition(client, "draft", slug="hidden")

    assert (await stage.focal_point.get("/v1/editions/grf-other/registrations")).status_code == 403
    assert (await stage.focal_point.get("/v1/editions/hidden/registrations")).status_code == 404
    elsewhere = await stage.focal_point.get(f"/v1/editions/grf-other/registrations/{stage.mine['id']}")
    assert elsewhere.status_code == 404
    listed = (await stage.focal_point.get("/v1/editions")).json()["items"]
    assert [edition["slug"] for edition in listed] == ["grf-2023", "grf-other"]
