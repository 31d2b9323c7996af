"""How a batch is sent: through a real SMTP server, message by message, each answer with its consequence."""

from typing import Any
from uuid import UUID

from forum import outbox
from forum.db import Connection, Pool
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_session, publish_programme
from tests.sinks import Sink
from tests.workers.conftest import Plan, Sender, queue, states


async def test_refused_and_deferred_addresses_hold_up_nobody(
    conn: Connection, clock: Timeline, server: Sink, send: Sender
) -> None:
    server.answers = {
        "later@x.example": "451 4.7.1 <later@x.example> greylisted",
        "never@x.example": "550 5.1.1 no such user",
    }
    await queue(conn, clock, "a@x.example", "later@x.example", "b@x.example", "never@x.example", "c@x.example")

    await send()

    assert sorted(address for address, _ in server.taken) == ["a@x.example", "b@x.example", "c@x.example"]
    assert await states(conn) == {
        "a@x.example": ("sent", 1, None),
        "later@x.example": ("queued", 1, "451 4.7.1 <address> greylisted"),
        "b@x.example": ("sent", 1, None),
        "never@x.example": ("failed", 1, "550 5.1.1 no such user"),
        "c@x.example": ("sent", 1, None),
    }
    pause = await conn.fetchval("SELECT extract(epoch FROM next_try_at - now()) FROM messages WHERE status = 'queued'")
    assert 295 <= pause <= 300
    assert (
        await conn.fetchval("SELECT count(*) FROM messages WHERE status IN ('sent', 'failed') AND payload ? 'code'")
        == 0
    )


async def test_message_that_was_deferred_for_the_last_time_is_given_up(
    conn: Connection, clock: Timeline, server: Sink, send: Sender
) -> None:
    server.answers = {"later@x.example": "451 not now"}
    await queue(conn, clock, "later@x.example")
    await conn.execute("UPDATE messages SET attempts = 7")

    await send()

    assert await states(conn) == {"later@x.example": ("failed", 8, "451 not now")}


async def test_message_that_cannot_be_rendered_fails_alone(
    conn: Connection, clock: Timeline, server: Sink, send: Sender, edition: dict[str, Any]
) -> None:
    await queue(conn, clock, "a@x.example")
    await outbox.queue_message(conn, "sign_in", "broken@x.example", {"language": "en"}, clock())
    await outbox.queue_message(
        conn, "attendance_report", "odd@x.example", {"on": "never", "as_of": "never"}, clock(), UUID(edition["id"])
    )
    await conn.execute(
        "INSERT INTO messages (edition_id, kind, recipient, created_at, next_try_at, session_id, registration_id)"
        " VALUES ($1, 'invitation', 'orphan@x.example', now(), now(), $1, $1)",
        UUID(edition["id"]),
    )
    await queue(conn, clock, "b@x.example")

    await send()

    assert await states(conn) == {
        "a@x.example": ("sent", 1, None),
        "broken@x.example": ("failed", 1, "it cannot be rendered: KeyError"),
        "odd@x.example": ("failed", 1, "it cannot be rendered: ValueError"),
        "orphan@x.example": ("failed", 1, "it cannot be rendered: KeyError"),
        "b@x.example": ("sent", 1, None),
    }


async def test_news_of_a_letter_come_from_the_edition(
    conn: Connection, clock: Timeline, server: Sink, send: Sender, edition: dict[str, Any]
) -> None:
    news = {"letter": "1", "outcome": "issued", "language": "fr", "edition": "GRF 2023", "reference": "GRF-2023-000042"}
    await outbox.queue_message(conn, "letter", "amal@x.example", news, clock(), UUID(edition["id"]))

    await send()

    (mail,) = server.mails()
    assert (mail["From"], mail["Subject"]) == ("secretariat@forum.example", "Votre lettre est prête : GRF 2023")
    assert "GRF-2023-000042" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_release_that_cannot_be_read_spoils_no_other_mail(
    conn: Connection, clock: Timeline, server: Sink, send: Sender, manager: Client, amina: dict[str, Any], plan: Plan
) -> None:
    await make_session(manager, access="registered")
    await publish_programme(manager)
    await plan(amina)
    await conn.execute("UPDATE messages SET payload = payload || '{\"release\": 4000000000}'")
    await queue(conn, clock, "a@x.example")

    await send()

    assert await states(conn) == {
        "amina@delegates.example": ("failed", 1, "it cannot be rendered: NotFound"),
        "a@x.example": ("sent", 1, None),
    }


async def test_no_message_is_blamed_when_no_server_answers(
    conn: Connection, clock: Timeline, pool: Pool, settings: Settings
) -> None:
    await queue(conn, clock, "a@x.example", "b@x.example", "c@x.example")
    sender = Sender(pool, settings, clock, "smtp://127.0.0.1:9")

    await sender()

    error = "no connection to the mail server: SMTPConnectError"
    assert await states(conn) == {f"{name}@x.example": ("queued", 0, error) for name in "abc"}
    assert await conn.fetchval("SELECT bool_and(next_try_at > now() + interval '50 s') FROM messages")


async def test_connection_that_the_server_closed_meanwhile_is_opened_again(
    conn: Connection, clock: Timeline, server: Sink, send: Sender
) -> None:
    await queue(conn, clock, "a@x.example", "b@x.example")
    await send()
    for connection in server.connections:
        connection.transport.close()
    await queue(conn, clock, "c@x.example", "d@x.example")

    await send()

    assert len(server.taken) == 4
    assert {state[0] for state in (await states(conn)).values()} == {"sent"}


async def test_worker_that_closes_leaves_the_rest_to_others(
    conn: Connection, clock: Timeline, server: Sink, send: Sender
) -> None:
    await queue(conn, clock, *(f"{number}@x.example" for number in range(40)))
    server.on_mail = send.postbox.closing.set

    await send()

    sent = [state for state in (await states(conn)).values() if state == ("sent", 1, None)]
    assert len(sent) == len(server.taken) <= 2 * len(send.postbox.transports)
    assert await conn.fetchval(
        "SELECT count(*) FROM messages WHERE status = 'queued' AND next_try_at <= now()"
    ) == 40 - len(sent)


async def test_address_outside_ascii_is_sent_as_it_is(
    conn: Connection, clock: Timeline, server: Sink, send: Sender
) -> None:
    await queue(conn, clock, "délégué@x.example", language="ar")

    await send()

    assert [address for address, _ in server.taken] == ["délégué@x.example"]


async def test_invitation_and_its_update_say_what_they_replace(
    conn: Connection, server: Sink, send: Sender, manager: Client, amina: dict[str, Any], plan: Plan
) -> None:
    session = await make_session(manager, access="registered")
    await publish_programme(manager)
    await plan(amina)
    await send()
    await manager.patch(
        f"/v1/editions/grf-2023/sessions/{session['id']}",
        {"starts_at": "2023-12-14T09:00:00Z", "ends_at": "2023-12-14T10:00:00Z"},
    )
    await publish_programme(manager)
    await plan(amina)

    await send()

    first, second = server.mails()
    assert first["Message-ID"] != second["Message-ID"]
    for mail, sequence in ((first, 0), (second, 1)):
        calendar = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
        assert calendar.get_param("method") == "REQUEST"
        assert f"UID:{session['id']}@calendar.forum.test\r\n" in calendar.get_content()
        assert f"SEQUENCE:{sequence}\r\n" in calendar.get_content()
    text = next(part for part in second.walk() if part.get_content_type() == "text/plain").get_content()
    assert "9:00" in text
    assert "10:00" in text
