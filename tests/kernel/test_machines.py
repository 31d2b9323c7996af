"""Tokens of clients and devices are remembered for a moment, and never beyond their end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from forum.accounts import service as accounts
from forum.db import Connection
from forum.http import Application
from forum.listening import listening
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition

ME = "/v1/me"


@pytest.fixture
async def edition(client: Client, app: Application, settings: Settings) -> AsyncIterator[dict[str, Any]]:
    """An edition of an application that hears of revoked tokens."""
    made = await make_edition(client)
    machines = app.state.machines
    assert settings.database_url
    async with listening(settings.database_url, [machines]), asyncio.timeout(60):
        device = await client.as_client(made["id"], "scans:record", kind="device")
        while not machines._seen:  # until it listens, nothing is remembered
            assert await status(device) == 200
        machines.forget()
        yield made


async def status(caller: Client) -> int:
    """What a caller is answered."""
    return (await caller.get(ME)).status_code


async def revoke_unheard(conn: Connection) -> None:
    """Revoke every token, and have the database tell nobody."""
    await conn.execute("ALTER TABLE tokens DISABLE TRIGGER tokens_notify")
    await conn.execute("UPDATE tokens SET revoked_at = created_at")
    await conn.execute("ALTER TABLE tokens ENABLE TRIGGER tokens_notify")


async def test_device_is_asked_after_once(
    client: Client, conn: Connection, app: Application, edition: dict[str, Any]
) -> None:
    device = await client.as_client(edition["id"], "scans:record", kind="device")
    assert await status(device) == 200

    await revoke_unheard(conn)

    assert await status(device) == 200  # remembered: this is what the news is for
    app.state.machines.lose()
    assert await status(device) == 401


async def test_person_is_always_asked_after(client: Client, conn: Connection, edition: dict[str, Any]) -> None:
    person = await client.as_role("registrar", edition["id"])
    assert await status(person) == 200

    await revoke_unheard(conn)

    assert await status(person) == 401


async def test_revoked_token_is_refused_from_the_next_request_on(client: Client, edition: dict[str, Any]) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    path = f"/v1/editions/{edition['slug']}/tokens"
    wanted = {"edition": edition["slug"], "kind": "device", "label": "Gate", "scopes": ["scans:record"]}
    issued = await organizer.made("/v1/tokens", wanted)
    device = client.with_token(issued["token"])
    assert await status(device) == 200

    await organizer.made(f"{path}/{issued['id']}/revoke", None)

    assert await status(device) == 401


async def test_token_that_signs_out_is_refused_from_the_next_request_on(
    client: Client, edition: dict[str, Any]
) -> None:
    device = await client.as_client(edition["id"], "scans:record", kind="device")
    assert await status(device) == 200

    assert (await device.post("/v1/auth/sign-out")).status_code == 204

    assert await status(device) == 401


async def test_token_revoked_by_another_process_is_refused_once_that_is_heard(
    client: Client, conn: Connection, edition: dict[str, Any]
) -> None:
    device = await client.as_client(edition["id"], "scans:record", kind="device")
    assert await status(device) == 200

    await conn.execute("UPDATE tokens SET revoked_at = created_at")

    async with asyncio.timeout(4):  # shorter than it would be remembered for
        while await status(device) != 401:
            pass


async def test_remembered_token_ends_when_it_expires(
    client: Client, conn: Connection, clock: Timeline, edition: dict[str, Any]
) -> None:
    ends_at = clock.now + timedelta(hours=1)
    here = UUID(edition["id"])
    issued = await accounts.issue_token(conn, "device", None, here, "Gate", [], clock.now, ends_at)
    caller = client.with_token(issued.token)
    assert await status(caller) == 200

    clock.forward(hours=1)

    assert await status(caller) == 401
