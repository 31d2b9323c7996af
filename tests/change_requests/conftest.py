from typing import Any

import pytest

from tests.client import Client
from tests.factories import REGISTRATIONS, make_edition, make_registration


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open; registration online closes on 20 November."""
    windows = {"online": {"opens_at": None, "closes_at": "2023-11-20T00:00:00Z"}, "in_person": {}}
    return await make_edition(client, registration=windows, in_person_capacity=1)


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """Who makes the rules of the edition."""
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def registrar(client: Client, edition: dict[str, Any]) -> Client:
    """Who approves changes."""
    return await client.as_role("registrar", edition["id"])


@pytest.fixture
async def amina(client: Client) -> Client:
    """Somebody who is registered."""
    return await client.as_person("amina@delegates.example")


@pytest.fixture
async def path(registrar: Client) -> str:
    """Where Amina's registration online is."""
    made = await make_registration(registrar, mode="online")
    return f"{REGISTRATIONS}/{made['id']}"
