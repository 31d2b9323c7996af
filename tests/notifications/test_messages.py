"""What became of the mails of an edition, for who may know."""

from typing import Any
from uuid import UUID

import pytest

from forum.db import Connection
from forum.notifications.service import plan_invitations
from forum.outbox import queue_message
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_registration, make_session, publish_programme

MESSAGES = "/v1/editions/grf-2023/messages"


@pytest.fixture
async def organizer(client: Client, conn: Connection, clock: Timeline) -> Client:
    """An organizer of `grf-2023`, where two people are invited to two sessions."""
    edition = await make_edition(client)
    organizer = await client.as_role("organizer", edition["id"])
    people = [await make_registration(organizer, email=f"p{number}@person.example") for number in range(2)]
    for hour in ("08", "10"):
        await make_session(organizer, starts_at=f"2023-12-13T{hour}:00:00Z", ends_at=None)
    await publish_programme(organizer)
    async with conn.transaction():
        await plan_invitations(conn, UUID(edition["id"]), [UUID(person["id"]) for person in people], clock())
        await queue_message(conn, "sign_in", "p0@person.example", {"code": "314159", "language": "en"}, clock())
    return organizer


async def listed(client: Client, **query: str) -> list[dict[str, Any]]:
    """The messages of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = query | {"limit": "3", "count": "true"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(MESSAGES, params=params)).json()
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            assert page["total"] == len(found)
            return found


async def test_messages_are_listed_in_order_with_filters_and_without_secrets(
    organizer: Client, conn: Connection
) -> None:
    messages = await listed(organizer)

    assert [message["number"] for message in messages] == sorted(message["number"] for message in messages)
    first = messages[0]
    assert first == {
        "id": first["id"],
        "number": first["number"],
        "kind": "invitation",
        "recipient": first["recipient"],
        "session_id": first["session_id"],
        "registration_id": first["registration_id"],
        "speaker_id": None,
        "method": "REQUEST",
        "status": "queued",
        "attempts": 0,
        "created_at": "2023-11-01T09:00:00Z",
        "next_try_at": first["next_try_at"],
        "sent_at": None,
        "last_error": None,
        "bounced_at": None,
        "complained_at": None,
        "resend_of": None,
    }
    assert len(messages) == 4
    assert await listed(organizer, session=first["session_id"], registration=first["registration_id"]) == [first]
    assert len(await listed(organizer, registration=first["registration_id"])) == 2
    await conn.execute("UPDATE messages SET status = 'failed', last_error = '550 no' WHERE id = $1", UUID(first["id"]))
    (failed,) = await listed(organizer, status="failed")
    assert (failed["id"], failed["last_error"]) == (first["id"], "550 no")
    assert await listed(organizer, kind="attendance_report") == await listed(organizer, kind="sign_in") == []
    assert pointers(await organizer.get(MESSAGES, params={"status": "lost"})) == {("status", "bad_parameter")}


async def test_messages_are_for_who_looks_after_people(client: Client, organizer: Client) -> None:
    edition = (await client.get("/v1/editions/grf-2023")).json()
    other = await make_edition(client, slug="grf-other")

    registrar = await client.as_role("registrar", edition["id"])
    assert len(await listed(registrar)) == 4
    for role in ("programme_manager", "analyst", "checkin_staff", "pledge_officer"):
        assert (await (await client.as_role(role, edition["id"])).get(MESSAGES)).status_code == 403
    stranger = await client.as_role("organizer", other["id"], email="stranger@staff.example")
    assert (await stranger.get(MESSAGES)).status_code == 403
    assert (await stranger.get("/v1/editions/grf-other/messages")).json()["items"] == []
    assert (await client.get(MESSAGES)).status_code == 401
