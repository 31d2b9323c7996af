"""Reserves: places of which one category is sure, until a date."""

from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.registrations import service
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_registration
from tests.registrations.test_lines import EDITION, counters, make_hall
from tests.registrations.test_places import fill, states

RESERVES = f"{EDITION}/reserves"


async def make_reserve(organizer: Client, places: int, **changes: Any) -> dict[str, Any]:
    """Places in the hall for refugee-led organizations."""
    fields = {"mode": "in_person", "category": "refugee_led", "places": places} | changes
    answer = await organizer.post(RESERVES, fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_reserved_places_are_left_for_their_category(client: Client, conn: Connection) -> None:
    organizer, registrar = await make_hall(client, 3)
    await make_reserve(organizer, 2)

    for name, category in (
        ("a", "ngo"),
        ("b", "ngo"),
        ("c", "refugee_led"),
        ("d", "refugee_led"),
        ("e", "refugee_led"),
    ):
        await fill(registrar, name, category=category)

    assert {name: state[0] for name, state in (await states(registrar)).items()} == {
        "a": "approved", "b": "waitlisted", "c": "approved", "d": "approved", "e": "waitlisted",
    }  # fmt: skip
    assert (await counters(conn))["in_person"] == (3, 0)
    assert (await organizer.get(RESERVES)).json()["items"][0]["taken"] == 2


async def test_place_of_the_category_returns_to_its_reserve(client: Client, conn: Connection) -> None:
    organizer, registrar = await make_hall(client, 2)
    await make_reserve(organizer, 1)
    await fill(registrar, "a", "b")
    (held,) = await fill(registrar, "c", category="refugee_led")

    await registrar.post(f"{held}/withdraw")

    assert (await states(registrar))["b"][0] == "waitlisted"
    assert (await counters(conn))["in_person"] == (1, 1)


@pytest.mark.parametrize("by", ["organizer", "clock", "fewer"])
async def test_released_places_go_to_who_waits(
    client: Client, conn: Connection, pool: Pool, clock: Timeline, by: str
) -> None:
    organizer, registrar = await make_hall(client, 3)
    reserve = await make_reserve(organizer, 2, release_at="2023-11-02T00:00:00Z")
    await fill(registrar, "a", "b", "c")
    path = f"{RESERVES}/{reserve['id']}"

    if by == "organizer":
        assert (await organizer.post(f"{path}/release")).json()["released_at"] == "2023-11-01T09:00:00Z"
    elif by == "fewer":
        assert (await organizer.patch(path, {"places": 1})).json()["places"] == 1
    else:
        clock.forward(hours=15)
        async with pool.acquire() as own, own.transaction():
            await service.release_due_reserves(own, clock())

    approved = [name for name, state in (await states(registrar)).items() if state[0] == "approved"]
    assert approved == (["a", "b"] if by == "fewer" else ["a", "b", "c"])
    assert (await counters(conn))["in_person"] == ((2, 1) if by == "fewer" else (3, 0))


async def test_more_than_is_free_cannot_be_reserved(client: Client, conn: Connection) -> None:
    organizer, registrar = await make_hall(client, 3)
    await fill(registrar, "a", "b")
    fields = {"mode": "in_person", "category": "refugee_led", "places": 2}

    answer = await organizer.post(RESERVES, fields)
    fits = await make_reserve(organizer, 1)
    again = await organizer.post(RESERVES, fields)
    raised = await organizer.patch(f"{RESERVES}/{fits['id']}", {"places": 2})

    assert [(a.status_code, a.json()["code"]) for a in (answer, again, raised)] == [
        (409, "no_place_free"),
        (409, "reserve_exists"),
        (409, "no_place_free"),
    ]
    assert (await counters(conn))["in_person"] == (2, 1)


async def test_category_cannot_change_at_the_cost_of_a_reserve(client: Client) -> None:
    organizer, registrar = await make_hall(client, 2)
    await make_reserve(organizer, 1)
    await fill(registrar, "a")
    (path,) = await fill(registrar, "b", category="refugee_led")

    answer = await registrar.patch(path, {"category": "ngo"})

    assert (answer.status_code, answer.json()["code"]) == (409, "no_place_free")
    assert (await registrar.get(path)).json()["category"] == "refugee_led"


async def test_lowered_capacity_keeps_people_and_what_is_reserved(client: Client, conn: Connection) -> None:
    organizer, registrar = await make_hall(client, 4)
    await make_reserve(organizer, 2)
    await fill(registrar, "a", "b")

    await organizer.patch(EDITION, {"in_person_capacity": 1})
    await make_registration(registrar, "c@delegates.example", category="refugee_led")
    await fill(registrar, "d")

    assert {name: state[0] for name, state in (await states(registrar)).items()} == {
        "a": "approved", "b": "approved", "c": "approved", "d": "waitlisted",
    }  # fmt: skip
    assert (await counters(conn))["in_person"] == (3, 1)


async def test_reserve_of_an_unknown_category_or_a_released_one_is_refused(client: Client) -> None:
    organizer, _ = await make_hall(client, 4)
    reserve = await make_reserve(organizer, 1)
    path = f"{RESERVES}/{reserve['id']}"
    await organizer.post(f"{path}/release")

    unknown = await organizer.post(RESERVES, {"mode": "in_person", "category": "nonsense", "places": 1})
    released = await organizer.post(f"{path}/release")
    changed = await organizer.patch(path, {"places": 2})

    assert pointers(unknown) == {("/category", "unknown_value")}
    assert {(a.status_code, a.json()["code"]) for a in (released, changed)} == {(409, "reserve_released")}
    assert (await make_reserve(organizer, 1))["id"] != reserve["id"]


async def test_reserves_are_listed_with_filters_and_total(client: Client) -> None:
    organizer, registrar = await make_hall(client, 4)
    hall, state = await make_reserve(organizer, 1), await make_reserve(organizer, 1, category="state")
    online = await make_reserve(organizer, 1, mode="online")
    await organizer.post(f"{RESERVES}/{state['id']}/release")

    async def found(**wanted: Any) -> list[str]:
        page = (await registrar.get(RESERVES, params={"count": "true"} | wanted)).json()
        assert page["total"] == len(page["items"])
        return [reserve["id"] for reserve in page["items"]]

    assert await found() == [hall["id"], state["id"], online["id"]]
    assert await found(mode="online") == [online["id"]]
    assert await found(category="state") == [state["id"]]
    assert await found(is_released="false") == [hall["id"], online["id"]]


async def test_organizer_of_another_edition_sees_no_reserve(client: Client) -> None:
    organizer, _ = await make_hall(client, 4)
    reserve = await make_reserve(organizer, 1)
    other = await make_edition(client, slug="grf-2027")
    stranger = await client.as_role("organizer", other["id"], "stranger@staff.example")

    answers = [
        await stranger.get(RESERVES),
        await stranger.get(f"{RESERVES}/{reserve['id']}"),
        await stranger.get(f"/v1/editions/grf-2027/reserves/{reserve['id']}"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 404]
