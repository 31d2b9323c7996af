import asyncio
import smtplib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from forum.db import Connection, Pool
from forum.settings import Settings
from tests.calendars.replies import DOMAIN, calendar, google
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_booking, make_edition, make_registration, make_session, publish_programme
from tests.post import Post, post_office
from workers.inbox import Inbox

AMINA, BEI = "amina@delegates.example", "bei@delegates.example"
EDITION = "/v1/editions/grf-2023"


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`."""
    return await make_edition(client)


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """An organizer of the edition."""
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def table(organizer: Client) -> dict[str, Any]:
    """A published round table with one place in the hall."""
    made = await make_session(organizer, title={"en": "Round table"}, access="booking", in_person_capacity=1)
    await publish_programme(organizer)
    return made


@pytest.fixture
async def amina(organizer: Client) -> dict[str, Any]:
    """Somebody with a place in the hall."""
    return await make_registration(organizer, AMINA)


@pytest.fixture
async def booking(organizer: Client, table: dict[str, Any], amina: dict[str, Any], post: Post) -> dict[str, Any]:
    """Amina's place at the round table, of which she was sent the invitation."""
    made = await make_booking(organizer, table, amina)
    await post.deliver()
    return made


@pytest.fixture
async def inbox(pool: Pool, clock: Timeline) -> AsyncIterator[str]:
    """Where a worker takes in mails."""
    async with Inbox(pool, clock, DOMAIN).listen("127.0.0.1:0") as address:
        yield address


def reply(session: dict[str, Any], answer: str = "DECLINED", *, sender: str = AMINA, **fields: Any) -> bytes:
    """A mail with somebody's answer; of Amina, unless told otherwise."""
    return google(calendar(session["id"], answer=answer, **{"attendee": sender} | fields), sender)


async def deliver(address: str, raw: bytes) -> tuple[int, str]:
    """Hand a mail over by LMTP, as a mail server does; its answer to the mail."""

    def talk() -> tuple[int, bytes]:
        with smtplib.LMTP(*address.split(":")) as server:
            server.ehlo()  # says LHLO
            server.mail("bounces@delegates.example")
            server.rcpt("secretariat@forum.example")
            return server.data(raw)

    code, words = await asyncio.to_thread(talk)
    return code, words.decode()


async def fates(conn: Connection) -> list[tuple[str, str | None]]:
    """What became of the mails that came in."""
    rows = await conn.fetch("SELECT outcome, reason FROM inbox_messages ORDER BY received_at, outcome, reason")
    return [(row[0], row[1]) for row in rows]


async def answer_of(conn: Connection, registration: dict[str, Any]) -> str | None:
    """The one answer of a registration."""
    found: str | None = await conn.fetchval(
        "SELECT answer FROM calendar_answers WHERE registration_id = $1", UUID(registration["id"])
    )
    return found


async def questions(conn: Connection) -> list[str]:
    """What became of the mails that ask whether a place may be freed."""
    return [row[0] for row in await conn.fetch("SELECT status FROM messages WHERE kind = 'answer' ORDER BY number")]
