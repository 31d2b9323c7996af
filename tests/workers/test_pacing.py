"""Who makes us wait holds up nobody else: pauses of domains, mails a minute, the order of what one person is sent."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from forum import outbox
from forum.clock import system_clock
from forum.db import Connection, Pool
from forum.notifications.service import gather_entries
from forum.settings import Settings
from tests.conftest import Timeline
from tests.notifications.test_transport import serving
from tests.sinks import Sink
from tests.workers.conftest import Sender, queue, states


async def paused(conn: Connection) -> list[tuple[str, int, str, str]]:
    """The domains that are paused: for how many minutes, why, and in which words."""
    rows = await conn.fetch(
        "SELECT domain, round(extract(epoch FROM paused_until - at) / 60)::int, reason, words FROM mail_domains"
        " ORDER BY domain"
    )
    return [tuple(row) for row in rows]


async def pass_time(conn: Connection, **time: float) -> None:
    """So much time goes by for everything that waits."""
    by = timedelta(**time)
    await conn.execute(
        "UPDATE messages SET next_try_at = next_try_at - $1::interval, batched_at = batched_at - $1::interval", by
    )
    await conn.execute("UPDATE mail_domains SET paused_until = paused_until - $1::interval, at = at - $1::interval", by)


@pytest.mark.parametrize(
    ("answer", "kind", "minutes"),
    [
        ("421 4.7.0 <a@slow.example> too many mails", "rate", 10),
        ("451 4.4.1 host does not answer", "domain_down", 5),
    ],
)
async def test_domain_that_makes_us_wait_holds_back_its_own_and_nobody_else(
    conn: Connection, clock: Timeline, server: Sink, send: Sender, answer: str, kind: str, minutes: int
) -> None:
    slow = [f"zz{number}@Slow.example" for number in range(6)]
    server.answers = dict.fromkeys(slow, answer)
    await queue(conn, clock, *slow, "x@quick.example")
    await send()
    await queue(conn, clock, "zz6@slow.example", "y@quick.example")

    await send()

    assert sorted(address for address, _ in server.taken) == ["x@quick.example", "y@quick.example"]
    words = answer.replace("<a@slow.example>", "<address>")
    assert await paused(conn) == [("slow.example", minutes, kind, words)]
    found = await states(conn)
    tried = [address for address in slow if found[address] == ("queued", 1, words)]
    assert 1 <= len(tried) <= len(send.postbox.transports)
    assert {found[address] for address in slow if address not in tried} == {("queued", 0, words)}
    assert found["zz6@slow.example"] == ("queued", 0, None)

    server.answers = {}
    await pass_time(conn, minutes=minutes)
    await send()

    assert sorted(address.lower() for address, _ in server.taken) == [
        "x@quick.example", "y@quick.example", *(f"zz{number}@slow.example" for number in range(7)),
    ]  # fmt: skip


async def test_domain_that_defers_for_an_hour_is_tried_by_one_mail_at_a_time(
    conn: Connection, clock: Timeline, server: Sink, send: Sender
) -> None:
    slow = [f"{number}@slow.example" for number in range(50)]
    server.answers = dict.fromkeys(slow, "421 4.7.0 not now")
    for round_ in range(4):  # after 10, 20 and 60 minutes
        await queue(conn, clock, *slow[round_ * 10 : round_ * 10 + 10], f"{round_}@quick.example")
        await send()
        assert len(server.taken) == round_ + 1
        await pass_time(conn, minutes=(10, 20, 60, 0)[round_])

    attempts = await conn.fetchval("SELECT sum(attempts) FROM messages WHERE domain = 'slow.example'")
    assert 4 <= attempts <= 4 * len(send.postbox.transports)


async def test_full_mailbox_waits_alone_and_longer(
    conn: Connection, clock: Timeline, server: Sink, send: Sender
) -> None:
    server.answers = {"full@x.example": "452 4.2.2 mailbox full"}
    await queue(conn, clock, "full@x.example", "b@x.example")

    await send()

    assert [address for address, _ in server.taken] == ["b@x.example"]
    assert await paused(conn) == []
    wait = await conn.fetchval("SELECT extract(epoch FROM next_try_at - now()) FROM messages WHERE status = 'queued'")
    assert 3590 <= wait <= 3600


async def test_domain_that_keeps_silent_within_a_mail_is_paused(
    conn: Connection, clock: Timeline, pool: Pool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forum.notifications.transport.TIMEOUT_SECONDS", 0.3)
    async with serving() as server:
        server.answers["RCPT"] = ["silence"]
        sender = Sender(pool, settings, clock, server.url, connections=1)
        await queue(conn, clock, "a@silent.example", "b@silent.example", "c@x.example")
        await sender()
        await sender.close()

    assert [mail[1] for mail in server.mails] == ["c@x.example"]
    words = "the mail server was lost: TimeoutError"
    assert await paused(conn) == [("silent.example", 5, "silent", words)]
    assert (await states(conn))["b@silent.example"] == ("queued", 0, words)


async def batched(conn: Connection, per_domain: int | None) -> list[str]:
    """Batch with a limit; whom the messages are for that are under way now, in order, which are then sent."""
    await outbox.batch_messages(conn, system_clock(), per_domain)
    rows = await conn.fetch(
        "UPDATE messages SET status = 'sent', sent_at = now() WHERE status = 'sending' RETURNING number, recipient"
    )
    return [row[1] for row in sorted(rows)]


async def test_domain_gets_so_many_mails_a_minute_codes_first(conn: Connection, clock: Timeline) -> None:
    for number in range(5):
        await outbox.queue_message(conn, "letter", f"{number}@many.example", {}, clock())
    await outbox.queue_message(conn, "letter", "x@few.example", {}, clock())
    await queue(conn, clock, "code@many.example")

    assert await batched(conn, 2) == ["0@many.example", "x@few.example", "code@many.example"]
    assert await batched(conn, 2) == []
    await pass_time(conn, seconds=61)
    await queue(conn, clock, "late@many.example")
    assert await batched(conn, 2) == ["1@many.example", "late@many.example"]
    await pass_time(conn, seconds=61)
    assert await batched(conn, 2) == ["2@many.example", "3@many.example"]
    await pass_time(conn, seconds=61)
    assert await batched(conn, None) == ["4@many.example"]
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE status <> 'sent'") == 0


async def test_limit_holds_for_a_code_that_is_asked_for_while_another_worker_batches(
    conn: Connection, pool: Pool, clock: Timeline
) -> None:
    for number in range(40):
        await outbox.queue_message(conn, "letter", f"{number}@many.example", {}, clock())

    async def batch_beside() -> None:
        async with pool.acquire() as other:
            await outbox.batch_messages(other, system_clock(), 3)

    async with conn.transaction():
        await outbox.batch_messages(conn, system_clock(), 3)
        async with pool.acquire() as other:
            await queue(other, clock, "code@many.example")
            beside = asyncio.create_task(batch_beside())
            while not beside.done() and not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await other.execute("SELECT pg_sleep(0.01)")
    await beside

    assert await conn.fetchval("SELECT count(*) FROM messages WHERE status = 'sending'") == 3
    assert await conn.fetchval("SELECT next_try_at > now() FROM messages WHERE kind = 'sign_in'")


async def test_later_news_of_a_registration_waits_for_those_before(
    conn: Connection, clock: Timeline, edition: dict[str, Any], amina: dict[str, Any]
) -> None:
    await conn.executemany(
        "INSERT INTO messages (edition_id, kind, recipient, registration_id, created_at, next_try_at, attempts)"
        " VALUES ($1, $2, 'amina@x.example', $3, now(), now() + $4::interval, 1)",
        [
            (UUID(edition["id"]), kind, UUID(amina["id"]), timedelta(minutes=minutes))
            for kind, minutes in (("registration", 60), ("registration", 0), ("letter", 0))
        ],
    )

    await outbox.batch_messages(conn, system_clock())

    rows = await conn.fetch("SELECT kind, status FROM messages ORDER BY number")
    assert [tuple(row) for row in rows] == [
        ("registration", "queued"), ("registration", "queued"), ("letter", "sending"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "becomes", "fate"),
    [
        ([], "failed", "superseded"),
        ([], "cancelled", "superseded"),
        (["sent"], "failed", "queued"),
        (["bounced"], "failed", "superseded"),
        ([], "sent", "queued"),
    ],
)
async def test_cancellation_is_dropped_where_no_invitation_reached_its_person(
    conn: Connection, edition: dict[str, Any], amina: dict[str, Any], before: list[str], becomes: str, fate: str
) -> None:
    rows = [(status, "REQUEST") for status in (*before, "sending")] + [("queued", "CANCEL")]
    await conn.executemany(
        "INSERT INTO messages (edition_id, kind, recipient, registration_id, session_id, payload, created_at,"
        " next_try_at, status, sent_at, bounced_at) VALUES ($1, 'invitation', 'amina@x.example', $2, $1,"
        " jsonb_build_object('method', $3::text), now(), now(), $4, CASE WHEN $4 IN ('sent', 'bounced') THEN now() END,"
        " CASE WHEN $4 = 'bounced' THEN now() END)",
        [(UUID(edition["id"]), UUID(amina["id"]), method, status) for status, method in rows],
    )

    await conn.execute(
        "UPDATE messages SET status = $1, sent_at = CASE WHEN $1 = 'sent' THEN now() END WHERE status = 'sending'",
        becomes,
    )

    assert await conn.fetchval("SELECT status FROM messages WHERE payload ->> 'method' = 'CANCEL'") == fate


async def test_entry_that_a_later_one_replaces_is_not_gathered_into_a_digest(
    conn: Connection, edition: dict[str, Any], amina: dict[str, Any], clock: Timeline
) -> None:
    other = UUID(int=7)
    here, person = UUID(edition["id"]), UUID(amina["id"])
    await conn.executemany(
        "INSERT INTO messages"
        " (edition_id, kind, recipient, person_id, registration_id, session_id, created_at, next_try_at)"
        " SELECT $1, $2, 'amina@x.example', person_id, id, $4, now(), now() FROM registrations WHERE id = $3",
        [
            (here, "invitation", person, here), (here, "invitation", person, here), (here, "invitation", person, other),
            (here, "revision", person, None),
        ],
    )  # fmt: skip

    await gather_entries(conn, here, [person], clock())

    entries = "SELECT status, digest_id IS NOT NULL FROM messages WHERE session_id IS NOT NULL ORDER BY number"
    rows = await conn.fetch(entries)
    assert [tuple(row) for row in rows] == [("superseded", False), ("queued", True), ("queued", True)]
