"""Who has the floor, one at a time, and for how long they had it."""

import asyncio

import pytest

from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_appearance, make_speaker
from tests.speakers_lists.conftest import EDITION, Json, ask, list_of, make_list, move_on

MORNING = {"day": 13, "hour": 8, "month": 12}


@pytest.fixture
async def requests(manager: Client, plenary: Json, second_plenary: Json, clock: Timeline) -> str:
    """Where the requests for the floor are, on the morning of the plenary."""
    await make_list(manager, plenary, continued_in=[second_plenary["id"]])
    clock.now = clock.now.replace(**MORNING)  # type: ignore[arg-type]
    return f"{list_of(plenary)}/requests"


async def test_seconds_of_several_runs_add_up_and_pauses_do_not_count(
    manager: Client, requests: str, plenary: Json, clock: Timeline
) -> None:
    made = await ask(manager, plenary)
    seen = []
    for move, seconds in (("start", 100.25), ("pause", 60), ("resume", 50.5), ("pause", 5), ("resume", 40.25)):
        await move_on(manager, plenary, made, move)
        clock.forward(seconds=seconds)
        seen.append((await manager.get(f"{requests}/{made['id']}")).json()["actual_seconds"])

    stopped = await move_on(manager, plenary, made, "stop")
    clock.forward(hours=1)

    assert seen == [100, 100, 150, 150, 191]
    assert (stopped["status"], stopped["allotted_seconds"], stopped["actual_seconds"]) == ("spoke", 180, 191)
    assert (stopped["started_at"], stopped["ended_at"]) == ("2023-12-13T08:00:00Z", "2023-12-13T08:04:16Z")
    assert (stopped["session"], stopped["projected_at"]) == (plenary["id"], None)
    assert (await manager.get(f"{requests}/{made['id']}")).json() == stopped


async def test_paused_speaker_can_be_stopped_and_a_clock_set_back_takes_nothing_away(
    manager: Client, requests: str, plenary: Json, clock: Timeline
) -> None:
    made = await ask(manager, plenary)
    await move_on(manager, plenary, made, "start")
    clock.forward(seconds=30)
    await move_on(manager, plenary, made, "pause", "resume")
    clock.forward(seconds=-20)

    assert (await move_on(manager, plenary, made, "pause", "stop"))["actual_seconds"] == 30


async def test_start_of_the_next_stops_nobody(manager: Client, requests: str, plenary: Json) -> None:
    first, second = await ask(manager, plenary, "A"), await ask(manager, plenary, "B")
    await move_on(manager, plenary, first, "start")
    refused = [await manager.post(f"{requests}/{second['id']}/start")]
    await move_on(manager, plenary, first, "pause")
    refused.append(await manager.post(f"{requests}/{second['id']}/start"))

    assert [(r.status_code, r.json()["code"], r.json()["id"]) for r in refused] == [
        (409, "floor_taken", first["id"])
    ] * 2
    await move_on(manager, plenary, first, "stop")
    assert (await move_on(manager, plenary, second, "start"))["status"] == "started"


async def test_of_all_who_are_started_at_once_one_has_the_floor(manager: Client, requests: str, plenary: Json) -> None:
    made = [await ask(manager, plenary, f"{n}") for n in range(12)]

    answers = await asyncio.gather(*(manager.post(f"{requests}/{one['id']}/start") for one in made))

    winner = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    assert len(winner) == 1
    assert {(a.json()["code"], a.json()["id"]) for a in answers if a.status_code != 200} == {("floor_taken", winner[0])}


@pytest.mark.parametrize(
    ("moves", "refused", "allowed"),
    [
        ((), "stop", ["decline", "withdraw", "start", "absent", "yield"]),
        (("start",), "withdraw", ["pause", "stop"]),
        (("start", "pause"), "pause", ["resume", "stop"]),
        (("start", "stop"), "start", []),
        (("absent",), "start", ["accept"]),
        (("yield",), "decline", ["accept"]),
        (("withdraw",), "withdraw", ["accept"]),
    ],
)
async def test_wrong_move_names_those_that_are_allowed(
    manager: Client, requests: str, plenary: Json, moves: tuple[str, ...], refused: str, allowed: list[str]
) -> None:
    made = await ask(manager, plenary)
    await move_on(manager, plenary, made, *moves)
    body = {"reason": "x"} if refused == "decline" else None

    answer = await manager.post(f"{requests}/{made['id']}/{refused}", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_status")
    assert answer.json().get("allowed", []) == allowed


async def test_who_was_declined_reads_why_and_comes_back_by_rank(manager: Client, requests: str, plenary: Json) -> None:
    king = await ask(manager, plenary, "King", "head_of_state")
    await ask(manager, plenary, "Minister", "minister")
    declined = await manager.made(f"{requests}/{king['id']}/decline", {"reason": "Not credited"})
    await ask(manager, plenary, "Another king", "head_of_state")

    back = await move_on(manager, plenary, king, "accept")

    assert (declined["reason"], declined["position"], declined["status"]) == ("Not credited", None, "declined")
    assert (back["reason"], back["position"], back["status"]) == (None, 1, "accepted")


async def test_projected_times_follow_the_floor_over_two_plenaries(
    manager: Client, requests: str, plenary: Json, second_plenary: Json, clock: Timeline
) -> None:
    await manager.patch(list_of(plenary), {"delegation_seconds": 3600, "changeover_seconds": 0})
    made = [await ask(manager, plenary, f"{n}") for n in range(8)]

    async def projected() -> list[tuple[str, str | None]]:
        items = (await manager.get(requests)).json()["items"]
        return [(item["session"], item["projected_at"] and item["projected_at"][11:16]) for item in items]

    one, two = plenary["id"], second_plenary["id"]
    clock.forward(hours=-1)
    by_hours = [(one, f"{hour:02}:00") for hour in (8, 9, 10, 11)] + [(two, f"{hour}:00") for hour in (14, 15, 16)]
    assert await projected() == [*by_hours, (None, None)]
    clock.forward(hours=1)
    await move_on(manager, plenary, made[0], "start")
    clock.forward(minutes=70)  # ten too many: the fourth does not fit into the morning any more
    assert await projected() == [
        (one, None), (one, "09:10"), (one, "10:10"), (two, "14:00"), (two, "15:00"), (two, "16:00"), (None, None),
        (None, None),
    ]  # fmt: skip
    clock.forward(hours=6)  # 15:10
    await move_on(manager, plenary, made[0], "stop")
    started = await move_on(manager, plenary, made[1], "start")
    assert started["session"] == two


async def test_allotted_time_is_settled_when_they_begin(
    manager: Client, requests: str, plenary: Json, clock: Timeline
) -> None:
    first, second = await ask(manager, plenary, "A"), await ask(manager, plenary, "B", needs_more_time=True)
    given = await ask(manager, plenary, "C")
    await manager.patch(f"{requests}/{given['id']}", {"allotted_seconds": 77})
    await move_on(manager, plenary, first, "start")

    await manager.patch(list_of(plenary), {"delegation_seconds": 120, "extra_seconds": 90})

    items = (await manager.get(requests)).json()["items"]
    assert [item["allotted_seconds"] for item in items] == [180, 210, 77]
    assert second["allotted_seconds"] == 240


@pytest.mark.parametrize(
    ("moves", "outcomes"),
    [
        (("start", "stop"), ["confirmed", "spoke"]),
        (("absent", "accept", "start", "stop"), ["absent", "confirmed", "confirmed", "spoke"]),
        (("yield",), ["confirmed"]),
    ],
)
async def test_appearance_follows_its_request(
    manager: Client, requests: str, plenary: Json, moves: tuple[str, ...], outcomes: list[str]
) -> None:
    speaker = await make_speaker(manager)
    appearance = await make_appearance(manager, plenary, speaker, role="statement")
    made = await ask(manager, plenary, None, appearance=appearance["id"])
    path, seen = f"{EDITION}/sessions/{plenary['id']}/appearances/{appearance['id']}", []
    for move in moves:
        await move_on(manager, plenary, made, move)
        seen.append((await manager.get(path)).json()["status"])

    assert seen == outcomes
