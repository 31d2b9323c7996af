from typing import Any

import pytest

from tests.client import Client
from tests.factories import make_edition


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open, with two places in the hall and none counted online."""
    return await make_edition(client, in_person_capacity=2)


@pytest.fixture
async def registrar(client: Client, edition: dict[str, Any]) -> Client:
    """A registrar of the edition."""
    return await client.as_role("registrar", edition["id"])
