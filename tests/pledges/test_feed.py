"""The live feed over a real socket: streams cannot be read through a transport that waits for the end."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import uvicorn

from forum.db import Pool
from forum.http import Application
from forum.listening import listening
from forum.pledges import feed as feeds
from forum.pledges.service import Feed
from tests.client import Client
from tests.factories import make_edition, make_pledge

EDITION = "/v1/editions/grf-2023"
STREAM = f"{EDITION}/announcements/stream"
PLEDGES = f"{EDITION}/pledges"
Json = dict[str, Any]


@pytest.fixture
async def url(app: Application, database_url: str) -> AsyncIterator[str]:
    """The application behind a socket, listening to its database."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        async with listening(database_url, [app.state.keeper, app.state.feed]):
            await until(lambda: app.state.feed._is_listening)
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

    async def block(self) -> dict[str, str]:
        """The fields of the next block; a comment has an empty name."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                if not line and fields:
                    return fields
                name, _, text = line.partition(":")
                fields[name] = text.removeprefix(" ")
        raise AssertionError("The stream has ended.")

    async def announcement(self) -> tuple[str, Json]:
        """The id and the data of the next announcement."""
        fields = await self.block()
        while "" in fields:
            fields = await self.block()
        assert fields["event"] == "announcement"
        return fields["id"], msgspec.json.decode(fields["data"])


@contextlib.asynccontextmanager
async def following(url: str, headers: dict[str, str] | None = None, path: str = STREAM) -> AsyncIterator[Events]:
    """A follower who has read the greeting of the stream."""
    async with httpx.AsyncClient(base_url=url) as http, http.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        events = Events(response)
        assert (await events.block())["retry"] == "3000"
        yield events


async def announce(officer: Client, lead: Json, session: Json) -> Json:
    """A new pledge, announced."""
    pledge = await make_pledge(officer, lead, "verified")
    return await officer.made(f"{EDITION}/sessions/{session['id']}/announcements", {"pledge": pledge["id"]})


async def test_announcement_reaches_every_follower_at_once(
    officer: Client, lead: Json, plenary: Json, url: str, app: Application
) -> None:
    await announce(officer, lead, plenary)
    async with following(url) as first, following(url) as second:
        made = await announce(officer, lead, plenary)
        received = [await first.announcement(), await second.announcement()]
        assert app.state.feed.followers == 2

    assert received == [("2", made), ("2", made)]
    await until(lambda: app.state.feed.followers == 0)


async def test_follower_who_comes_back_goes_on_where_it_was(
    officer: Client, lead: Json, plenary: Json, url: str
) -> None:
    made = [await announce(officer, lead, plenary) for _ in range(3)]
    async with following(url, {"Last-Event-ID": "1"}) as events:
        received = [await events.announcement() for _ in range(2)]
        made.append(await announce(officer, lead, plenary))
        received.append(await events.announcement())

    assert received == [(str(announcement["number"]), announcement) for announcement in made[1:]]


async def test_waiting_followers_hold_no_connection_of_the_pool(officer: Client, url: str, pool: Pool) -> None:
    token = {"Authorization": f"Bearer {officer.token}"}
    async with contextlib.AsyncExitStack() as streams:
        for _ in range(12):
            await streams.enter_async_context(following(url, token))
        await until(lambda: pool.get_idle_size() == pool.get_size())


async def test_follower_hears_of_no_other_edition_and_of_no_hidden_partner(
    client: Client, officer: Client, lead: Json, plenary: Json, url: str
) -> None:
    partner = await officer.made("/v1/entities", {"name": "Hidden", "category": "ngo"})
    await make_edition(client, slug="grf-2027")
    other = "/v1/editions/grf-2027/announcements/stream"
    async with following(url) as here, following(url, path=other) as elsewhere:
        pledge = await make_pledge(officer, lead, "verified", partners=[partner["id"]])
        await officer.made(f"{EDITION}/sessions/{plenary['id']}/announcements", {"pledge": pledge["id"]})
        _, received = await here.announcement()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(elsewhere.block(), 0.2)

    assert received["revision"]["partners"] == []
    assert partner["id"] not in str(received)


async def test_stream_goes_on_after_the_listening_connection_was_lost(
    officer: Client, lead: Json, plenary: Json, url: str, app: Application, pool: Pool
) -> None:
    async with following(url) as events:
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'forum listener' AND datname = current_database()"
        )
        await until(lambda: not app.state.feed._is_listening)
        made = await announce(officer, lead, plenary)  # nobody hears of it: it is found on coming back
        received = await events.announcement()

    assert received == ("1", made)


async def test_quiet_stream_beats(pool: Pool, edition: Json) -> None:
    feed = Feed(heartbeat_seconds=0.01)
    events = feed.follow(pool, UUID(edition["id"]), 0)

    assert [(await anext(events))["comment"] for _ in range(3)] == [
        "the announcements of this edition",
        "still here",
        "still here",
    ]
    await events.aclose()  # type: ignore[attr-defined]
    assert feed.followers == 0


async def test_too_many_followers_are_told_to_come_back(
    client: Client, edition: Json, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MAX_FOLLOWERS", 0)

    answer = await client.get(STREAM)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


async def test_head_of_the_stream_ends(client: Client, edition: Json, app: Application) -> None:
    answer = await client.request("HEAD", STREAM)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert app.state.feed.followers == 0


async def test_bad_last_event_id_is_422(client: Client, edition: Json) -> None:
    for number in ("-1", "x", "99999999999"):
        answer = await client.get(STREAM, headers={"Last-Event-ID": number})

        assert answer.status_code == 422
        assert [fault["parameter"] for fault in answer.json()["errors"]] == ["Last-Event-ID"]


async def test_stream_of_an_edition_that_is_not_visible_is_404(client: Client) -> None:
    await make_edition(client, "draft")

    assert (await client.get(STREAM)).status_code == 404
