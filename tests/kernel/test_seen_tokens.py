"""Tokens are remembered for a moment, never beyond their end, and never those of who has a role over others."""

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
    seen = app.state.seen_tokens
    assert settings.database_url
    async with listening(settings.database_url, [seen]), asyncio.timeout(60):
        device = await client.as_client(made["id"], "scans:record", kind="device")
        while not seen._seen:  # until it listens, nothing is remembered
            assert await status(device) == 200
        seen.forget()
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
    app.state.seen_tokens.lose()
    assert await status(device) == 401


async def test_person_without_a_role_is_asked_after_once(
    client: Client, conn: Connection, app: Application, edition: dict[str, Any]
) -> None:
    person = await client.as_person("amal@example.org")
    assert await status(person) == 200

    await revoke_unheard(conn)

    assert await status(person) == 200
    app.state.seen_tokens.lose()
    assert await status(person) == 401


async def test_person_with_a_role_is_always_asked_after(
    client: Client, conn: Connection, app: Application, edition: dict[str, Any]
) -> None:
    news = app.state.seen_tokens._news
    person = await client.as_role("registrar", edition["id"])
    async with asyncio.timeout(4):
        while app.state.seen_tokens._news == news:  # of the role
            assert await status(person) == 200
    assert await status(person) == 200

    await revoke_unheard(conn)

    assert await status(person) == 401


async def test_person_who_is_given_a_role_has_it_from_the_next_request_on(
    client: Client, edition: dict[str, Any]
) -> None:
    organizer, person = await client.as_role("organizer", edition["id"]), await client.as_person("amal@example.org")
    path = f"/v1/editions/{edition['slug']}/registrations"
    assert (await person.get(path)).status_code == 403

    await organizer.made("/v1/grants", {"email": "amal@example.org", "role": "registrar", "edition": edition["slug"]})

    assert (await person.get(path)).status_code == 200


async def test_person_who_is_given_a_role_elsewhere_has_it_once_that_is_heard(
    client: Client, conn: Connection, edition: dict[str, Any]
) -> None:
    person = await client.as_person("amal@example.org")
    path = f"/v1/editions/{edition['slug']}/registrations"
    assert (await person.get(path)).status_code == 403

    await conn.execute(
        "INSERT INTO grants (id, person_id, role, edition_id, created_at)"
        " SELECT gen_random_uuid(), id, 'registrar', $1, now() FROM persons WHERE email = 'amal@example.org'",
        UUID(edition["id"]),
    )

    async with asyncio.timeout(4):  # shorter than it would be remembered for
        while (await person.get(path)).status_code != 200:
            pass


async def test_person_who_erases_their_data_is_nobody_from_the_next_request_on(
    client: Client, edition: dict[str, Any]
) -> None:
    person = await client.as_person("amal@example.org")
    assert await status(person) == 200

    assert (await person.post("/v1/me/erasure", {"email": "amal@example.org"})).status_code == 200

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
