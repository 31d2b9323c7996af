"""Who looks after speakers, and the mail that reaches them."""

from collections.abc import AsyncIterator

import pytest

from forum.db import Pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition
from tests.post import Post, post_office


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made
