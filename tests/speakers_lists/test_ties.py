"""What becomes of requests when entities, delegations and people go."""

import asyncio
from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client
from tests.factories import REGISTRATIONS, make_delegation, make_entity
from tests.speakers_lists.conftest import EDITION, Json, ask, line_of, list_of, make_list, move_on


@pytest.fixture
async def organizer(client: Client, edition: Json) -> Client:
    """Somebody who may merge entities and erase people."""
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def requests(manager: Client, plenary: Json) -> str:
    """Where the requests for the floor of the plenary are, in a published list."""
    await make_list(manager, plenary, published=True)
    return f"{list_of(plenary)}/requests"


@pytest.mark.parametrize(
    ("moves", "left"),
    [
        ((), {"gone": "withdrawn", "kept": "accepted"}),
        (("gone", "start"), {"gone": "started", "kept": "withdrawn"}),
        (("kept", "start"), {"gone": "withdrawn", "kept": "started"}),
        (("gone", "start", "stop"), {"gone": "spoke", "kept": "accepted"}),
        (("kept", "absent"), {"gone": "accepted", "kept": "absent"}),
    ],
)
async def test_two_entities_that_are_one_wait_once(
    manager: Client, organizer: Client, requests: str, plenary: Json, moves: tuple[str, ...], left: dict[str, str]
) -> None:
    entities = {name: await make_entity(organizer, name) for name in ("gone", "kept")}
    delegations = {name: await make_delegation(organizer, entity) for name, entity in entities.items()}
    made = {name: await ask(manager, plenary, name, delegation=delegations[name]["id"]) for name in entities}
    await ask(manager, plenary, "behind", "other")
    if moves:
        await move_on(manager, plenary, made[moves[0]], *moves[1:])

    merge = {"into": entities["kept"]["id"]}
    await organizer.made(f"/v1/entities/{entities['gone']['id']}/merge", merge)

    now = {name: (await manager.get(f"{requests}/{one['id']}")).json() for name, one in made.items()}
    assert {name: one["status"] for name, one in now.items()} == left
    assert {(one["entity"], one["delegation"]) for one in now.values()} == {
        (entities["kept"]["id"], delegations["kept"]["id"])
    }
    await ask(manager, plenary, "last", "other")  # places are without a gap again
    assert (await line_of(manager, plenary))[-2:] == ["behind", "last"]


async def test_delegation_that_goes_leaves_the_request_of_its_entity(
    manager: Client, organizer: Client, requests: str, plenary: Json, chad: Json
) -> None:
    made = await ask(manager, plenary, delegation=chad["id"])

    assert (await organizer.delete(f"{EDITION}/delegations/{chad['id']}")).status_code == 204

    there = (await manager.get(f"{requests}/{made['id']}")).json()
    assert (there["entity"], there["delegation"], there["status"]) == (chad["entity"], None, "accepted")


async def test_of_who_is_erased_stays_that_a_delegation_spoke(
    client: Client, manager: Client, organizer: Client, delegate: Client, requests: str, plenary: Json, chad: Json,
    conn: Connection,
) -> None:  # fmt: skip
    body = {"rank": "minister", "language": "en", "needs_more_time": True}
    made = await delegate.made(requests, body)
    await organizer.patch(f"{REGISTRATIONS}/{made['registration']}", {"consents": ["publish_name"]})
    await move_on(manager, plenary, made, "accept", "start", "stop")
    text = {"If-Match": "*", "Content-Type": "text/plain"}
    path = f"{requests}/{made['id']}/statement"
    await manager.request("PUT", path, content=b"We pledge.", headers=text, params={"published": "true"})
    assert (await client.get(f"{list_of(plenary)}/live")).json()["items"][0]["name"] == "Amina Probe"

    erased = await organizer.made(f"{REGISTRATIONS}/{made['registration']}/erase", {"reason": "asked_by_the_person"})

    item = (await client.get(f"{list_of(plenary)}/live")).json()["items"][0]
    assert (item["name"], item["entity"], item["status"]) == (None, chad["entity"], "spoke")
    there = (await manager.get(f"{requests}/{made['id']}")).json()
    assert (there["name"], there["needs_more_time"], there["allotted_seconds"]) == ("erased", False, 240)
    assert (await client.get(path)).content == b"We pledge."
    record = {"rows": 1, "basis": "official_record"}
    assert [erased["kept"][name] for name in ("speaking_requests", "speaking_statements")] == [record] * 2
    assert (
        await conn.fetchval("SELECT count(*) FROM speaking_requests WHERE needs_more_time OR reason IS NOT NULL") == 0
    )


async def test_people_who_go_and_staff_who_moves_them_do_not_wait_for_each_other(
    manager: Client, organizer: Client, requests: str, plenary: Json, chad: Json, client: Client
) -> None:
    entity = [await make_entity(organizer, f"City {n}") for n in range(6)]
    people = [
        await organizer.made(REGISTRATIONS, {
            "person": {"family_name": f"P{n}", "email": f"p{n}@delegates.example"}, "category": "ngo",
            "mode": "in_person", "entity": entity[n]["id"],
        })
        for n in range(6)
    ]  # fmt: skip
    made = [await ask(manager, plenary, None, "other", registration=one["id"]) for one in people]
    fixed = [await ask(manager, plenary, f"stays {n}", "other") for n in range(6)]

    def work(n: int) -> Any:
        return [
            organizer.post(f"{REGISTRATIONS}/{people[n]['id']}/withdraw"),
            manager.post(f"{requests}/{made[n]['id']}/move", {"position": 12, "reason": "x"}),
            manager.post(f"{requests}/{fixed[n]['id']}/move", {"position": 1, "reason": "x"}),
            organizer.post(f"/v1/entities/{entity[n]['id']}/merge", {"into": chad["entity"]}),
            manager.post(
                requests, {"rank": "minister", "language": "en", "entity": entity[n]["id"], "display_name": "M"}
            ),
        ]

    answers = await asyncio.gather(*(request for n in range(6) for request in work(n)))

    assert {answer.status_code for answer in answers} <= {200, 201, 409, 422}
    assert [answer.status_code for answer in answers[::5]] == [200] * 6
    await ask(manager, plenary, "last", "other")
    names = await line_of(manager, plenary)
    assert {f"stays {n}" for n in range(6)} <= set(names)
    assert not [name for name in names if name.startswith("P")]
