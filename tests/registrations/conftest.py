from collections.abc import AsyncIterator
from typing import Any

import pytest

from forum.db import Pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition
from tests.post import Post, post_office


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open, with two places in the hall and none counted online."""
    return await make_edition(client, in_person_capacity=2)


@pytest.fixture
async def registrar(client: Client, edition: dict[str, Any]) -> Client:
    """A registrar of the edition."""
    return await client.as_role("registrar", edition["id"])


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made
