"""The running list: what everybody reads, what nobody does, and that a follower sees it change."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable

import httpx
import msgspec
import pytest
import uvicorn

from forum.db import Pool
from forum.http import Application
from forum.listening import listening
from forum.speakers_lists import feed as feeds
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_delegation, make_entity, make_registration, make_speaker
from tests.speakers_lists.conftest import EDITION, Json, ask, list_of, make_list, move_on


@pytest.fixture
async def live(manager: Client, plenary: Json) -> str:
    """Where the running list of the plenary is, published."""
    await make_list(manager, plenary, published=True)
    return f"{list_of(plenary)}/live"


async def test_everybody_reads_who_speaks_and_who_will(
    client: Client, manager: Client, registrar: Client, live: str, plenary: Json, clock: Timeline
) -> None:
    entity = await make_entity(registrar, "Niger", category="state")
    king = await ask(manager, plenary, "King Probe", "head_of_state", entity=entity["id"], language="ar")
    president = await ask(manager, plenary, "President Probe", "head_of_state", on_behalf_of="African Union")
    await ask(manager, plenary, "Minister Probe", "minister")
    clock.now = clock.now.replace(month=12, day=13, hour=8)
    await move_on(manager, plenary, king, "start")
    clock.forward(seconds=100)
    await move_on(manager, plenary, king, "stop")
    await move_on(manager, plenary, president, "start")
    clock.forward(seconds=10)

    answer = await client.get(live)

    running = answer.json()
    nobody = dict.fromkeys(("entity", "entity_name", "on_behalf_of", "statement", "started_at", "actual_seconds"))
    assert running["floor"] == {
        "request": president["id"], "allotted_seconds": 300, "spoken_seconds": 0,
        "running_since": "2023-12-13T08:01:40Z",
    }  # fmt: skip
    assert running["items"] == [
        nobody | {"request": king["id"], "status": "spoke", "rank": "head_of_state", "language": "ar",
                  "name": "King Probe", "entity": entity["id"], "entity_name": "Niger", "session": plenary["id"],
                  "projected_at": None, "started_at": "2023-12-13T08:00:00Z", "actual_seconds": 100},
        nobody | {"request": president["id"], "status": "started", "rank": "head_of_state", "language": "en",
                  "name": "President Probe", "on_behalf_of": "African Union", "session": plenary["id"],
                  "projected_at": None, "started_at": "2023-12-13T08:01:40Z"},
        nobody | {"request": running["items"][2]["request"], "status": "accepted", "rank": "minister", "language": "en",
                  "name": "Minister Probe", "session": plenary["id"], "projected_at": "2023-12-13T08:05:00Z"},
    ]  # fmt: skip
    assert (running["as_of"], running["session"]) == ("2023-12-13T08:01:50Z", plenary["id"])
    assert running["sessions"] == [
        {"session": plenary["id"], "starts_at": plenary["starts_at"], "ends_at": plenary["ends_at"]}
    ]


async def test_names_are_public_with_consent_or_by_high_office_only(
    client: Client, manager: Client, registrar: Client, live: str, plenary: Json
) -> None:
    async def registered(name: str, consents: list[str]) -> str:
        fields = {"person": {"given_name": "R", "family_name": name}, "consents": consents}
        made = await make_registration(registrar, f"{name.lower()}@delegates.example", **fields)
        return str(made["id"])

    told = await registered("Told", ["publish_name", "photography"])
    secret = await registered("Secretperson", ["photography"])
    open_speaker = await make_speaker(manager, display_name="Openspeaker", published=True)
    shy_speaker = await make_speaker(manager, display_name="Shyspeaker")
    cases: list[tuple[Json, str, str | None]] = [
        ({"registration": told}, "other", "R Told"), ({"registration": secret}, "head_of_state", None),
        ({"speaker": open_speaker["id"]}, "other", "Openspeaker"), ({"speaker": shy_speaker["id"]}, "minister", None),
        ({"display_name": "Highoffice"}, "minister", "Highoffice"), ({"display_name": "Refugeeleader"}, "other", None),
        ({"display_name": "Deputyminister"}, "vice_minister", None),
    ]  # fmt: skip
    shown = {}
    for fields, rank, name in cases:
        made = await ask(manager, plenary, None, rank, **fields)
        assert made["public_name"] == name
        shown[made["id"]] = name

    answer = await client.get(live)

    assert {item["request"]: item["name"] for item in answer.json()["items"]} == shown
    for word in ("Secretperson", "Shyspeaker", "Refugeeleader", "Deputyminister", secret, shy_speaker["id"]):
        assert word not in answer.text
    await manager.patch(f"{EDITION}/speakers/{open_speaker['id']}", {"published": False})
    await registrar.patch(f"{REGISTRATIONS}/{told}", {"consents": []})
    after = (await client.get(live)).text
    assert "Openspeaker" not in after
    assert "Told" not in after


async def test_nobody_reads_who_is_not_taken_on_or_who_needs_more_time(
    client: Client, manager: Client, registrar: Client, delegate: Client, live: str, plenary: Json, clock: Timeline
) -> None:
    requests = f"{list_of(plenary)}/requests"
    waiting = await delegate.made(requests, {"rank": "head_of_state", "language": "xh", "on_behalf_of": "Unvetted"})
    for name, move in (("Declined", "decline"), ("Withdrawn", "withdraw"), ("Absent", "absent"), ("Yielded", "yield")):
        made = await ask(manager, plenary, name)
        await manager.made(f"{requests}/{made['id']}/{move}", {"reason": "Secretreason"} if move == "decline" else None)
    slow = [await ask(manager, plenary, "Slow", needs_more_time=True), await ask(manager, plenary, "Quick")]

    answer = await client.get(live)

    assert [item["name"] for item in answer.json()["items"]] == ["Slow", "Quick"]
    for word in (waiting["id"], "Unvetted", "xh", "Declined", "Withdrawn", "Absent", "Yielded", "Secretreason"):
        assert word not in answer.text
    assert "needs_more_time" not in answer.text
    assert answer.json()["items"][0].keys() == answer.json()["items"][1].keys()
    await manager.patch(f"{requests}/{slow[0]['id']}", {"needs_more_time": False})
    assert (await client.get(live)).json() == answer.json(), "nothing tells who has more time"
    assert (await client.get(list_of(plenary))).json()["allotted_seconds"] is None
    assert (await delegate.get(list_of(plenary))).json()["allotted_seconds"] is None
    assert "240" not in json.dumps(answer.json()["items"])
    assert slow[0]["allotted_seconds"] == 240


@pytest.fixture
async def url(app: Application, database_url: str) -> AsyncIterator[str]:
    """The application behind a socket, listening to its database."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        async with listening(database_url, [app.state.list_feed]):
            await until(lambda: app.state.list_feed._is_listening)
            task = asyncio.create_task(server.serve(sockets=[listener]))
            await until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.should_exit = server.force_exit = True
            await task


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that is about to; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.005)


class Events:
    """One follower's stream, read block by block."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def block(self) -> dict[str, str] | None:
        """The fields of the next block, a comment under an empty name; None at the end of the stream."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                if not line and fields:
                    return fields
                name, _, text = line.partition(":")
                fields[name] = text.removeprefix(" ")
        return None

    async def list(self) -> tuple[str, Json]:
        """The id and the data of the next state of the list."""
        while (fields := await self.block()) is not None and "" in fields:
            pass
        assert fields is not None
        assert fields["event"] == "list"
        return fields["id"], msgspec.json.decode(fields["data"])


@contextlib.asynccontextmanager
async def following(url: str, path: str, headers: dict[str, str] | None = None) -> AsyncIterator[Events]:
    """A follower who has read the greeting of the stream."""
    async with httpx.AsyncClient(base_url=url) as http, http.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        events = Events(response)
        greeting = await events.block()
        assert greeting is not None
        assert greeting["retry"] == "3000"
        yield events


async def test_follower_sees_every_change_and_what_is_there_first(
    client: Client, manager: Client, live: str, plenary: Json, url: str, pool: Pool, app: Application
) -> None:
    async with following(url, f"{live}/stream") as first, following(url, f"{live}/stream") as second:
        assert [(await events.list())[1]["items"] for events in (first, second)] == [[], []]
        await until(lambda: pool.get_idle_size() == pool.get_size())  # who waits holds no connection
        made = await ask(manager, plenary, "King", "head_of_state")
        seen = [(await events.list())[1] for events in (first, second)]
        await move_on(manager, plenary, made, "start")
        started = (await first.list())[1]
        assert app.state.list_feed.followers == 2

    assert seen[0] == seen[1] == (await client.get(live)).json() | {"floor": None, "items": seen[0]["items"]}
    assert [item["status"] for item in seen[0]["items"]] == ["accepted"]
    assert started["floor"]["request"] == made["id"]
    await until(lambda: app.state.list_feed.followers == 0)


async def test_follower_who_comes_back_is_sent_what_is_new_only(
    manager: Client, live: str, plenary: Json, url: str, clock: Timeline
) -> None:
    async with following(url, f"{live}/stream") as events:
        number, _ = await events.list()
    clock.forward(minutes=1)  # time that passes is no news
    async with following(url, f"{live}/stream", {"Last-Event-ID": number}) as events:
        await ask(manager, plenary, "King", "head_of_state")
        _, running = await events.list()

    assert [item["name"] for item in running["items"]] == ["King"]


async def test_follower_sees_a_name_go_and_the_stream_end_when_it_is_taken_back(
    manager: Client, live: str, plenary: Json, second_plenary: Json, url: str
) -> None:
    speaker = await make_speaker(manager, display_name="Openspeaker", published=True)
    await ask(manager, plenary, None, speaker=speaker["id"])
    async with following(url, f"{live}/stream") as events:
        names = [(await events.list())[1]["items"][0]["name"]]
        await manager.patch(f"{EDITION}/speakers/{speaker['id']}", {"published": False})
        names.append((await events.list())[1]["items"][0]["name"])
        await manager.patch(f"{EDITION}/sessions/{plenary['id']}", {"ends_at": "2023-12-13T11:00:00Z"})
        shortened = (await events.list())[1]
        await manager.patch(list_of(plenary), {"published": False})
        assert await events.block() is None

    assert names == ["Openspeaker", None]
    assert shortened["sessions"][0]["ends_at"] == "2023-12-13T11:00:00Z"


async def test_change_that_nobody_reads_is_not_sent(
    registrar: Client, manager: Client, live: str, plenary: Json, url: str
) -> None:
    delegation = await make_delegation(registrar, await make_entity(registrar, "Niger", category="state"))
    async with following(url, f"{live}/stream") as events:
        await events.list()
        made = await ask(manager, plenary, "Hidden", delegation=delegation["id"])
        await events.list()
        await manager.patch(f"{list_of(plenary)}/requests/{made['id']}", {"needs_more_time": True})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(events.list(), 0.3)


async def test_stream_that_is_not_to_be_had_is_refused(
    client: Client, manager: Client, live: str, plenary: Json, second_plenary: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = await client.get(f"{live}/stream", headers={"Last-Event-ID": "17"})
    head = await client.request("HEAD", f"{live}/stream")
    none = await client.get(f"{list_of(second_plenary)}/live/stream")
    monkeypatch.setattr(feeds, "MAX_FOLLOWERS", 0)
    full = await client.get(f"{live}/stream")

    assert [fault["parameter"] for fault in bad.json()["errors"]] == ["Last-Event-ID"]
    assert (head.status_code, none.status_code, full.status_code) == (200, 404, 503)
