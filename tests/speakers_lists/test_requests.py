"""Who asks for the floor, when, for whom, and in what order they stand."""

import asyncio
import csv
import io
from uuid import uuid4

import pytest

from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    make_appearance,
    make_delegation,
    make_entity,
    make_registration,
    make_session,
    make_speaker,
)
from tests.speakers_lists.conftest import Json, ask, line_of, list_of, make_list, move_on

SELF = {"rank": "other", "language": "fr"}


@pytest.fixture
async def requests(manager: Client, plenary: Json) -> str:
    """Where the requests for the floor of the plenary are."""
    await make_list(manager, plenary)
    return f"{list_of(plenary)}/requests"


async def test_order_is_by_rank_and_then_by_time(manager: Client, requests: str, plenary: Json) -> None:
    asked = [("Other 1", "other"), ("Minister 1", "minister"), ("Crown prince", "deputy_head_of_state"),
             ("Minister 2", "minister"), ("King", "head_of_state"), ("Vice-minister", "vice_minister"),
             ("Prime minister", "head_of_government"), ("Other 2", "other"), ("Deputy", "deputy_head_of_government"),
             ("Head", "head_of_delegation")]  # fmt: skip
    for name, rank in asked:
        await ask(manager, plenary, name, rank)

    assert await line_of(manager, plenary) == [
        "King", "Crown prince", "Prime minister", "Deputy", "Minister 1", "Minister 2", "Vice-minister", "Head",
        "Other 1", "Other 2",
    ]  # fmt: skip


async def test_person_asks_for_themselves_and_waits_to_be_accepted(
    manager: Client, delegate: Client, requests: str, chad: Json, plenary: Json
) -> None:
    made = await delegate.made(requests, SELF | {"needs_more_time": True})

    assert made == {
        "id": made["id"], "position": 1, "status": "requested", "rank": "other", "language": "fr",
        "name": "Amina Probe", "public_name": None, "registration": made["registration"],
        "speaker": None, "appearance": None,
        "entity": chad["entity"], "entity_name": "Chad", "delegation": chad["id"], "on_behalf_of": None,
        "needs_more_time": True, "allotted_seconds": 240, "actual_seconds": None, "session": plenary["id"],
        "projected_at": "2023-12-13T08:00:00Z", "started_at": None, "ended_at": None, "moved_at": None, "reason": None,
        "requested_at": "2023-11-01T09:00:00Z", "statement": None, "version": 1, "warnings": [],
    }  # fmt: skip
    accepted = await move_on(manager, plenary, made, "accept")
    assert (accepted["status"], accepted["version"]) == ("accepted", 2)
    assert (await delegate.get(f"{requests}/{made['id']}")).json() == accepted


@pytest.mark.parametrize(("hours", "status"), [(-2, 409), (0, 201), (24 * 40, 409)])
async def test_others_than_the_staff_ask_only_while_the_list_is_open(
    client: Client, manager: Client, delegate: Client, requests: str, chad: Json, edition: Json,
    clock: Timeline, plenary: Json, hours: int, status: int,
) -> None:  # fmt: skip
    focal = await client.as_focal_point(chad["id"], edition["id"])
    clock.forward(hours=hours)

    answers = [
        await delegate.post(requests, SELF),
        await focal.post(requests, SELF | {"display_name": "Minister", "delegation": chad["id"]}),
    ]

    if status == 409:
        assert [(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in answers] == [
            (409, "list_not_open", "It opens at 2023-11-01T08:00:00Z and closes at 2023-12-01T12:00:00Z.")
        ] * 2
        assert (await ask(manager, plenary))["status"] == "accepted"
    else:
        first = answers[0].json()["id"]
        assert answers[0].status_code == 201
        assert [answers[1].json()[name] for name in ("status", "code", "id")] == [409, "already_on_list", first]


async def test_focal_point_asks_for_their_own_delegation_only(
    client: Client, registrar: Client, requests: str, chad: Json, edition: Json
) -> None:
    other = await make_delegation(registrar, await make_entity(registrar, "Niger", category="state"))
    foreign = await make_registration(registrar, "foreign@delegates.example", delegation=other["id"])
    own = await make_registration(registrar, "own@delegates.example", delegation=chad["id"])
    focal = await client.as_focal_point(chad["id"], edition["id"])

    def refused(**fields: object) -> dict[str, object]:
        return SELF | fields

    for body, faults in (
        (refused(display_name="X", delegation=other["id"]), {("/delegation", "unknown_reference")}),
        (refused(display_name="X"), {("/delegation", "missing")}),
        (refused(registration=foreign["id"]), {("/registration", "unknown_reference")}),
        (refused(display_name="X", entity=chad["entity"]), {("/entity", "staff_only"), ("/delegation", "missing")}),
        (refused(registration=own["id"], delegation=other["id"]),
         {("/delegation", "unknown_reference"), ("/registration", "not_of_delegation")}),
    ):  # fmt: skip
        assert pointers(await focal.post(requests, body)) == faults, body
    made = await focal.made(requests, refused(registration=own["id"]))
    assert (made["delegation"], made["name"], made["status"]) == (chad["id"], "Amina Probe", "requested")


async def test_who_has_no_approved_registration_cannot_ask(
    client: Client, manager: Client, registrar: Client, requests: str, plenary: Json, edition: Json
) -> None:
    stranger = await client.as_person("stranger@else.example")
    frontend = await client.as_client(edition["id"], "programme:read")

    assert (await stranger.post(requests, SELF)).status_code == 404
    await manager.patch(list_of(plenary), {"published": True})
    refused, machine = await stranger.post(requests, SELF), await frontend.post(requests, SELF)

    assert (refused.status_code, refused.json()["code"]) == (409, "registration_not_approved")
    assert machine.status_code == 403
    theirs = await make_registration(registrar, "theirs@delegates.example")
    assert pointers(await stranger.post(requests, SELF | {"registration": theirs["id"]})) == {
        ("/registration", "unknown_reference")
    }


async def test_staff_asks_for_anybody_once(manager: Client, registrar: Client, requests: str, plenary: Json) -> None:
    entity = await make_entity(registrar, "ICMC", category="ngo")
    speaker = await make_speaker(manager, entity=entity["id"], display_name="Sister Probe")
    appearance = await make_appearance(manager, plenary, speaker)
    made = await ask(manager, plenary, None, appearance=appearance["id"])
    assert (made["speaker"], made["entity"], made["name"]) == (speaker["id"], entity["id"], "Sister Probe")

    again = await manager.post(requests, SELF | {"display_name": "Another", "entity": entity["id"]})
    nobody = [await ask(manager, plenary, "No entity"), await ask(manager, plenary, "No entity")]

    assert (again.status_code, again.json()["code"], again.json()["id"]) == (409, "already_on_list", made["id"])
    assert len({request["id"] for request in nobody}) == 2
    await move_on(manager, plenary, made, "start", "stop")
    assert (await manager.post(requests, SELF | {"speaker": speaker["id"]})).json()["id"] == made["id"]


async def test_place_of_who_withdraws_is_free_for_their_delegation(
    manager: Client, delegate: Client, requests: str, plenary: Json
) -> None:
    first = await delegate.made(requests, SELF)
    await ask(manager, plenary, "Behind", "other")
    withdrawn = await delegate.made(f"{requests}/{first['id']}/withdraw", None)

    assert (withdrawn["status"], withdrawn["position"]) == ("withdrawn", None)
    assert await line_of(manager, plenary) == ["Behind"]
    second = await delegate.made(requests, SELF)
    back = await manager.post(f"{requests}/{first['id']}/accept")
    assert (back.status_code, back.json()["id"]) == (409, second["id"])
    again = await delegate.post(f"{requests}/{first['id']}/withdraw")
    assert (again.status_code, again.json()["allowed"]) == (409, ["accept"])


async def test_request_is_seen_by_the_staff_its_person_and_its_focal_point(
    client: Client, manager: Client, registrar: Client, delegate: Client, requests: str, chad: Json, edition: Json,
    plenary: Json,
) -> None:  # fmt: skip
    own = await delegate.made(requests, SELF)
    other = await make_delegation(registrar, await make_entity(registrar, "Niger", category="state"))
    elsewhere = await ask(manager, plenary, "Hidden", delegation=other["id"])
    await manager.patch(list_of(plenary), {"published": True})
    focal = await client.as_focal_point(chad["id"], edition["id"])
    stranger = await client.as_person("stranger@else.example")
    seen = {"delegate": delegate, "focal": focal, "stranger": stranger, "registrar": registrar, "manager": manager}

    async def ids(caller: Client) -> list[str]:
        page = (await caller.get(requests, params={"count": "true"})).json()
        assert page["total"] == len(page["items"])
        return [item["id"] for item in page["items"]]

    assert {name: await ids(caller) for name, caller in seen.items()} == {
        "delegate": [own["id"]], "focal": [own["id"]], "stranger": [], "registrar": [],
        "manager": [elsewhere["id"], own["id"]],
    }  # fmt: skip
    assert [(await caller.get(f"{requests}/{own['id']}")).status_code for caller in seen.values()] == [
        200, 200, 404, 404, 200,
    ]  # fmt: skip
    for caller in (focal, delegate, stranger):
        assert (await caller.post(f"{requests}/{elsewhere['id']}/withdraw")).status_code == 404
    for move in ("accept", "start", "stop", "move", "decline"):
        body = {"reason": "x", "position": 1} if move == "move" else {"reason": "x"} if move == "decline" else None
        assert (await delegate.post(f"{requests}/{own['id']}/{move}", body)).status_code == 403


async def test_every_fault_of_a_request_is_named(manager: Client, registrar: Client, requests: str) -> None:
    online = await make_session(manager, starts_at=None, ends_at=None)
    speaker, other = await make_speaker(manager), await make_speaker(manager)
    elsewhere = await make_appearance(manager, online, speaker, "invited")
    waiting = await make_registration(registrar, "w@delegates.example")
    await registrar.made(f"{REGISTRATIONS}/{waiting['id']}/withdraw", None)
    ids = {name: str(uuid4()) for name in ("entity", "speaker")}

    wrong = await manager.post(requests, {"rank": "king", "language": "xx-Klingon", "display_name": "a\r\nb", "age": 7})
    empty = await manager.post(requests, {})
    nobody = await manager.post(requests, SELF)
    unknown = await manager.post(requests, SELF | ids | {"appearance": elsewhere["id"]})
    twice = await manager.post(requests, SELF | {"display_name": "A", "speaker": other["id"]})
    gone = await manager.post(requests, SELF | {"registration": waiting["id"], "delegation": str(uuid4())})

    assert pointers(wrong) == {
        ("/rank", "unknown_value"), ("/language", "unknown_language"), ("/display_name", "control_character"),
        ("/age", "unknown_field"),
    }  # fmt: skip
    assert pointers(empty) == {("/rank", "missing"), ("/language", "missing")}
    assert pointers(nobody) == {("/display_name", "missing")}
    assert pointers(unknown) == {
        ("/entity", "unknown_reference"), ("/speaker", "unknown_reference"), ("/appearance", "unknown_reference"),
    }  # fmt: skip
    assert pointers(twice) == {("/speaker", "more_than_one")}
    assert pointers(gone) == {("/registration", "not_approved"), ("/delegation", "unknown_reference")}


async def test_change_of_rank_changes_the_place_and_of_seconds_the_time(
    manager: Client, requests: str, plenary: Json
) -> None:
    for name, rank in (("A", "head_of_state"), ("B", "minister"), ("C", "other")):
        last = await ask(manager, plenary, name, rank)
    path = f"{requests}/{last['id']}"

    promoted = await manager.patch(path, {"rank": "head_of_government", "allotted_seconds": 600}, 1)
    grouped = await manager.patch(path, {"on_behalf_of": "African Union", "allotted_seconds": None}, 2)

    assert (promoted.json()["position"], promoted.json()["allotted_seconds"]) == (2, 600)
    assert (grouped.json()["allotted_seconds"], grouped.json()["version"]) == (300, 3)
    assert await line_of(manager, plenary) == ["A", "C", "B"]
    assert (await manager.patch(path, {"rank": "other"}, 1)).status_code == 412
    assert pointers(await manager.patch(path, {"allotted_seconds": 0, "rank": None, "language": "1"})) == {
        ("/allotted_seconds", "too_small"), ("/rank", "wrong_type"), ("/language", "too_short"),
    }  # fmt: skip


async def test_list_is_filtered_paged_and_taken_away_as_a_table(
    manager: Client, registrar: Client, requests: str, plenary: Json
) -> None:
    entity = await make_entity(registrar, "Niger", category="state")
    made = [await ask(manager, plenary, f"=cmd|{n}", "minister" if n % 2 else "other") for n in range(5)]
    made.append(await ask(manager, plenary, "Niger", "minister", language="fr", entity=entity["id"]))
    await manager.made(f"{requests}/{made[0]['id']}/decline", {"reason": "Not invited"})

    async def found(**query: str) -> list[str]:
        items, path = [], requests
        params: dict[str, str] | None = {"limit": "2", "count": "true"} | query
        while path:
            answer = await manager.get(path, params=params)
            items += answer.json()["items"]
            path, params = answer.links.get("next", {}).get("url", ""), None
        assert answer.json()["total"] == len(items)
        return [item["id"] for item in items]

    ids = [request["id"] for request in made]
    assert await found() == [ids[1], ids[3], ids[5], ids[2], ids[4], ids[0]]
    assert await found(rank="other") == [ids[2], ids[4], ids[0]]
    assert await found(status="declined") == [ids[0]]
    assert await found(language="fr") == await found(entity=entity["id"]) == [ids[5]]
    table = await manager.get(requests, params={"format": "csv", "rank": "minister"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert table.headers["Content-Disposition"] == 'attachment; filename="speakers-list.csv"'
    assert [(row["name"], row["position"], row["projected_at"]) for row in rows] == [
        ("'=cmd|1", "1", "2023-12-13T08:00:00Z"), ("'=cmd|3", "2", "2023-12-13T08:03:30Z"),
        ("Niger", "3", "2023-12-13T08:07:00Z"),
    ]  # fmt: skip
    assert "needs_more_time" not in rows[0]
    assert (await manager.get(requests, params={"format": "xlsx"})).content[:2] == b"PK"


async def test_thirty_who_ask_at_once_each_have_a_place(manager: Client, requests: str, plenary: Json) -> None:
    ranks = ["head_of_state", "minister", "other"]
    bodies = [{"rank": ranks[n % 3], "language": "en", "display_name": f"{n}"} for n in range(30)]

    answers = await asyncio.gather(*(manager.post(requests, body) for body in bodies))

    assert [answer.status_code for answer in answers] == [201] * 30
    await line_of(manager, plenary)
    items = (await manager.get(requests)).json()["items"]
    assert [item["rank"] for item in items] == [rank for rank in ranks for _ in range(10)]


async def test_thirty_requests_of_one_delegation_leave_one(manager: Client, requests: str, chad: Json) -> None:
    body = SELF | {"display_name": "Minister", "delegation": chad["id"]}

    answers = await asyncio.gather(*(manager.post(requests, body) for _ in range(30)))

    winner = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert len(winner) == 1
    refusals = [answer.json() for answer in answers if answer.status_code != 201]
    assert {(refusal["status"], refusal["code"], refusal["id"]) for refusal in refusals} == {
        (409, "already_on_list", winner[0])
    }


async def test_registration_that_ends_takes_its_request_along(
    manager: Client, registrar: Client, delegate: Client, requests: str, plenary: Json
) -> None:
    made = await delegate.made(requests, SELF)
    await ask(manager, plenary, "Behind", "other")

    await registrar.made(f"{REGISTRATIONS}/{made['registration']}/withdraw", None)

    there = (await manager.get(f"{requests}/{made['id']}")).json()
    assert (there["status"], there["position"]) == ("withdrawn", None)
    await ask(manager, plenary, "Last", "other")
    assert await line_of(manager, plenary) == ["Behind", "Last"]
