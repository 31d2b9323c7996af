"""The signed link: what it opens, what it does not, and when it is over."""

import asyncio
import base64
import logging
from typing import Any
from uuid import uuid4

import pytest

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.contract.test_every_operation import V1, assert_problem
from tests.factories import (
    REGISTRATIONS,
    badge_token,
    make_edition,
    make_registration,
    make_session,
    publish_programme,
    registration_fields,
)
from tests.post import Post, text_of

ADDRESS = "amina@delegates.example"
BADGES = "/v1/editions/grf-2023/badges"
OPEN = "/v1/auth/registration-link"


async def opened(client: Client, link: str) -> Client:
    """Somebody who opened a link."""
    return client.with_token((await client.made(OPEN, {"token": link}))["token"])


async def test_link_in_the_mail_opens_the_one_registration_and_no_account(
    client: Client, registrar: Client, post: Post, conn: Connection, edition: dict[str, Any]
) -> None:
    registration = await make_registration(registrar, ADDRESS)
    path = f"{REGISTRATIONS}/{registration['id']}"
    link = await post.link()
    assert (await client.get(path)).status_code == 401

    answer = await client.post(OPEN, {"token": link})

    assert answer.json() | {"token": ""} == {
        "token": "",
        "expires_at": "2023-11-01T21:00:00Z",
        "edition_id": edition["id"],
        "edition": "grf-2023",
        "registration_id": registration["id"],
    }
    holder = client.with_token(answer.json()["token"])
    assert (await holder.get(path)).json() == registration
    changed = await holder.patch(path, {"person": {"given_name": "Amal"}, "consents": ["photography"]}, 1)
    assert (changed.json()["person"]["given_name"], changed.json()["version"]) == ("Amal", 2)
    (badge,) = (await holder.get(BADGES, params={"registration": registration["id"]})).json()["items"]
    picture = await holder.get(f"{BADGES}/{badge['id']}/qr.svg")
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/svg+xml")
    assert (await holder.post(f"{path}/switch-mode", {"mode": "online"})).json()["mode"] == "online"
    assert (await holder.post(f"{path}/withdraw")).json()["status"] == "withdrawn"
    assert (await holder.get(path)).json()["status"] == "withdrawn"
    acted = await conn.fetch("SELECT DISTINCT kind FROM tokens t JOIN registration_transitions h ON h.by_token = t.id")
    assert sorted(row[0] for row in acted) == ["person", "registration"]


OWN = {
    "accept_registration_offer", "decline_registration_offer", "delete_push_subscription", "free_declined_place",
    "get_badge_pdf", "get_badge_png",
    "get_badge_svg", "get_registration", "get_registration_calendar", "lift_objection", "list_declined_places",
    "list_registration_transitions", "mark_notification_read",
    "object_to_registration", "resend_registration_link", "revoke_calendar_feed", "rotate_calendar_feed", "sign_out",
    "star_session", "switch_registration_mode", "update_registration", "withdraw_registration",
}  # fmt: skip
"""What is open to who comes by a link. An operation belongs here only if it looks at one registration."""
OWN_LISTS = {
    "create_calendar_feed": 422,
    "create_push_subscription": 422,
    "list_agenda": 200,
    "list_badges": 200,
    "list_calendar_feeds": 200,
    "list_notifications": 200,
    "list_push_subscriptions": 200,
    "mark_notifications_read": 422,
    "unstar_session": 204,
}
"""What is, and names none: these show and make what belongs to that registration."""


async def test_link_of_an_organizer_opens_their_own_registration_and_nothing_else(
    client: Client, edition: dict[str, Any], post: Post
) -> None:
    organizer = await client.as_role("organizer", edition["id"], ADDRESS)
    await make_edition(client, slug="elsewhere")
    admin = await client.as_role("admin")
    earlier = await make_registration(organizer, ADDRESS)
    (badge,) = (await organizer.get(BADGES, params={"registration": earlier["id"]})).json()["items"]
    await organizer.post(f"{REGISTRATIONS}/{earlier['id']}/withdraw")
    stranger = await make_registration(organizer, "bei@delegates.example")
    foreign = await make_registration(admin, ADDRESS, edition="elsewhere")
    await post.deliver()
    await make_registration(organizer, ADDRESS)
    holder = await opened(client, await post.link())

    for operation in (operation for operation in V1 if not operation.public and operation.id != "sign_out"):
        url, method = operation.url("grf-2023"), operation.method.upper()
        answer = await holder.request(method, url, params=operation.needed(), headers={"If-Match": "*"}, json={})
        wanted = OWN_LISTS.get(operation.id, 404 if operation.id in OWN else 403)
        assert answer.status_code == wanted, (operation.id, answer.text)
    for one in (earlier, stranger):
        assert (await holder.get(f"{REGISTRATIONS}/{one['id']}")).status_code == 404
        assert (await holder.post(f"{REGISTRATIONS}/{one['id']}/withdraw")).status_code == 404
        assert (await holder.get(BADGES, params={"registration": one["id"]})).json()["items"] == []
    for drawing in ("qr.svg", "badge.pdf"):
        assert (await holder.get(f"{BADGES}/{badge['id']}/{drawing}")).status_code == 404
    assert (await holder.get(f"/v1/editions/elsewhere/registrations/{foreign['id']}")).status_code == 404
    assert (await holder.post("/v1/auth/sign-out")).status_code == 204
    assert (await holder.get(f"{REGISTRATIONS}/{earlier['id']}")).status_code == 401


async def test_wrong_expired_and_replaced_links_get_the_same_answer(
    client: Client, registrar: Client, post: Post, clock: Timeline, conn: Connection
) -> None:
    registration = await make_registration(registrar, ADDRESS)
    first = await post.link()
    holder = await opened(client, first)
    clock.forward(minutes=2)
    assert (await registrar.post(f"{REGISTRATIONS}/{registration['id']}/resend-link")).status_code == 202
    second = await post.link()
    forged = bytearray(base64.urlsafe_b64decode(second + "="))
    forged[-1] ^= 1
    unknown = base64.urlsafe_b64encode(bytes(forged)).decode().rstrip("=")
    badge = await badge_token(registrar, registration)

    answers = [await client.post(OPEN, {"token": text}) for text in ("x", "é", unknown, first, badge)]

    assert (await holder.get(f"{REGISTRATIONS}/{registration['id']}")).status_code == 401
    assert (await client.post(OPEN, {"token": second})).status_code == 201
    clock.forward(days=44 + 90)  # the edition ends on 15 December: until the end of 14 March, in Zurich
    assert (await client.post(OPEN, {"token": second})).status_code == 201
    clock.forward(hours=14, minutes=58)
    answers.append(await client.post(OPEN, {"token": second}))
    for answer in answers:
        assert_problem(answer, 401, "wrong_link")
        assert answer.json() == answers[0].json()


async def test_new_link_is_for_the_person_and_registrars_and_not_twice_in_a_minute(
    client: Client, registrar: Client, post: Post, clock: Timeline
) -> None:
    registration = await make_registration(registrar, ADDRESS)
    path = f"{REGISTRATIONS}/{registration['id']}/resend-link"
    await post.deliver()
    assert_problem(await registrar.post(path), 429, "too_many_requests")
    clock.forward(minutes=1)

    assert (await (await client.as_person("bei@delegates.example")).post(path)).status_code == 404
    assert (await (await client.as_person(ADDRESS)).post(path)).status_code == 202

    (mail,) = await post.deliver()
    assert "new link" in text_of(mail)
    assert await post.deliver() == []


async def test_link_ends_with_the_address_it_was_mailed_to(
    client: Client, registrar: Client, post: Post, conn: Connection
) -> None:
    registration = await make_registration(registrar, ADDRESS)
    link = await post.link()
    holder = await opened(client, link)

    await conn.execute("UPDATE persons SET email = 'amina@elsewhere.example' WHERE email = $1", ADDRESS)

    assert (await holder.get(f"{REGISTRATIONS}/{registration['id']}")).status_code == 401
    assert (await client.post(OPEN, {"token": link})).status_code == 401


async def test_tokens_of_links_are_not_among_those_of_the_edition(
    client: Client, edition: dict[str, Any], post: Post, conn: Connection
) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    await make_registration(organizer, ADDRESS)
    await opened(client, await post.link())
    token_id = await conn.fetchval("SELECT id FROM tokens WHERE kind = 'registration'")

    assert (await organizer.get("/v1/editions/grf-2023/tokens")).json()["items"] == []
    assert (await organizer.post(f"/v1/editions/grf-2023/tokens/{token_id}/revoke")).status_code == 404


async def test_calendar_has_what_the_person_is_asked_to_and_nobody_is_named(
    client: Client, edition: dict[str, Any], post: Post
) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    for fields in ({"title": {"en": "Mine"}}, {"title": {"en": "Open"}, "access": "open"},
                   {"title": {"en": "Online"}, "mode": "online"}):  # fmt: skip
        await make_session(organizer, **{"access": "registered"} | fields)
    registration = await make_registration(organizer, ADDRESS)
    path = f"{REGISTRATIONS}/{registration['id']}"
    holder = await opened(client, await post.link())
    assert (await holder.get(f"{path}/calendar.ics")).status_code == 404
    await publish_programme(organizer)

    answer = await holder.get(f"{path}/calendar.ics")

    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert [line for line in answer.text.splitlines() if line.startswith("SUMMARY")] == ["SUMMARY;LANGUAGE=en:Mine"]
    assert "ATTENDEE" not in answer.text
    await holder.post(f"{path}/withdraw")
    assert "BEGIN:VEVENT" not in (await holder.get(f"{path}/calendar.ics")).text


@pytest.mark.parametrize("reason", [None, "I never agreed."])
async def test_person_objects_and_cannot_be_registered_by_others_until_they_say_so(
    client: Client, edition: dict[str, Any], registrar: Client, post: Post, reason: str | None
) -> None:
    registration = await make_registration(registrar, ADDRESS)
    path = f"{REGISTRATIONS}/{registration['id']}"
    holder = await opened(client, await post.link())
    frontend = await client.as_client(edition["id"], "registrations:create")
    assert (await registrar.post(f"{path}/object", {})).status_code == 404

    answer = await holder.post(f"{path}/object", {"reason": reason} if reason else {})

    assert (answer.status_code, answer.json()["status"]) == (200, "withdrawn")
    last = (await registrar.get(f"{path}/transitions")).json()["items"][-1]
    assert last["reason"] == " ".join(filter(None, ["The person objects to having been registered by others.", reason]))
    for other in (registrar, frontend):
        refused = await other.post(REGISTRATIONS, registration_fields(ADDRESS.upper()))
        assert_problem(refused, 409, "registers_themselves")
        assert "object" not in refused.text
        assert "id" not in refused.json()
    assert (await holder.post(f"{path}/lift-objection")).status_code == 200
    assert (await registrar.post(REGISTRATIONS, registration_fields(ADDRESS))).status_code == 201


async def test_who_objected_can_register_themselves_and_who_did_that_withdraws(
    client: Client, registrar: Client, post: Post
) -> None:
    registration = await make_registration(registrar, ADDRESS)
    person = await client.as_person(ADDRESS)
    assert (await person.post(f"{REGISTRATIONS}/{registration['id']}/object", {})).status_code == 200

    own = await person.made(REGISTRATIONS, registration_fields(ADDRESS))

    refused = await person.post(f"{REGISTRATIONS}/{own['id']}/object", {})
    assert_problem(refused, 409, "not_registered_by_others")
    assert (await person.post(f"{REGISTRATIONS}/{uuid4()}/object", {})).status_code == 404


async def test_one_who_objected_keeps_nobody_else_out_of_a_batch(
    client: Client, registrar: Client, conn: Connection, post: Post
) -> None:
    registration = await make_registration(registrar, ADDRESS)
    await (await client.as_person(ADDRESS)).post(f"{REGISTRATIONS}/{registration['id']}/object", {})
    people = [ADDRESS, *(f"p{n}@delegates.example" for n in range(8))]
    answers = await asyncio.gather(*(registrar.post(REGISTRATIONS, registration_fields(one)) for one in people))

    assert [answer.status_code for answer in answers] == [409, *[201] * 8]
    assert await conn.fetchval("SELECT taken FROM places WHERE mode = 'in_person'") == 2


async def test_tokens_stand_in_no_log(
    client: Client, registrar: Client, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await make_registration(registrar, ADDRESS)
    link = await post.link()

    opened = (await client.post(OPEN, {"token": link})).json()["token"]
    await client.post(OPEN, {"token": f"{link}x"})

    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("forum", "uvicorn")))
    assert link not in ours
    assert opened not in ours
