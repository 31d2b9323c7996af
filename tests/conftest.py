"""Real PostgreSQL and Redis for every test: Forum's own embedded ones, or those that FORUM_*_URL name.

Each test has a database of its own, see `tests.databases`, so tests commit, run side by side and never see each other.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from redis import Redis

from forum.app import create_app, make_state
from forum.db import Connection, Pool, open_pool
from forum.embedded import Services, services
from forum.http import Application
from forum.settings import Settings
from tests.client import Client
from tests.databases import Databases


class Timeline:
    """The clock of a test: it stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2023, 11, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        """Move time on by a `timedelta`'s arguments."""
        self.now += timedelta(**duration)


@pytest.fixture(scope="session", autouse=True)
def temporary_files() -> Iterator[None]:
    """What this process and those that it kills leave in the folder for temporary files goes with that folder."""
    with tempfile.TemporaryDirectory(prefix="forum-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TMPDIR", folder)
            patch.setattr(tempfile, "tempdir", folder)
            yield


@pytest.fixture(scope="session")
def servers() -> Iterator[Services]:
    """The database and queue servers of this test process."""
    if url := os.environ.get("FORUM_DATABASE_URL"):
        yield Services(url, os.environ["FORUM_REDIS_URL"])
        return
    with tempfile.TemporaryDirectory(prefix="forum-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with services(Path(folder) / "data", durable=False) as found:
            yield found


@pytest.fixture(scope="session")
def databases(servers: Services) -> Iterator[Databases]:
    """The databases of this test process."""
    made = Databases(servers.database_url)
    asyncio.run(made.open())
    yield made
    asyncio.run(made.close())


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """A database of this test's own."""
    name = await databases.lend()
    yield databases.url(name)
    await databases.take_back(name)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool on this test's database."""
    made = await open_pool(database_url, size=10)
    yield made
    await made.close()


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    """A connection outside any transaction."""
    async with pool.acquire() as connection:
        yield connection


@pytest.fixture
def clock() -> Timeline:
    """The test's clock: 2023-11-01T09:00:00Z."""
    return Timeline()


@pytest.fixture
def redis_url(servers: Services) -> str:
    """An empty queue for this test process alone, also where all share one server."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = f"{servers.redis_url}?db={1 + int(worker) % 15}"
    with Redis.from_url(url) as queue:
        queue.flushdb()
    return url


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """Settings for this test."""
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        data_dir=str(tmp_path),
        public_url="https://forum.test",
        calendar_domain="calendar.forum.test",
    )


@pytest.fixture(scope="session")
def application() -> Application:
    """The routes, put together once: that takes longer than most tests."""
    return create_app(Settings(database_url="unused"))


@pytest.fixture
def app(application: Application, settings: Settings, pool: Pool, clock: Timeline) -> Application:
    """The application on this test's database and clock, knowing nothing of the test before."""
    application.state = make_state(settings, pool, clock)
    return application


@pytest.fixture
async def client(app: Application, pool: Pool, clock: Timeline) -> AsyncIterator[Client]:
    """A client that can act as anybody: see `tests.client`."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://forum.test") as http:
        yield Client(http, pool, clock)
