import asyncio
from collections.abc import Iterator

import httpx
import pytest
from msgspec import Struct

from forum.app import create_app
from forum.db import Pool, open_pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline


class World(Struct):
    """Where the machines live."""

    runner: asyncio.Runner
    client: Client
    pool: Pool
    clock: Timeline


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    """The application on a database of this test's own, in a loop that does not end between two steps."""
    assert settings.database_url
    clock = Timeline()
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(settings.database_url, size=5))
        transport = httpx.ASGITransport(app=create_app(settings, pool=pool, clock=clock), raise_app_exceptions=False)
        http = httpx.AsyncClient(transport=transport, base_url="https://forum.test")
        yield World(runner, Client(http, pool, clock), pool, clock)
        runner.run(http.aclose())
        runner.run(pool.close())
