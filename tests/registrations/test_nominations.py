"""People who are registered by others: invited, put in somebody's place, or decided about by the dozen."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest

from forum.db import Connection, Pool
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_edition, make_registration, registration_fields
from tests.registrations.test_lines import EDITION, counters, expire, make_delegation, make_hall
from tests.registrations.test_places import fill, states

LATER = "2023-11-03T09:00:00Z"


async def test_many_are_decided_about_in_order_with_a_result_for_each(client: Client) -> None:
    edition = await make_edition(client, in_person_capacity=1, approval="review")
    registrar = await client.as_role("registrar", edition["id"])
    frontend = await client.as_client(edition["id"], "registrations:create")
    a, b, c = [path.rpartition("/")[2] for path in await fill(frontend, "a", "b", "c")]
    await registrar.post(f"{REGISTRATIONS}/{c}/decline")
    stranger = str(uuid4())

    body = {"decision": "approve", "registrations": [b, stranger, c, a]}
    answer = await registrar.post(f"{REGISTRATIONS}:decide", body)

    told = [(r["index"], r["status"], [e["code"] for e in r["errors"]]) for r in answer.json()["items"]]
    assert told == [
        (0, "updated", []),
        (1, "refused", ["not_found"]),
        (2, "refused", ["wrong_status"]),
        (3, "updated", []),
    ]
    assert {name: state[0] for name, state in (await states(registrar)).items()} == {
        "a": "waitlisted", "b": "approved", "c": "declined",
    }  # fmt: skip


async def test_more_decisions_than_a_thousand_are_refused(client: Client) -> None:
    _, registrar = await make_hall(client, 1)

    answer = await registrar.post(
        f"{REGISTRATIONS}:decide", {"decision": "approve", "registrations": [str(uuid4()) for _ in range(1001)]}
    )

    assert pointers(answer) == {("/registrations", "too_long")}


async def test_invitation_holds_a_place_that_is_accepted(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 1)
    invitation = {"registration": registration_fields("guest@delegates.example"), "expires_at": LATER}

    invited = await registrar.post(f"{REGISTRATIONS}:invite", invitation)
    newcomer = await make_registration(registrar, "a@delegates.example")
    second = await registrar.post(
        f"{REGISTRATIONS}:invite", invitation | {"registration": registration_fields("other@delegates.example")}
    )
    guest = await client.as_person("guest@delegates.example")
    accepted = await guest.post(f"{REGISTRATIONS}/{invited.json()['id']}/accept-offer")

    body = invited.json()
    assert (invited.status_code, body["status"], body["source"]) == (201, "waitlisted", "invitation")
    assert invited.headers["location"] == f"{REGISTRATIONS}/{body['id']}"
    assert (body["offer_expires_at"], body["waitlist_position"]) == (LATER, None)
    assert newcomer["status"] == "waitlisted"
    assert (second.status_code, second.json()["code"]) == (409, "no_place_free")
    assert accepted.json()["status"] == "approved"
    assert (await counters(conn))["in_person"] == (1, 0)


async def test_invitation_that_expires_gives_its_place_to_the_first_in_line(
    client: Client, conn: Connection, pool: Pool, clock: Timeline
) -> None:
    _, registrar = await make_hall(client, 1)
    invitation = {"registration": registration_fields("guest@delegates.example"), "expires_at": LATER}
    await registrar.post(f"{REGISTRATIONS}:invite", invitation)
    await fill(registrar, "a")

    clock.forward(hours=48)
    await expire(pool, clock)

    assert {name: state[0] for name, state in (await states(registrar)).items()} == {
        "guest": "withdrawn", "a": "approved",
    }  # fmt: skip
    assert (await counters(conn))["in_person"] == (1, 0)


async def test_invitation_in_the_past_or_of_who_is_registered_is_refused(client: Client) -> None:
    _, registrar = await make_hall(client, 5)
    there = await make_registration(registrar, "guest@delegates.example")
    new = registration_fields("guest@delegates.example")

    past = await registrar.post(f"{REGISTRATIONS}:invite", {"registration": new, "expires_at": "2023-11-01T09:00:00Z"})
    double = await registrar.post(f"{REGISTRATIONS}:invite", {"registration": new, "expires_at": LATER})

    assert pointers(past) == {("/expires_at", "in_the_past")}
    assert (double.status_code, double.json()["code"], double.json()["id"]) == (409, "already_registered", there["id"])


async def test_faults_of_the_registration_point_into_the_whole_body(client: Client) -> None:
    _, registrar = await make_hall(client, 5, mode="in_person")
    delegation = await make_delegation(registrar, 3)
    (leaving,) = await fill(registrar, "a", delegation=delegation)
    nowhere, unoffered = {"category": "nonsense", "entity": str(uuid4())}, {"mode": "online"}

    for changes, wrong in ((nowhere, ("category", "entity")), (unoffered, ("mode",))):
        new = registration_fields("guest@delegates.example", **changes)
        body = {"withdraw": leaving.rpartition("/")[2], "nominate": new}
        invited = await registrar.post(f"{REGISTRATIONS}:invite", {"registration": new, "expires_at": LATER})
        replaced = await registrar.post(f"{EDITION}/delegations/{delegation}/replace", body)
        assert {pointer for pointer, _ in pointers(invited)} == {f"/registration/{name}" for name in wrong}
        assert {pointer for pointer, _ in pointers(replaced)} == {f"/nominate/{name}" for name in wrong}


async def test_replacement_has_the_place_though_others_wait(client: Client, conn: Connection) -> None:
    organizer, registrar = await make_hall(client, 1, approval="review")
    delegation = await make_delegation(registrar, 1)
    (leaving,) = await fill(registrar, "a", delegation=delegation)
    await fill(registrar, "b")
    await organizer.patch(EDITION, {"registration": {"in_person": {"closes_at": "2023-10-01T00:00:00Z"}}})

    body = {"withdraw": leaving.rpartition("/")[2], "nominate": registration_fields("c@delegates.example")}
    answer = (await registrar.post(f"{EDITION}/delegations/{delegation}/replace", body)).json()

    assert (answer["withdrawn"]["status"], answer["nominated"]["status"]) == ("withdrawn", "approved")
    assert answer["nominated"]["delegation"] == delegation
    assert (await states(registrar))["b"] == ("waitlisted", "in_person", 1)
    assert await conn.fetchval("SELECT taken FROM quotas WHERE mode = 'in_person'") == 1
    assert (await counters(conn))["in_person"] == (1, 0)


async def test_place_that_a_replacement_does_not_need_goes_to_the_first_in_line(
    client: Client, conn: Connection
) -> None:
    _, registrar = await make_hall(client, 1)
    delegation = await make_delegation(registrar, 1)
    (leaving,) = await fill(registrar, "a", delegation=delegation)
    await fill(registrar, "b")

    nominated = registration_fields("c@delegates.example", mode="online")
    body = {"withdraw": leaving.rpartition("/")[2], "nominate": nominated}
    await registrar.post(f"{EDITION}/delegations/{delegation}/replace", body)

    assert (await states(registrar))["b"][0] == "approved"
    assert await counters(conn) == {"in_person": (1, 0), "online": (1, 0)}


@pytest.mark.parametrize("fault", ["registered", "withdrawn", "elsewhere", "category", "delegation"])
async def test_replacement_that_cannot_be_made_changes_nothing(client: Client, conn: Connection, fault: str) -> None:
    _, registrar = await make_hall(client, 5)
    delegation = await make_delegation(registrar, 3)
    (leaving,) = await fill(registrar, "a", delegation=delegation)
    await make_registration(registrar, "there@delegates.example")
    nominate = registration_fields("c@delegates.example")
    if fault == "registered":
        nominate = registration_fields("there@delegates.example")
    elif fault == "category":
        nominate["category"] = "nonsense"
    elif fault == "delegation":
        nominate["delegation"] = str(uuid4())
    elif fault == "withdrawn":
        await registrar.post(f"{leaving}/withdraw")
    place = f"{EDITION}/delegations/{uuid4() if fault == 'elsewhere' else delegation}/replace"
    before = await states(registrar)

    answer = await registrar.post(place, {"withdraw": leaving.rpartition("/")[2], "nominate": nominate})

    expected = {"registered": 409, "withdrawn": 409, "elsewhere": 404, "category": 422, "delegation": 422}
    assert answer.status_code == expected[fault], answer.text
    assert await states(registrar) == before


async def test_one_person_is_replaced_once_by_many_at_once(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 1)
    delegation = await make_delegation(registrar, 1)
    (leaving,) = await fill(registrar, "a", delegation=delegation)
    url, gone = f"{EDITION}/delegations/{delegation}/replace", leaving.rpartition("/")[2]

    answers = await asyncio.gather(
        *(
            registrar.post(url, {"withdraw": gone, "nominate": registration_fields(f"n{n}@delegates.example")})
            for n in range(20)
        )
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}
    assert (await counters(conn))["in_person"] == (1, 0)
    assert await conn.fetchval("SELECT count(*) FROM registrations") == 2


async def test_focal_point_replaces_and_decides_about_own_people_only(client: Client) -> None:
    organizer, registrar = await make_hall(client, 5, approval="review")
    own, other = await make_delegation(registrar, None), await make_delegation(registrar, None, "State of Chad")
    edition = (await organizer.get(EDITION)).json()
    focal_point = await client.as_focal_point(own, edition["id"])
    mine, stranger = await fill(registrar, "a", delegation=own), await fill(registrar, "b", delegation=other)
    ids = [path.rpartition("/")[2] for path in (*mine, *stranger)]

    replaced = await focal_point.post(
        f"{EDITION}/delegations/{own}/replace",
        {"withdraw": ids[0], "nominate": registration_fields("c@delegates.example")},
    )
    there = await focal_point.post(
        f"{EDITION}/delegations/{other}/replace",
        {"withdraw": ids[1], "nominate": registration_fields("d@delegates.example")},
    )
    decided = await focal_point.post(
        f"{REGISTRATIONS}:decide", {"decision": "decline", "registrations": [ids[1], str(uuid4())]}
    )

    assert (replaced.status_code, replaced.json()["nominated"]["source"]) == (200, "focal_point")
    assert replaced.json()["nominated"]["status"] == "approved"
    assert there.status_code == 404
    codes = [[error["code"] for error in result["errors"]] for result in decided.json()["items"]]
    assert codes == [["not_found"], ["not_found"]]
    assert (await states(registrar))["b"][0] == "approved"
