from collections.abc import AsyncIterator
from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition
from tests.post import Post, post_office

MESSAGES = "/v1/editions/grf-2023/messages"
SUPPRESSIONS = "/v1/editions/grf-2023/suppressions"


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made


@pytest.fixture
async def grf(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`."""
    return await make_edition(client)


@pytest.fixture
async def desk(client: Client, grf: dict[str, Any]) -> Client:
    """A registrar of the edition."""
    return await client.as_role("registrar", grf["id"])


async def fates(conn: Connection) -> list[tuple[str, str]]:
    """Every message in order: its kind and what became of it."""
    return [tuple(row) for row in await conn.fetch("SELECT kind, status FROM messages ORDER BY number")]
