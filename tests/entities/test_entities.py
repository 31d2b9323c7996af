"""Entities, which come back edition after edition, and their delegations."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.client import Client, pointers
from tests.factories import make_edition

ENTITIES, DELEGATIONS = "/v1/entities", "/v1/editions/grf-2023/delegations"


@pytest.fixture
async def registrar(client: Client) -> Client:
    """A registrar of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("registrar", edition["id"])


async def make_entity(registrar: Client, name: str, category: str = "ngo", **fields: Any) -> dict[str, Any]:
    """An entity."""
    return await registrar.made(ENTITIES, {"name": name, "category": category} | fields)


async def test_entity_is_kept_as_given_and_seen_by_all(client: Client, registrar: Client) -> None:
    parent = await make_entity(registrar, "Union of Cities")
    body = {"name": "Genève", "category": "local_or_regional_government", "country": "CH", "external_id": "c-1"}

    answer = await registrar.post(ENTITIES, body | {"parent": parent["id"]})

    entity = answer.json()
    assert entity == body | {"id": entity["id"], "alternative_names": [], "parent": parent["id"], "version": 1}
    assert answer.headers["Location"] == f"{ENTITIES}/{entity['id']}"
    assert (await client.get(f"{ENTITIES}/{entity['id']}")).json() == entity
    assert (await client.get(f"{ENTITIES}/{uuid4()}")).status_code == 404


async def test_entity_with_many_faults_is_refused_with_each(registrar: Client) -> None:
    structure = await registrar.post(ENTITIES, {"name": "\u0000", "category": "N G O", "country": "ch", "size": 1})
    reference = await registrar.post(ENTITIES, {"name": "A", "category": "ngo", "parent": str(uuid4())})

    assert pointers(structure) == {
        ("/name", "control_character"),
        ("/category", "bad_format"),
        ("/country", "bad_format"),
        ("/size", "unknown_field"),
    }
    assert pointers(reference) == {("/parent", "unknown_reference")}


async def test_name_is_unique_in_its_category_and_the_refusal_names_the_other(registrar: Client) -> None:
    first = await make_entity(registrar, "Städte", external_id="e-1")
    await make_entity(registrar, "Städte", "state")
    other = await make_entity(registrar, "Other")

    again = await registrar.post(ENTITIES, {"name": "STÄDTE", "category": "ngo"})
    into = await registrar.patch(f"{ENTITIES}/{other['id']}", {"name": "städte"})
    external = await registrar.post(ENTITIES, {"name": "Third", "category": "ngo", "external_id": "e-1"})

    for answer in (again, into):
        assert (answer.status_code, answer.json()["code"], answer.json()["id"]) == (409, "entity_exists", first["id"])
    assert (external.status_code, external.json()["code"]) == (409, "external_id_taken")
    assert (await registrar.patch(f"{ENTITIES}/{first['id']}", {"name": "STÄDTE"})).json()["version"] == 2


async def test_simultaneous_makers_of_one_entity_learn_its_id(registrar: Client) -> None:
    body = {"name": "Cities", "category": "ngo"}

    answers = await asyncio.gather(*(registrar.post(ENTITIES, body) for _ in range(12)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_patch_merges_clears_and_needs_the_version_that_was_read(registrar: Client) -> None:
    entity = await make_entity(registrar, "Cities", country="CH")
    path = f"{ENTITIES}/{entity['id']}"

    changed = await registrar.patch(path, {"country": None, "external_id": "x"}, version=1)

    assert changed.json() == entity | {"country": None, "external_id": "x", "version": 2}
    assert changed.headers["ETag"] == '"2"'
    assert (await registrar.patch(path, {"country": "FR"}, version=1)).status_code == 412
    assert (await registrar.request("PATCH", path, json={"country": "FR"})).status_code == 428
    assert pointers(await registrar.patch(path, {"name": None})) == {("/name", "wrong_type")}
    assert (await registrar.get(path)).json() == changed.json()


async def test_entity_cannot_lie_inside_itself(registrar: Client) -> None:
    outer = await make_entity(registrar, "Outer")
    middle = await make_entity(registrar, "Middle", parent=outer["id"])
    inner = await make_entity(registrar, "Inner", parent=middle["id"])

    for parent in (outer, middle, inner):
        answer = await registrar.patch(f"{ENTITIES}/{outer['id']}", {"parent": parent["id"]})
        assert pointers(answer) == {("/parent", "cyclic_parent")}
    assert (await registrar.patch(f"{ENTITIES}/{inner['id']}", {"parent": outer["id"]})).status_code == 200


async def test_entities_are_listed_with_filters_and_cursor(client: Client, registrar: Client) -> None:
    made = [
        await make_entity(registrar, "Ville de Genève", "local_or_regional_government", country="CH"),
        await make_entity(registrar, "100% Youth_", country="KE"),
        await make_entity(registrar, "Kenya", "state", country="KE"),
    ]

    async def listed(**query: str) -> list[dict[str, Any]]:
        page = (await client.get(ENTITIES, params=query | {"count": "true"})).json()
        assert page["total"] == len(page["items"])
        items: list[dict[str, Any]] = page["items"]
        return items

    assert await listed() == made
    assert await listed(category="state") == made[2:]
    assert await listed(country="KE") == made[1:]
    assert await listed(name="GENÈVE") == made[:1]
    assert await listed(name="%") == await listed(name="youth_") == made[1:2]
    assert await listed(name="nobody") == []
    first = (await client.get(ENTITIES, params={"limit": "2"})).json()
    second = (await client.get(ENTITIES, params={"limit": "2", "cursor": first["next_cursor"]})).json()
    assert first["items"] + second["items"] == made


async def test_delegation_is_one_for_each_entity_and_the_refusal_names_it(client: Client, registrar: Client) -> None:
    entity = await make_entity(registrar, "Kenya", "state")

    answers = await asyncio.gather(*(registrar.post(DELEGATIONS, {"entity": entity["id"]}) for _ in range(8)))

    (made,) = [answer.json() for answer in answers if answer.status_code == 201]
    named = {"entity": entity["id"], "entity_name": "Kenya", "entity_category": "state", "entity_country": None}
    quotas = {"in_person_quota": None, "online_quota": None}
    assert made == named | quotas | {"id": made["id"], "head": None, "version": 1}
    refusals = [answer.json() for answer in answers if answer.status_code != 201]
    assert [(refusal["code"], refusal["id"]) for refusal in refusals] == [("delegation_exists", made["id"])] * 7
    assert (await registrar.get(f"{DELEGATIONS}/{made['id']}")).json() == made | {"people": [], "focal_points": []}
    assert (await registrar.get(DELEGATIONS, params={"entity": entity["id"]})).json()["items"] == [made]
    assert pointers(await registrar.post(DELEGATIONS, {"entity": str(uuid4())})) == {("/entity", "unknown_reference")}
    other = await make_edition(client, slug="grf-other")
    elsewhere = await client.as_role("registrar", other["id"], email="other@staff.example")
    assert (await elsewhere.get(f"/v1/editions/grf-other/delegations/{made['id']}")).status_code == 404
    assert (await elsewhere.get(DELEGATIONS)).status_code == 403
    second = await elsewhere.post("/v1/editions/grf-other/delegations", {"entity": entity["id"]})
    assert second.status_code == 201


async def test_only_who_registers_or_takes_pledges_makes_entities(client: Client, registrar: Client) -> None:
    edition = (await client.get("/v1/editions/grf-2023")).json()
    body = {"name": "Cities", "category": "ngo"}

    for role in ("analyst", "programme_manager", "checkin_staff"):
        assert (await (await client.as_role(role, edition["id"])).post(ENTITIES, body)).status_code == 403
    assert (await client.post(ENTITIES, body)).status_code == 401
    officer = await client.as_role("pledge_officer", edition["id"])
    assert (await officer.post(ENTITIES, body)).status_code == 201
