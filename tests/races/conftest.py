from collections.abc import AsyncIterator

import httpx
import pytest

from forum.app import create_app
from forum.db import open_pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline


@pytest.fixture
async def twin(settings: Settings, client: Client, clock: Timeline) -> AsyncIterator[Client]:
    """A second application, as another process would be."""
    assert settings.database_url
    pool = await open_pool(settings.database_url, size=10)
    transport = httpx.ASGITransport(app=create_app(settings, pool=pool, clock=clock), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://forum.test") as http:
        yield Client(http, pool, clock)
    await pool.close()
