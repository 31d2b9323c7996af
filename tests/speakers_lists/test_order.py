"""The staff puts somebody elsewhere: why is kept, and nobody loses a place, whoever moves whom at the same time."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest

from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.speakers_lists.conftest import Json, ask, line_of, list_of, make_list, move_on


@pytest.fixture
async def requests(manager: Client, plenary: Json) -> str:
    """Where the requests for the floor of the plenary are."""
    await make_list(manager, plenary)
    return f"{list_of(plenary)}/requests"


async def five(manager: Client, plenary: Json) -> dict[str, Json]:
    """Ministers A to E, in that order."""
    return {name: await ask(manager, plenary, name) for name in "ABCDE"}


@pytest.mark.parametrize(
    ("moved", "target", "line"),
    [
        ("E", {"before": "B"}, "AEBCD"), ("A", {"after": "D"}, "BCDAE"), ("A", {"before": "E"}, "BCDAE"),
        ("C", {"position": 1}, "CABDE"), ("B", {"position": 4}, "ACDBE"), ("B", {"position": 99}, "ACDEB"),
        ("C", {"position": 3}, "ABCDE"), ("D", {"after": "C"}, "ABCDE"),
    ],
)  # fmt: skip
async def test_request_goes_where_it_is_put(
    manager: Client, requests: str, plenary: Json, moved: str, target: dict[str, Any], line: str
) -> None:
    made = await five(manager, plenary)
    place = {name: made[anchor]["id"] if name != "position" else anchor for name, anchor in target.items()}

    answer = await manager.post(f"{requests}/{made[moved]['id']}/move", place | {"reason": "Plane to catch"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["position"] == line.index(moved) + 1
    assert "".join(await line_of(manager, plenary)) == line


async def test_every_move_is_kept_with_its_reason(
    manager: Client, requests: str, plenary: Json, clock: Timeline
) -> None:
    made = await five(manager, plenary)
    path = f"{requests}/{made['D']['id']}"
    first = await manager.made(f"{path}/move", {"position": 1, "reason": "Leaves at noon"})
    clock.forward(minutes=1)
    await manager.made(f"{path}/move", {"after": made["B"]["id"], "reason": "Stays after all"})

    page = (await manager.get(f"{path}/moves", params={"count": "true"})).json()

    assert [(m["from_position"], m["to_position"], m["reason"], m["moved_at"]) for m in page["items"]] == [
        (4, 1, "Leaves at noon", "2023-11-01T09:00:00Z"), (1, 3, "Stays after all", "2023-11-01T09:01:00Z"),
    ]  # fmt: skip
    assert (page["total"], first["moved_at"], first["version"]) == (2, "2023-11-01T09:00:00Z", 2)
    assert (await manager.get(f"{requests}/{uuid4()}/moves")).status_code == 404


async def test_who_comes_later_is_not_placed_by_whom_the_staff_has_moved(
    manager: Client, requests: str, plenary: Json
) -> None:
    king, other = await ask(manager, plenary, "King", "head_of_state"), await ask(manager, plenary, "Other", "other")
    await ask(manager, plenary, "Minister", "minister")
    await manager.made(f"{requests}/{king['id']}/move", {"position": 3, "reason": "Late"})
    await manager.made(f"{requests}/{other['id']}/move", {"position": 1, "reason": "Early"})

    await ask(manager, plenary, "President", "head_of_state")
    await ask(manager, plenary, "Vice-minister", "vice_minister")

    assert await line_of(manager, plenary) == ["Other", "President", "Minister", "King", "Vice-minister"]


async def test_place_must_be_named_once_with_a_reason(manager: Client, requests: str, plenary: Json) -> None:
    made = await five(manager, plenary)
    path, other = f"{requests}/{made['A']['id']}/move", made["B"]["id"]
    gone = await move_on(manager, plenary, made["E"], "withdraw")

    assert pointers(await manager.post(path, {})) == {("/reason", "missing")}
    assert pointers(await manager.post(path, {"reason": "x"})) == {("/position", "missing")}
    assert pointers(await manager.post(path, {"reason": " ", "position": 0})) == {
        ("/reason", "blank"), ("/position", "too_small"),
    }  # fmt: skip
    assert pointers(await manager.post(path, {"reason": "x", "before": other, "position": 1})) == {
        ("/position", "more_than_one")
    }
    for anchor in (made["A"]["id"], gone["id"], str(uuid4())):
        body = {"reason": "x", "after": anchor}
        assert pointers(await manager.post(path, body)) == {("/after", "unknown_reference")}
    assert await line_of(manager, plenary) == ["A", "B", "C", "D"]


async def test_who_has_spoken_cannot_be_moved(manager: Client, requests: str, plenary: Json) -> None:
    made = await five(manager, plenary)
    await move_on(manager, plenary, made["A"], "start", "stop")

    answer = await manager.post(f"{requests}/{made['A']['id']}/move", {"position": 5, "reason": "x"})

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_status")


async def test_requests_and_moves_at_once_never_lose_or_double_a_place(
    manager: Client, requests: str, plenary: Json
) -> None:
    made = [await ask(manager, plenary, f"first {n}", "minister") for n in range(10)]
    chance = random.Random(7)

    def work(n: int) -> Any:
        one, other = chance.sample(made, 2)
        path = f"{requests}/{one['id']}"
        if n % 3 == 0:
            body = {"display_name": f"new {n}", "rank": chance.choice(["head_of_state", "other"]), "language": "en"}
            return manager.post(requests, body)
        if n % 3 == 1:
            target = {"before": other["id"]} if n % 2 else {"position": chance.randint(1, 12)}
            return manager.post(f"{path}/move", {"reason": "x"} | target)
        if n % 2:
            return manager.post(f"{requests}/{made[n % 10]['id']}/withdraw")
        return manager.patch(path, {"rank": chance.choice(["head_of_government", "vice_minister"])})

    answers = await asyncio.gather(*(work(n) for n in range(60)))

    assert {answer.status_code for answer in answers} <= {200, 201, 409, 422}
    assert sum(answer.status_code < 300 for answer in answers) > 30
    line = await line_of(manager, plenary)  # which sees that places are 1, 2, 3 ...
    withdrawn = (await manager.get(requests, params={"status": "withdrawn", "count": "true"})).json()["total"]
    assert len(set(line)) == len(line) == 10 + 20 - withdrawn
