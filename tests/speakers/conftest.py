"""Who looks after speakers."""

import pytest

from tests.client import Client
from tests.factories import make_edition


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])
