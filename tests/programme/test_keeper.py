"""The bytes that each process keeps of the last release are never stale, and cost nothing while nothing changes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest

from forum.app import create_app
from forum.db import Connection, Pool
from forum.http import Application
from forum.listening import listening
from forum.programme.service import Keeper, publish
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_appearance, make_edition, make_session, make_speaker, publish_programme

PROGRAMME = "/v1/editions/grf-2023/programme"
SESSIONS = "/v1/editions/grf-2023/sessions"


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something that another connection tells has arrived."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(0.005)


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`, of which one session is published."""
    edition = await make_edition(client)
    manager = await client.as_role("programme_manager", edition["id"])
    await make_session(manager)
    await publish_programme(manager)
    return manager


@pytest.fixture
async def edition_id(client: Client, manager: Client) -> UUID:
    """The id of `grf-2023`."""
    return UUID((await client.get("/v1/editions/grf-2023")).json()["id"])


@pytest.fixture
async def readers(
    settings: Settings, pool: Pool, clock: Timeline, database_url: str, edition_id: UUID
) -> AsyncIterator[list[tuple[Client, Keeper]]]:
    """Two other processes, each listening, each trusting what it has read."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(2):
            app = create_app(settings, pool=pool, clock=clock)
            keeper: Keeper = app.state.keeper
            await stack.enter_async_context(listening(database_url, [keeper]))
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            http = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="https://forum.test")
            )
            found.append((Client(http, pool, clock), keeper))
            await trusting(*found[-1], edition_id)
        yield found


async def trusting(reader: Client, keeper: Keeper, edition_id: UUID) -> None:
    """Read until the process hears of releases and so trusts what it keeps."""
    async with asyncio.timeout(10):
        while keeper.find(edition_id) is None:
            await reader.get(PROGRAMME)
            await asyncio.sleep(0.005)


async def title(reader: Client) -> str:
    """What a reader sees of the first session."""
    found: str = (await reader.get(PROGRAMME)).json()["sessions"][0]["title"]["en"]
    return found


async def rename(manager: Client, name: str) -> None:
    """Another title for the one session."""
    session = (await manager.get(SESSIONS)).json()["items"][0]
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": name}})


async def test_publication_of_one_process_is_seen_by_the_others(
    manager: Client, readers: list[tuple[Client, Keeper]], edition_id: UUID
) -> None:
    await rename(manager, "Second")
    assert [await title(reader) for reader, _ in readers] == ["Opening plenary"] * 2
    await publish_programme(manager)

    await until(lambda: all(keeper.find(edition_id) is None for _, keeper in readers))
    assert [await title(reader) for reader, _ in readers] == ["Second"] * 2


async def test_own_publication_is_seen_in_the_next_answer(
    readers: list[tuple[Client, Keeper]], edition_id: UUID, manager: Client
) -> None:
    reader, keeper = readers[0]
    staff = reader.with_token(manager.token)
    await rename(staff, "Second")

    await publish_programme(staff)

    assert keeper.find(edition_id) is None
    assert await title(reader) == "Second"


async def test_revised_edition_is_seen_in_the_next_answer(
    readers: list[tuple[Client, Keeper]], edition_id: UUID, client: Client
) -> None:
    reader, keeper = readers[0]
    organizer = reader.with_token((await client.as_role("organizer", str(edition_id))).token)

    await organizer.made("/v1/editions/grf-2023/revise", {"venue": "Palais des Nations", "reason": {"en": "Bigger."}})

    assert keeper.find(edition_id) is None
    assert (await reader.get(PROGRAMME)).json()["edition"]["venue"] == "Palais des Nations"


async def test_consent_taken_back_is_seen_in_the_next_answer(
    readers: list[tuple[Client, Keeper]], edition_id: UUID, manager: Client
) -> None:
    reader, keeper = readers[0]
    staff = reader.with_token(manager.token)
    session = (await manager.get(SESSIONS)).json()["items"][0]
    speaker = await make_speaker(staff, published=True)
    await make_appearance(staff, session, speaker)
    await publish_programme(staff)
    await trusting(reader, keeper, edition_id)
    assert "Amal Probe" in (await reader.get(PROGRAMME)).text

    await staff.patch(f"/v1/editions/grf-2023/speakers/{speaker['id']}", {"published": False})

    assert "Amal Probe" not in (await reader.get(PROGRAMME)).text
    await until(lambda: readers[1][1].find(edition_id) is None)
    assert "Amal Probe" not in (await readers[1][0].get(PROGRAMME)).text


async def test_trusted_release_is_served_without_the_database(readers: list[tuple[Client, Keeper]], pool: Pool) -> None:
    reader, _ = readers[0]
    etag = (await reader.get(PROGRAMME)).headers["ETag"]
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_max_size()):
            await stack.enter_async_context(pool.acquire())
        async with asyncio.timeout(5):
            answers = [
                await reader.get(PROGRAMME),
                await reader.get(PROGRAMME, headers={"If-None-Match": etag}),
                await reader.request("HEAD", PROGRAMME),
                await reader.get("/v1/editions/grf-2023/programme", params={"lang": "fr", "day": "2023-12-13"}),
            ]

    assert [answer.status_code for answer in answers] == [200, 304, 200, 200]


async def test_process_that_hears_nothing_asks_and_serves_nothing_stale(
    client: Client, manager: Client, app: Application, edition_id: UUID
) -> None:
    for name in ("Second", "Third"):
        await rename(manager, name)
        await publish_programme(manager)
        assert await title(client) == name
        assert app.state.keeper.find(edition_id) is None


async def test_lost_listening_connection_ends_the_trust_and_is_made_again(
    manager: Client, readers: list[tuple[Client, Keeper]], edition_id: UUID, conn: Connection
) -> None:
    await rename(manager, "Second")
    await conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'forum listener'"
    )
    await until(lambda: all(keeper.find(edition_id) is None for _, keeper in readers))

    await publish_programme(manager)

    assert [await title(reader) for reader, _ in readers] == ["Second"] * 2
    for reader, keeper in readers:
        await trusting(reader, keeper, edition_id)
        assert await title(reader) == "Second"


async def test_publication_that_is_rolled_back_is_never_served(
    readers: list[tuple[Client, Keeper]], edition_id: UUID, manager: Client, conn: Connection, clock: Timeline
) -> None:
    reader, keeper = readers[0]
    await rename(manager, "Never")
    transaction = conn.transaction()
    await transaction.start()
    release = await publish(conn, edition_id, UUID(int=0), None, clock())
    keeper.forget(edition_id)
    during = await title(reader)
    await transaction.rollback()
    after = await title(reader)

    assert release.number == 2
    assert (during, after) == ("Opening plenary", "Opening plenary")
    await publish_programme(manager)
    await until(lambda: keeper.find(edition_id) is None)
    assert await title(reader) == "Never"


class SlowConnection:
    """A connection whose first answer is held back until it is let go."""

    def __init__(self, conn: Connection) -> None:
        self._conn, self.asked, self.go = conn, asyncio.Event(), asyncio.Event()

    async def fetchrow(self, *arguments: Any) -> Any:
        """The row as it was when it was asked for."""
        row = await self._conn.fetchrow(*arguments)
        self.asked.set()
        await self.go.wait()
        return row

    async def fetch(self, *arguments: Any) -> Any:
        """The rows."""
        return await self._conn.fetch(*arguments)


async def test_read_that_began_before_a_publication_does_not_replace_what_came_after(
    readers: list[tuple[Client, Keeper]], edition_id: UUID, manager: Client, conn: Connection
) -> None:
    reader, keeper = readers[0]
    keeper.forget(edition_id)
    slow = SlowConnection(conn)

    async def connect() -> Any:
        return slow

    connecting: Callable[[], Awaitable[Any]] = connect
    early = asyncio.create_task(keeper.read(edition_id, connecting))
    await slow.asked.wait()
    await rename(manager, "Second")
    await publish_programme(manager)
    await until(lambda: readers[1][1].find(edition_id) is None)
    await trusting(reader, keeper, edition_id)
    assert await title(reader) == "Second"

    slow.go.set()

    assert (await early).head.number == 1
    assert await title(reader) == "Second"
