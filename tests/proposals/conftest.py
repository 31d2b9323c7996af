from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from forum.db import Pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition, make_entity
from tests.post import Post, post_office

EDITION = "/v1/editions/grf-2023"
PROPOSALS = f"{EDITION}/proposals"
CALL = f"{PROPOSALS}/call"
CRITERIA = [
    {"id": "speaker_level", "label": {"en": "Level of speakers"}, "weight": 2, "max_score": 5},
    {"id": "diversity", "label": {"en": "Diversity", "fr": "Diversité"}, "weight": 1, "max_score": 10},
]
SLOTS = [
    {"starts_at": "2023-12-14T14:30:00+01:00", "ends_at": "2023-12-14T16:00:00+01:00"},
    {"starts_at": "2023-12-13T12:30:00Z", "ends_at": "2023-12-13T14:00:00Z"},
]


def call_fields(**changes: Any) -> dict[str, Any]:
    """A good body for a call, open on the first day of the test's clock."""
    return {
        "opens_at": "2023-10-01T00:00:00Z",
        "closes_at": "2023-11-10T22:59:59Z",
        "decides_on": "2023-11-20",
        "session_types": ["side_event", "press"],
        "criteria": CRITERIA,
        "instructions": {"en": "One page is enough."},
    } | changes


async def put_call(manager: Client, **changes: Any) -> dict[str, Any]:
    """The call of the edition `grf-2023`, made or changed."""
    answer = await manager.request("PUT", CALL, json=call_fields(**changes), headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def proposal_fields(lead: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A good body for a proposal that an entity leads alone."""
    contact = {"name": "Dina Muster", "email": "dina@city.example", "language": "en"}
    return {
        "title": {"en": "Cities that welcome", "fr": "Des villes qui accueillent"},
        "abstract": {"en": "What mayors do."},
        "concept_note": {"en": "Why it matters.\nAnd how."},
        "type": "side_event",
        "preferred_slots": SLOTS,
        "lead_entity": lead["id"],
        "organisers": [lead["id"]],
        "speakers": [{"display_name": "Amal Probe", "function": "Mayor", "country": "CH", "role": "moderator"}],
        "mode": "hybrid",
        "expected_attendance": 60,
        "languages": ["en", "fr"],
        "contact": contact | changes.pop("contact", {}),
    } | changes


async def make_proposal(
    proposer: Client, lead: dict[str, Any], status: str = "submitted", **changes: Any
) -> dict[str, Any]:
    """A proposal, made and, unless it stays a draft, submitted."""
    made = await proposer.made(PROPOSALS, proposal_fields(lead, **changes))
    return made if status == "draft" else await move(proposer, made, "submit")


async def move(caller: Client, proposal: dict[str, Any], name: str, **body: Any) -> dict[str, Any]:
    """A proposal after a move that was allowed."""
    return await caller.made(f"{PROPOSALS}/{proposal['id']}/{name}", body)


async def refused(caller: Client, proposal: dict[str, Any], name: str, **body: Any) -> tuple[int, str, Any]:
    """Status, code and what else tells why a move was not allowed."""
    answer = await caller.post(f"{PROPOSALS}/{proposal['id']}/{name}", body)
    problem = answer.json()
    return answer.status_code, problem["code"], problem.get("id") or problem.get("allowed", [])


async def read(caller: Client, proposal: dict[str, Any]) -> dict[str, Any]:
    """A proposal as it is now."""
    answer = await caller.get(f"{PROPOSALS}/{proposal['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open."""
    return await make_edition(client)


@pytest.fixture
async def manager(client: Client, edition: dict[str, Any]) -> Client:
    """A programme manager of the edition, which has a call that is open."""
    made = await client.as_role("programme_manager", edition["id"])
    await put_call(made)
    return made


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """An organizer of the edition."""
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def city(organizer: Client) -> dict[str, Any]:
    """An entity."""
    return await make_entity(organizer)


@pytest.fixture
async def dina(client: Client, manager: Client) -> Client:
    """Somebody who signed in and has no role."""
    return await client.as_person("dina@city.example")


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made


def close_call(clock: Timeline) -> None:
    """Move on to after the deadline."""
    clock.now = datetime(2023, 11, 11, tzinfo=UTC)
