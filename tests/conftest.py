"""Real PostgreSQL and Redis for every test: Forum's own embedded ones, or those that FORUM_*_URL name.

A template database is migrated once for each test process and cloned for each test, so tests commit, run side
by side and never see each other.
"""

import asyncio
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from redis import Redis

from forum.app import create_app
from forum.db import Connection, Pool, open_pool
from forum.embedded import Services, services
from forum.http import Application
from forum.migrations import migrate
from forum.registrations.service import ensure_badge_key
from forum.settings import Settings
from tests.client import Client


class Timeline:
    """The clock of a test: it stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2023, 11, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        """Move time on by a `timedelta`'s arguments."""
        self.now += timedelta(**duration)


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


def _with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


async def _run(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def template(servers: Services) -> Iterator[str]:
    """The name of a database with every migration, to clone from."""
    name = f"forum_template_{os.getpid()}_{secrets.token_hex(4)}"

    async def build() -> None:
        await _run(servers.database_url, f"CREATE DATABASE {name}")
        connection = await asyncpg.connect(_with_database(servers.database_url, name))
        await migrate(connection)
        await ensure_badge_key(connection, datetime.now(UTC))
        await connection.close()

    asyncio.run(build())
    yield name
    asyncio.run(_run(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def database_url(servers: Services, template: str) -> AsyncIterator[str]:
    """A database of this test's own."""
    name = f"forum_{secrets.token_hex(8)}"
    await _run(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _with_database(servers.database_url, name)
    await _run(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


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


@pytest.fixture
def app(settings: Settings, pool: Pool, clock: Timeline) -> Application:
    """The application on this test's database and clock."""
    return create_app(settings, pool=pool, clock=clock)


@pytest.fixture
async def client(app: Application, pool: Pool, clock: Timeline) -> AsyncIterator[Client]:
    """A client that can act as anybody: see `tests.client`."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://forum.test") as http:
        yield Client(http, pool, clock)
