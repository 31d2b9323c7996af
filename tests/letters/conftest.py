from typing import Any

import pytest

from tests.client import Client
from tests.factories import make_edition, make_registration

EDITION = "/v1/editions/grf-2023"
LETTERS = f"{EDITION}/letters"
SECRETS = ("L7391X", "AMINA AL-MUHAJIR", "1990-05-01")
"""What a passport says, and what may stand nowhere but in the letter itself."""


def letter_fields(**changes: Any) -> dict[str, Any]:
    """A good body for a request of a letter for a visa."""
    particulars = {
        "passport_name": "AMINA AL-MUHAJIR",
        "nationality": "SY",
        "passport_number": "L7391X",
        "born_on": "1990-05-01",
        "consulate_city": "Beirut",
    } | changes.pop("particulars", {})
    return {"kind": "visa", "particulars": particulars} | changes


async def make_letter(caller: Client, registration: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A letter that was asked for."""
    return await caller.made(f"{EDITION}/registrations/{registration['id']}/letters", letter_fields(**changes))


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open, with two places in the hall."""
    return await make_edition(client, in_person_capacity=2)


@pytest.fixture
async def registrar(client: Client, edition: dict[str, Any]) -> Client:
    """A registrar of the edition."""
    return await client.as_role("registrar", edition["id"])


@pytest.fixture
async def registration(registrar: Client) -> dict[str, Any]:
    """Amina's, approved in person."""
    return await make_registration(registrar)


@pytest.fixture
async def amina(client: Client, registration: dict[str, Any]) -> Client:
    """The person herself."""
    return await client.as_person("amina@delegates.example")
