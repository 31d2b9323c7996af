"""What follows when mails come back or are unwelcome, as a provider tells it."""

from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.contract.test_every_operation import assert_problem
from tests.factories import REGISTRATIONS, make_edition, make_registration
from tests.notifications.conftest import MESSAGES, SUPPRESSIONS, fates
from tests.post import Post

ADDRESS = "Amina@delegates.example"
BOUNCES = "/v1/inbox/bounces"


@pytest.fixture
async def provider(client: Client, grf: dict[str, Any]) -> Client:
    """Who delivers the edition's mails."""
    return await client.as_client(grf["id"], "messages:report")


@pytest.fixture
async def amina(desk: Client, post: Post) -> dict[str, Any]:
    """Somebody who was mailed that they are registered."""
    registration = await make_registration(desk, ADDRESS)
    await post.deliver()
    return registration


async def message_id(conn: Connection) -> str:
    """The Message-ID of the last mail."""
    return f"<{await conn.fetchval('SELECT id FROM messages ORDER BY number DESC LIMIT 1')}@calendar.forum.test>"


async def test_address_that_is_gone_is_written_to_no_more_not_even_with_codes(
    client: Client, desk: Client, provider: Client, amina: dict[str, Any], post: Post, conn: Connection
) -> None:
    mailed = len(post.server.taken)
    report = {"message_id": await message_id(conn), "kind": "bounced_permanently",
              "detail": f"550 5.1.1 <{ADDRESS}>:\nno such user"}  # fmt: skip

    for _ in range(2):
        answer = (await provider.post(BOUNCES, report)).json()
        assert answer == {"message_id": report["message_id"][1:37], "status": "bounced", "is_suppressed": True}
    await desk.post(f"{REGISTRATIONS}/{amina['id']}/withdraw")
    await client.post("/v1/auth/codes", {"email": ADDRESS})
    await post.deliver()

    assert len(post.server.taken) == mailed
    assert await fates(conn) == [("registration", "bounced"), ("sign_in", "suppressed"), ("registration", "suppressed")]
    first, held = (await desk.get(MESSAGES)).json()["items"]
    assert (first["last_error"], first["bounced_at"]) == ("550 5.1.1 <address> no such user", "2023-11-01T09:00:00Z")
    assert held["last_error"] == "the address is suppressed: bounced"
    (suppression,) = (await desk.get(SUPPRESSIONS, params={"count": "true"})).json()["items"]
    assert suppression == {
        "id": suppression["id"],
        "email": ADDRESS.lower(),
        "reason": "bounced",
        "detail": "550 5.1.1 <address> no such user",
        "suppressed_at": "2023-11-01T09:00:00Z",
    }


async def test_who_complained_is_still_sent_the_codes_they_ask_for(
    client: Client, desk: Client, provider: Client, amina: dict[str, Any], post: Post, conn: Connection
) -> None:
    report = {"message_id": await message_id(conn), "kind": "complained"}
    assert (await provider.post(BOUNCES, report)).json()["status"] == "sent"
    await desk.post(f"{REGISTRATIONS}/{amina['id']}/withdraw")
    await client.post("/v1/auth/codes", {"email": ADDRESS})
    await post.deliver()

    assert await fates(conn) == [("registration", "sent"), ("sign_in", "sent"), ("registration", "suppressed")]
    (first, _) = (await desk.get(MESSAGES)).json()["items"]
    assert first["complained_at"] == "2023-11-01T09:00:00Z"

    await provider.post(BOUNCES, report | {"kind": "bounced_permanently"})
    await provider.post(BOUNCES, report)
    (suppression,) = (await desk.get(SUPPRESSIONS)).json()["items"]
    assert suppression["reason"] == "bounced"


async def test_mail_that_came_back_for_now_leaves_the_address_good(
    desk: Client, provider: Client, amina: dict[str, Any], post: Post, conn: Connection
) -> None:
    report = {"message_id": await message_id(conn), "kind": "bounced_temporarily", "detail": "mailbox full"}
    assert (await provider.post(BOUNCES, report)).json()["is_suppressed"] is False
    await desk.post(f"{REGISTRATIONS}/{amina['id']}/withdraw")

    assert len(await post.deliver()) == 1

    assert await fates(conn) == [("registration", "bounced"), ("registration", "sent")]
    assert (await desk.get(SUPPRESSIONS)).json()["items"] == []


async def test_suppression_is_lifted_and_what_was_held_back_is_sent_when_asked_for(
    desk: Client, provider: Client, amina: dict[str, Any], post: Post, conn: Connection
) -> None:
    await provider.post(BOUNCES, {"message_id": await message_id(conn), "kind": "bounced_permanently"})
    (message,) = (await desk.get(MESSAGES)).json()["items"]
    resend = f"{MESSAGES}/{message['id']}/resend"
    assert_problem(await desk.post(resend), 409, "address_suppressed")
    (suppression,) = (await desk.get(SUPPRESSIONS, params={"reason": "bounced", "email": ADDRESS})).json()["items"]

    lifted = await desk.post(f"{SUPPRESSIONS}/{suppression['id']}/lift")

    assert (lifted.status_code, lifted.json()) == (200, suppression)
    assert_problem(await desk.post(f"{SUPPRESSIONS}/{suppression['id']}/lift"), 404, "not_found")
    assert (await desk.get(SUPPRESSIONS)).json()["items"] == []
    assert (await desk.post(resend)).status_code == 201
    (mail,) = await post.deliver()
    assert mail["Message-ID"] != f"<{message['id']}@calendar.forum.test>"


async def test_reports_are_for_those_who_may_and_about_their_own_edition(
    client: Client, desk: Client, grf: dict[str, Any], provider: Client, amina: dict[str, Any], conn: Connection
) -> None:
    other = await make_edition(client, slug="other")
    report = {"message_id": await message_id(conn), "kind": "complained"}
    stranger = await client.as_client(other["id"], "messages:report")
    assert_problem(await stranger.post(BOUNCES, report), 404, "not_found")
    for caller in (
        desk,
        await client.as_client(grf["id"], "registrations:create"),
        await client.as_person("a@x.example"),
    ):
        assert_problem(await caller.post(BOUNCES, report), 403, "forbidden")
    unknown = "<00000000-0000-7000-8000-000000000000@x>"
    assert_problem(await provider.post(BOUNCES, report | {"message_id": unknown}), 404, "not_found")
    assert pointers(await provider.post(BOUNCES, {"message_id": "<x@y>", "kind": "lost", "detail": "\x00"})) == {
        ("/message_id", "bad_message_id"), ("/kind", "unknown_value"), ("/detail", "control_character"),
    }  # fmt: skip

    await provider.post(BOUNCES, report)
    organizer = await client.as_role("organizer", other["id"], email="stranger@staff.example")
    assert (await organizer.get("/v1/editions/other/suppressions")).json()["items"] == []
    (suppression,) = (await desk.get(SUPPRESSIONS)).json()["items"]
    path = f"/v1/editions/other/suppressions/{suppression['id']}/lift"
    assert_problem(await organizer.post(path), 404, "not_found")
    analyst = await client.as_role("analyst", grf["id"])
    assert_problem(await analyst.get(SUPPRESSIONS), 403, "forbidden")
