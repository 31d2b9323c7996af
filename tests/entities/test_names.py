"""The names that an entity goes by: found by any of them, and nobody else's in its category."""

import asyncio
from typing import Any

import asyncpg
import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import make_entity

ENTITIES = "/v1/entities"
NAMES = ["Côte d’Ivoire", "Ivory Coast", "كوت ديفوار"]


async def make_state(registrar: Client, name: str = "Republic of Côte d'Ivoire", **fields: Any) -> dict[str, Any]:
    """A State with alternative names."""
    return await make_entity(registrar, name, **({"category": "state", "alternative_names": NAMES} | fields))


async def found(client: Client, **query: str) -> list[str]:
    """The names of the entities that a list has."""
    page = (await client.get(ENTITIES, params=query | {"count": "true"})).json()
    assert page["total"] == len(page["items"])
    return [item["name"] for item in page["items"]]


async def test_alternative_names_are_kept_in_order_and_replaced_as_a_list(client: Client, registrar: Client) -> None:
    state = await make_state(registrar)
    path = f"{ENTITIES}/{state['id']}"

    changed = await registrar.patch(path, {"alternative_names": ["RCI"]}, version=1)
    other = await make_entity(registrar, "Ivory Coast", category="state")

    assert state["alternative_names"] == NAMES
    assert changed.json() == state | {"alternative_names": ["RCI"], "version": 2}
    assert (await client.get(path)).json() == changed.json()
    assert other["alternative_names"] == []


@pytest.mark.parametrize("words", ["ivory", "COTE d'ivoire", "coast IVORY", "كوت", "republic"])
async def test_entity_is_found_by_any_name_in_any_spelling(client: Client, registrar: Client, words: str) -> None:
    await make_state(registrar)
    await make_entity(registrar, "Ivory Trade Watch of Coasts without", category="other")

    assert "Republic of Côte d'Ivoire" in await found(client, q=words)
    assert await found(client, q=words, category="state") == ["Republic of Côte d'Ivoire"]


async def test_words_must_stand_in_one_name(client: Client, registrar: Client) -> None:
    await make_state(registrar)

    assert await found(client, q="republic coast") == await found(client, q="100%") == []
    assert await found(client, name="Ivory") == []
    assert pointers(await client.get(ENTITIES, params={"q": " "})) == {("q", "bad_parameter")}


async def test_name_of_one_entity_is_no_other_name_in_its_category(registrar: Client) -> None:
    state = await make_state(registrar)
    other = await make_entity(registrar, "Ghana", category="state", alternative_names=["Gold Coast"])

    answers = [
        await registrar.post(ENTITIES, {"name": "IVORY  COAST".replace("  ", " "), "category": "state"}),
        await registrar.post(ENTITIES, {"name": "New", "category": "state", "alternative_names": ["cote d'ivoire"]}),
        await registrar.patch(f"{ENTITIES}/{other['id']}", {"alternative_names": ["Republic of Cote d'Ivoire"]}),
        await registrar.patch(f"{ENTITIES}/{other['id']}", {"name": "ivory coast"}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"], answer.json()["id"]) == (409, "entity_exists", state["id"])
    assert (await registrar.get(f"{ENTITIES}/{other['id']}")).json() == other
    assert (await registrar.post(ENTITIES, {"name": "Ivory Coast", "category": "ngo"})).status_code == 201


async def test_name_that_stands_twice_is_named(registrar: Client) -> None:
    body = {"name": "Genève", "category": "state", "alternative_names": ["Geneva", "geneve", "GENEVA"]}

    assert pointers(await registrar.post(ENTITIES, body)) == {
        ("/alternative_names/1", "duplicate"),
        ("/alternative_names/2", "duplicate"),
    }
    wrong = body | {"alternative_names": ["\u0007", "x" * 301, 5]}
    assert pointers(await registrar.post(ENTITIES, wrong)) == {
        ("/alternative_names/0", "control_character"),
        ("/alternative_names/1", "too_long"),
        ("/alternative_names/2", "wrong_type"),
    }


async def test_category_is_one_of_the_vocabulary(registrar: Client) -> None:
    entity = await make_entity(registrar, "Ghana", category="state")
    body = {"name": "Black Pearl", "category": "pirates"}

    assert pointers(await registrar.post(ENTITIES, body)) == {("/category", "unknown_value")}
    path = f"{ENTITIES}/{entity['id']}"
    assert pointers(await registrar.patch(path, {"category": "pirates"})) == {("/category", "unknown_value")}


async def test_simultaneous_makers_of_one_name_leave_one_entity(registrar: Client, conn: Connection) -> None:
    bodies = [{"name": f"City {n}", "category": "ngo", "alternative_names": ["Ville"]} for n in range(8)]

    answers = await asyncio.gather(*(registrar.post(ENTITIES, body) for body in bodies))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert await conn.fetchval("SELECT count(*) FROM entities") == 1


async def test_database_itself_holds_each_name_once(registrar: Client, conn: Connection) -> None:
    state = await make_state(registrar)
    other = await make_entity(registrar, "Ghana", category="state")

    with pytest.raises(asyncpg.UniqueViolationError, match="entity_names_one_per_category"):
        await conn.execute(
            "UPDATE entities SET alternative_names = '{COTE D''IVOIRE}' WHERE id::text = $1", other["id"]
        )
    await conn.execute("UPDATE entities SET category = 'ngo' WHERE id::text = $1", state["id"])
    assert await conn.fetchval("SELECT count(*) FROM entity_names WHERE category = 'ngo'") == 4
