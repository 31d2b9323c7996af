from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from forum.db import Pool
from forum.pushes.service import Courier
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition
from tests.post import Post, post_office
from tests.pushes.services import Browser, PushService, push_service
from workers.jobs import push_message

ADDRESS = "amina@delegates.example"
NOTIFICATIONS = "/v1/me/notifications"
SUBSCRIPTIONS = "/v1/me/push-subscriptions"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Pushes may go to this machine."""
    return replace(settings, push_to_private=True)


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail and push."""
    async with post_office(pool, settings, clock) as made:
        made.office = replace(made.office, courier=Courier("desk@forum.test", to_private=True))
        yield made


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    """A push service."""
    async with push_service() as made:
        yield made


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("organizer", edition["id"])


async def push(post: Post, after: timedelta = timedelta(0)) -> None:
    """Do the pushes that are due, or will be after a while, as a worker does them."""
    due = datetime.now(UTC) + after + timedelta(seconds=1)
    async with post.office.pool.acquire() as conn:
        rows = await conn.fetch(
            "SELECT id FROM outbox WHERE kind = 'push_message' AND done_at IS NULL AND next_try_at <= $1", due
        )
    await push_message({"office": post.office, "job_id": "test"}, [row[0] for row in rows])


async def subscribe(person: Client, service: PushService, name: str = "one", **fields: Any) -> tuple[Browser, str]:
    """A browser of a person that takes pushes, and the id of its subscription."""
    browser = Browser()
    new = {"endpoint": f"{service.url}/{name}", "keys": browser.keys} | fields
    return browser, (await person.made(SUBSCRIPTIONS, new))["id"]
