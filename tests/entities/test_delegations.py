"""Delegations: who leads them, who is in them, how they are found, and when they can go."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import REGISTRATIONS, make_delegation, make_edition, make_entity, make_registration

DELEGATIONS = "/v1/editions/grf-2023/delegations"


@pytest.fixture
async def kenya(registrar: Client) -> dict[str, Any]:
    """The delegation of Kenya."""
    state = await make_entity(registrar, "Kenya", category="state", country="KE", alternative_names=["كينيا"])
    return await make_delegation(registrar, state)


async def test_head_is_an_active_registration_of_the_delegation(registrar: Client, kenya: dict[str, Any]) -> None:
    own = await make_registration(registrar, "head@ke.example", delegation=kenya["id"])
    other = await make_registration(registrar, "other@ke.example")
    gone = await make_registration(registrar, "gone@ke.example", delegation=kenya["id"])
    await registrar.made(f"{REGISTRATIONS}/{gone['id']}/withdraw", {})
    path = f"{DELEGATIONS}/{kenya['id']}"

    refused = [await registrar.patch(path, {"head": head}) for head in (other["id"], gone["id"], str(uuid4()))]
    named = await registrar.patch(path, {"head": own["id"]}, version=1)
    kept = await registrar.patch(path, {}, version=2)
    cleared = await registrar.patch(path, {"head": None}, version=3)

    for answer in refused:
        assert pointers(answer) == {("/head", "unknown_reference")}
    assert named.json() == kenya | {"head": own["id"], "version": 2}
    assert named.headers["ETag"] == '"2"'
    assert (kept.json()["head"], cleared.json()["head"]) == (own["id"], None)
    assert (await registrar.patch(path, {"head": own["id"]}, version=1)).status_code == 412
    assert pointers(await registrar.patch(path, {"entity": str(uuid4())})) == {("/entity", "unknown_field")}


@pytest.mark.parametrize("step", ["withdraw", "revoke", "leave"])
async def test_who_takes_part_no_more_leads_no_more(registrar: Client, kenya: dict[str, Any], step: str) -> None:
    head = await make_registration(registrar, delegation=kenya["id"])
    path, registration = f"{DELEGATIONS}/{kenya['id']}", f"{REGISTRATIONS}/{head['id']}"
    await registrar.patch(path, {"head": head["id"]})

    if step == "leave":
        assert (await registrar.patch(registration, {"delegation": None})).status_code == 200
    else:
        await registrar.made(f"{registration}/{step}", {})

    after = (await registrar.get(path)).json()
    assert (after["head"], after["version"]) == (None, 3)


async def test_head_who_withdraws_at_that_moment_is_not_left_as_head(registrar: Client, kenya: dict[str, Any]) -> None:
    path = f"{DELEGATIONS}/{kenya['id']}"
    for number in range(6):
        head = await make_registration(registrar, f"p{number}@ke.example", mode="online", delegation=kenya["id"])
        withdraw = registrar.post(f"{REGISTRATIONS}/{head['id']}/withdraw", {})
        named, withdrawn = await asyncio.gather(registrar.patch(path, {"head": head["id"]}), withdraw)

        assert withdrawn.status_code == 200
        assert named.status_code in (200, 422)
        assert (await registrar.get(path)).json()["head"] is None


async def test_people_are_counted_for_who_may_list_them(
    client: Client, edition: dict[str, Any], registrar: Client, kenya: dict[str, Any]
) -> None:
    path = f"{DELEGATIONS}/{kenya['id']}"
    for number, mode in enumerate(["in_person", "in_person", "online", "online"]):
        made = await make_registration(registrar, f"p{number}@ke.example", mode=mode, delegation=kenya["id"])
    await registrar.made(f"{REGISTRATIONS}/{made['id']}/withdraw", {})
    await make_registration(registrar, "elsewhere@ke.example")
    focal_point = await client.as_focal_point(kenya["id"], edition["id"])
    frontend = await client.as_client(edition["id"], "registrations:create")

    told = (await registrar.get(path)).json()

    assert told["people"] == [
        {"mode": "in_person", "status": "approved", "count": 2},
        {"mode": "online", "status": "approved", "count": 1},
        {"mode": "online", "status": "withdrawn", "count": 1},
    ]
    assert [point["email"] for point in told["focal_points"]] == ["focal@staff.example"]
    assert (await focal_point.get(path)).json() == told
    assert (await frontend.get(path)).json() == told | {"people": None, "focal_points": None}


async def test_delegations_are_listed_with_filters(registrar: Client, kenya: dict[str, Any]) -> None:
    nairobi = await make_delegation(registrar, await make_entity(registrar, "Nairobi City", country="KE"))
    ghana = await make_delegation(registrar, await make_entity(registrar, "Ghana", category="state", country="GH"))

    async def listed(**query: str) -> list[dict[str, Any]]:
        page = (await registrar.get(DELEGATIONS, params=query | {"count": "true"})).json()
        assert page["total"] == len(page["items"])
        items: list[dict[str, Any]] = page["items"]
        return items

    assert await listed() == [kenya, nairobi, ghana]
    assert await listed(category="state") == [kenya, ghana]
    assert await listed(country="KE") == [kenya, nairobi]
    assert await listed(category="state", country="KE") == await listed(q="كينيا") == [kenya]
    assert await listed(entity=ghana["entity"]) == await listed(q="GHÁNA") == [ghana]
    assert await listed(q="nobody") == []
    first = (await registrar.get(DELEGATIONS, params={"limit": "2"})).json()
    second = (await registrar.get(DELEGATIONS, params={"limit": "2", "cursor": first["next_cursor"]})).json()
    assert first["items"] + second["items"] == [kenya, nairobi, ghana]


async def test_delegation_goes_only_when_nobody_belongs_to_it(
    client: Client, edition: dict[str, Any], registrar: Client, kenya: dict[str, Any], conn: Connection
) -> None:
    path = f"{DELEGATIONS}/{kenya['id']}"
    focal_point = await client.as_focal_point(kenya["id"], edition["id"])
    member = await make_registration(registrar, delegation=kenya["id"])

    refused = await registrar.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "delegation_has_people")
    assert refused.json()["detail"].startswith("It has 1 registration,")
    await registrar.patch(f"{REGISTRATIONS}/{member['id']}", {"delegation": None})
    assert (await registrar.delete(path, version=7)).status_code == 412
    assert (await registrar.request("DELETE", path)).status_code == 428
    assert (await focal_point.delete(path)).status_code == 403
    assert (await registrar.delete(path, version=1)).status_code == 204

    assert (await registrar.get(path)).status_code == (await registrar.delete(path)).status_code == 404
    assert await conn.fetchval("SELECT count(*) FROM grants WHERE role = 'focal_point'") == 0
    assert (await focal_point.get(DELEGATIONS)).status_code == 403


async def test_delegation_of_another_edition_is_not_there(client: Client, kenya: dict[str, Any]) -> None:
    other = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("organizer", other["id"], email="stranger@staff.example")
    path = f"/v1/editions/grf-other/delegations/{kenya['id']}"

    answers = [
        await stranger.get(path),
        await stranger.patch(path, {"head": None}),
        await stranger.delete(path),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert (await stranger.get(f"{DELEGATIONS}/{kenya['id']}")).status_code == 403
