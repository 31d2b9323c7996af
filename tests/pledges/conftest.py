from typing import Any

import pytest

from tests.client import Client
from tests.factories import make_edition, make_entity, make_session


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open."""
    return await make_edition(client)


@pytest.fixture
async def officer(client: Client, edition: dict[str, Any]) -> Client:
    """A pledge officer of the edition."""
    return await client.as_role("pledge_officer", edition["id"])


@pytest.fixture
async def frontend(client: Client, edition: dict[str, Any]) -> Client:
    """A trusted frontend that submits pledges."""
    return await client.as_client(edition["id"], "pledges:submit")


@pytest.fixture
async def lead(officer: Client) -> dict[str, Any]:
    """An NGO that leads pledges."""
    return await make_entity(officer, "PILnet", category="ngo", country="US")


@pytest.fixture
async def plenary(client: Client, edition: dict[str, Any]) -> dict[str, Any]:
    """A confirmed session of the edition."""
    return await make_session(await client.as_role("programme_manager", edition["id"]))
