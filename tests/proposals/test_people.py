"""What proposals hold of people and entities: what follows a merge of entities, and what is forgotten."""

from datetime import UTC, datetime
from typing import Any

from forum.db import Connection
from forum.proposals import service
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_entity
from tests.privacy.test_erasure import traces
from tests.proposals.conftest import PROPOSALS, make_proposal, move, read
from tests.proposals.test_scores import put_score


async def test_proposals_follow_an_entity_that_was_merged(
    dina: Client, manager: Client, organizer: Client, city: dict[str, Any]
) -> None:
    kept, partner = [await make_entity(organizer, name) for name in ("Ville de Probe", "Partner")]
    speaker = {"display_name": "Amal Probe", "entity": city["id"]}
    led = await make_proposal(dina, city, organisers=[partner["id"], city["id"], kept["id"]], speakers=[speaker])
    rival = await make_proposal(dina, kept)
    await organizer.made(f"/v1/entities/{city['id']}/merge", {"into": kept["id"]})

    after = await read(dina, led)

    assert (after["lead_entity"], after["organisers"]) == (kept["id"], [partner["id"], kept["id"]])
    assert (after["speakers"][0]["entity"], after["version"]) == (kept["id"], led["version"] + 1)
    assert [(await read(dina, one))["status"] for one in (led, rival)] == ["submitted"] * 2
    refused = await dina.patch(f"{PROPOSALS}/{led['id']}", {"organisers": [kept["id"], city["id"]]})
    assert refused.status_code == 422
    assert (await move(manager, led, "accept"))["status"] == "accepted"


async def test_erased_person_leaves_their_entitys_proposal_without_them(
    client: Client, dina: Client, manager: Client, city: dict[str, Any], conn: Connection, edition: dict[str, Any]
) -> None:
    contact = {"name": "Zulaikha Quastel", "email": "Z.Quastel@city.example"}
    person = await client.as_role("programme_manager", edition["id"], "z.quastel@city.example")
    await put_score(person, await make_proposal(dina, city), 1, 1, comment="Quastel likes it")
    await conn.execute("DELETE FROM grants WHERE person_id = (SELECT id FROM persons WHERE email LIKE 'z.%')")
    other = await make_entity(await client.as_role("organizer", edition["id"]), "Other")
    draft = await make_proposal(person, city, "draft", contact=contact)
    mine = await make_proposal(person, other, contact=contact)
    await move(person, mine, "withdraw", reason="Quastel is ill")
    assert set(await traces(conn, "quastel")) == {
        "messages.recipient", "persons.email", "proposal_contacts.email", "proposal_contacts.name",
        "proposal_scores.comment", "proposal_transitions.reason",
    }  # fmt: skip

    shown = (await person.get("/v1/me/data")).json()["tables"]
    assert [len(shown[name]) for name in ("proposals", "proposal_contacts", "proposal_scores")] == [2, 2, 1]
    erased = await person.post("/v1/me/erasure", {"email": "z.quastel@city.example"})

    assert erased.json()["removed"] == {
        "persons": 1, "tokens": 1, "proposals": 2, "proposal_contacts": 2, "proposal_scores": 1,
        "proposal_transitions": 4, "messages": 1,
    }  # fmt: skip
    assert await traces(conn, "quastel") == {}
    assert (await manager.get(f"{PROPOSALS}/{draft['id']}")).status_code == 404
    assert (await read(manager, mine))["contact"] is None


async def test_forgotten_contact_is_given_anew_as_a_whole(
    manager: Client, city: dict[str, Any], conn: Connection
) -> None:
    mine = await make_proposal(manager, city)
    await conn.execute("DELETE FROM proposal_contacts")
    path = f"{PROPOSALS}/{mine['id']}"

    assert (await manager.patch(path, {"contact": {"language": "fr"}})).status_code == 422
    assert (await manager.patch(path, {"mode": "online"})).json()["contact"] is None
    await move(manager, mine, "shortlist")
    anew = await manager.patch(path, {"contact": {"name": "A", "email": "a@city.example"}})
    assert anew.json()["contact"] == {"name": "A", "email": "a@city.example", "language": "en"}


async def test_people_in_proposals_are_forgotten_90_days_after_the_edition(
    dina: Client, manager: Client, city: dict[str, Any], conn: Connection, clock: Timeline
) -> None:
    mine = await make_proposal(dina, city)
    await put_score(manager, mine, 1, 1, comment="Fine")

    async def held() -> tuple[Any, ...]:
        counts = [await conn.fetchval(f"SELECT count(*) FROM proposal_{name}") for name in ("contacts", "speakers")]
        return (*counts, await conn.fetchval("SELECT comment FROM proposal_scores"))

    await service.forget_particulars(conn, datetime(2024, 3, 14, 22, 59, tzinfo=UTC))  # the 90th day, in Zurich
    assert await held() == (1, 1, "Fine")
    await service.forget_particulars(conn, datetime(2024, 3, 14, 23, 0, tzinfo=UTC))
    assert await held() == (0, 0, None)
    assert (await read(manager, mine))["average_score"] is not None
