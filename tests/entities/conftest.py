from typing import Any

import pytest

from tests.client import Client
from tests.factories import make_edition


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open."""
    return await make_edition(client)


@pytest.fixture
async def registrar(client: Client, edition: dict[str, Any]) -> Client:
    """A registrar of the edition."""
    return await client.as_role("registrar", edition["id"])


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """An organizer of the edition."""
    return await client.as_role("organizer", edition["id"])
