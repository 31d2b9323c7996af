"""What the staff finds, sends once more, takes back and takes away of an edition's mails."""

import csv
import io
from typing import Any
from uuid import UUID

import pytest

from forum.db import Connection
from forum.notifications.service import plan_invitations
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.contract.test_every_operation import assert_problem
from tests.factories import REGISTRATIONS, make_registration, make_session, publish_programme
from tests.notifications.conftest import MESSAGES, fates
from tests.post import Post

ADDRESS = "amina@delegates.example"


@pytest.fixture
async def amina(desk: Client) -> dict[str, Any]:
    """Somebody who is to be mailed that they are registered."""
    return await make_registration(desk, ADDRESS)


async def listed(desk: Client, **query: str) -> list[str]:
    """The numbers of a list."""
    answer = await desk.get(MESSAGES, params=query | {"count": "true"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["items"])
    return [message["id"] for message in answer.json()["items"]]


async def test_mail_that_waits_is_taken_back_and_one_that_is_gone_is_not(
    desk: Client, amina: dict[str, Any], post: Post, conn: Connection, client: Client, grf: dict[str, Any]
) -> None:
    await post.plan()
    (waiting,) = await listed(desk)
    reader = await client.as_role("programme_manager", grf["id"])
    assert_problem(await reader.post(f"{MESSAGES}/{waiting}/cancel"), 403, "forbidden")

    cancelled = await desk.post(f"{MESSAGES}/{waiting}/cancel")

    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert await post.deliver() == []
    problem = await desk.post(f"{MESSAGES}/{waiting}/cancel")
    assert_problem(problem, 409, "already_sent")
    assert problem.json()["detail"] == "It is cancelled: only what is queued can be cancelled."
    missing = "00000000-0000-7000-8000-000000000000"
    assert_problem(await desk.post(f"{MESSAGES}/{missing}/cancel"), 404, "not_found")

    await desk.post(f"{MESSAGES}/{waiting}/resend")
    assert len(await post.deliver()) == 1
    assert_problem(await desk.post(f"{MESSAGES}/{(await listed(desk))[1]}/cancel"), 409, "already_sent")


async def test_mail_is_sent_once_more_as_another_to_the_address_of_now(
    desk: Client, amina: dict[str, Any], post: Post, conn: Connection, clock: Timeline
) -> None:
    post.server.answers = {ADDRESS: "550 5.1.1 no such user"}
    await post.deliver()
    (failed,) = await listed(desk, status="failed")
    await conn.execute("UPDATE persons SET email = 'new@delegates.example' WHERE email = $1", ADDRESS)
    await conn.execute(
        "INSERT INTO registration_links (edition_id, registration_id, id, created_at)"
        " SELECT edition_id, id, gen_random_uuid(), now() FROM registrations"
    )

    made = await desk.post(f"{MESSAGES}/{failed}/resend", headers={"Idempotency-Key": "again"})
    again = await desk.post(f"{MESSAGES}/{failed}/resend", headers={"Idempotency-Key": "again"})

    assert (made.status_code, made.json()) == (201, again.json())
    assert (made.json()["resend_of"], made.json()["recipient"]) == (failed, "new@delegates.example")
    (mail,) = await post.deliver()
    assert mail["Message-ID"] == f"<{made.json()['id']}@calendar.forum.test>"
    assert "new@delegates.example" in mail["To"]
    assert await fates(conn) == [("registration", "failed"), ("registration", "sent")]


async def test_mail_that_waits_or_that_a_later_one_replaced_is_not_sent_once_more(
    client: Client, grf: dict[str, Any], desk: Client, amina: dict[str, Any], post: Post
) -> None:
    await post.plan()
    (first,) = await listed(desk)
    assert_problem(await desk.post(f"{MESSAGES}/{first}/resend"), 409, "not_resendable")
    await post.deliver()
    await desk.post(f"{REGISTRATIONS}/{amina['id']}/withdraw")
    await post.deliver()

    problem = await desk.post(f"{MESSAGES}/{first}/resend")

    assert_problem(problem, 409, "not_resendable")
    assert problem.json()["detail"] == "A later mail says something else of the same: send that one."
    organizer = await client.as_role("organizer", grf["id"])
    await organizer.post(f"{REGISTRATIONS}/{amina['id']}/erase", {"reason": "asked_by_the_person"})
    latest = (await listed(desk))[1]
    problem = await desk.post(f"{MESSAGES}/{latest}/resend")
    assert (problem.status_code, problem.json()["detail"]) == (409, "Its recipient was erased.")


async def test_invitation_of_who_left_is_taken_back_where_it_is_sent_once_more(
    client: Client,
    grf: dict[str, Any],
    desk: Client,
    amina: dict[str, Any],
    post: Post,
    conn: Connection,
    clock: Timeline,
) -> None:
    manager = await client.as_role("organizer", grf["id"])
    await make_session(manager, access="registered")
    await publish_programme(manager)
    post.server.answers = {ADDRESS: "550 5.1.1 no such user"}
    async with conn.transaction():
        await plan_invitations(conn, UUID(grf["id"]), [UUID(amina["id"])], clock())
    await post.deliver()
    (invitation,) = await listed(desk, kind="invitation", status="failed")
    await desk.post(f"{REGISTRATIONS}/{amina['id']}/withdraw")
    await post.plan()
    post.server.answers = {}

    await desk.post(f"{MESSAGES}/{invitation}/resend")
    await post.deliver()

    rows = await conn.fetch(
        "SELECT payload ->> 'method', status FROM messages WHERE kind = 'invitation' ORDER BY number"
    )
    assert [tuple(row) for row in rows] == [("REQUEST", "failed"), ("REQUEST", "superseded")]


async def test_list_is_narrowed_by_time_and_by_what_waits_for_a_server(
    desk: Client, amina: dict[str, Any], post: Post, clock: Timeline
) -> None:
    post.server.answers = {ADDRESS: "451 4.7.1 greylisted"}
    await post.deliver()
    (deferred,) = await listed(desk)
    clock.forward(hours=1)
    await make_registration(desk, "bei@delegates.example")
    await post.plan()
    (_, queued) = await listed(desk)

    assert await listed(desk, deferred="true") == [deferred]
    assert await listed(desk, deferred="false") == [queued]
    assert await listed(desk, since="2023-11-01T10:00:00Z") == [queued]
    assert await listed(desk, until="2023-11-01T10:00:00Z") == [deferred]
    assert await listed(desk, since="2023-11-01T09:00:00Z", until="2023-11-01T09:00:01Z", status="queued") == [deferred]
    for name in ("since", "until"):
        bad = await desk.get(MESSAGES, params={name: "2023-11-01T10:00:00"})
        assert pointers(bad) == {(name, "timezone_missing")}


async def test_list_is_taken_away_as_a_table(desk: Client, amina: dict[str, Any], post: Post) -> None:
    await make_registration(desk, "bei@delegates.example")
    post.server.answers = {ADDRESS: "550 =cmd()"}
    await post.deliver()

    answer = await desk.get(MESSAGES, params={"format": "csv", "limit": "1"})

    assert answer.headers["Content-Disposition"] == 'attachment; filename="messages.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    items = (await desk.get(MESSAGES)).json()["items"]
    assert [row["id"] for row in rows] == [item["id"] for item in items]
    assert {row["recipient"]: (row["status"], row["last_error"]) for row in rows} == {
        ADDRESS: ("failed", "550 =cmd()"), "bei@delegates.example": ("sent", ""),
    }  # fmt: skip


async def test_digest_is_sent_once_more_with_those_of_its_entries_that_still_hold(
    desk: Client, grf: dict[str, Any], amina: dict[str, Any], conn: Connection
) -> None:
    here, person = UUID(grf["id"]), UUID(amina["id"])
    sessions = [UUID(int=number) for number in range(2)]
    digest = await conn.fetchval(
        "INSERT INTO messages (edition_id, kind, recipient, registration_id, created_at, next_try_at, status, sent_at)"
        " VALUES ($1, 'revision', $3, $2, now(), now(), 'sent', now()) RETURNING id",
        here, person, ADDRESS,
    )  # fmt: skip
    entry = (
        "INSERT INTO messages (edition_id, kind, recipient, registration_id, session_id, created_at, next_try_at,"
        " status, sent_at, digest_id) VALUES ($1, 'invitation', $4, $2, $3, now(), now(), 'sent', now(), $5)"
    )
    rows = [(sessions[0], digest), (sessions[1], digest), (sessions[1], None)]
    await conn.executemany(entry, [(here, person, session, ADDRESS, into) for session, into in rows])

    made = (await desk.post(f"{MESSAGES}/{digest}/resend")).json()

    again = await conn.fetch("SELECT session_id, status FROM messages WHERE digest_id = $1", UUID(made["id"]))
    assert [tuple(row) for row in again] == [(sessions[0], "queued")]
    await desk.post(f"{MESSAGES}/{made['id']}/cancel")
    assert await conn.fetchval("SELECT status FROM messages WHERE digest_id = $1", UUID(made["id"])) == "cancelled"
