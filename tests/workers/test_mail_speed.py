"""What makes 14,000 mails fast: an entry rendered once, marks made together, and plans that need no statistics."""

import asyncio
import logging
from datetime import datetime
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from forum import outbox
from forum.clock import system_clock
from forum.db import FIRST_OF_MANY, FRESH_PLANS, Connection, Pool, open_connection, open_pool
from forum.notifications.marking import Marker
from forum.notifications.service import send_batches
from forum.settings import Settings
from forum.sqlfiles import load_statements
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_registration, make_session, publish_programme
from tests.sinks import Sink
from tests.workers.conftest import Plan, Sender, queue

LANGUAGES, MODES, PEOPLE_OF_EACH, PLAN_ROWS = ("en", "fr", "ar"), ("in_person", "online"), 3, 3000


async def send_in_many_jobs(conn: Connection, send: Sender) -> int:
    """Send all that is due, each batch in a job of its own, all at once; how many jobs."""
    await outbox.batch_messages(conn, system_clock())
    rows = await conn.fetch("SELECT DISTINCT batch_id FROM messages WHERE status = 'sending'")

    async def work(batch_id: UUID) -> None:
        async with send.pool.acquire() as own, own.transaction():
            await send_batches(send.pool, own, [batch_id], send.content, send.postbox)

    await asyncio.gather(*(work(row[0]) for row in rows))
    return len(rows)


async def test_session_is_rendered_once_by_language_and_mode_however_many_jobs_tell_how_many_people(
    conn: Connection,
    server: Sink,
    send: Sender,
    manager: Client,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(outbox, "MESSAGES_IN_BATCH", 6)
    caplog.set_level(logging.INFO, "forum")
    session = await make_session(manager, access="registered", mode="hybrid")
    people = [
        await make_registration(manager, f"{language}.{mode}.{n}@x.example", mode=mode, person={"language": language})
        for n, language, mode in product(range(PEOPLE_OF_EACH), LANGUAGES, MODES)
    ]
    for version in range(2):
        hour = 9 + version
        times = {"starts_at": f"2023-12-14T{hour:02}:00:00Z", "ends_at": f"2023-12-14T{hour + 1:02}:00:00Z"}
        await manager.patch(f"/v1/editions/grf-2023/sessions/{session['id']}", times)
        await publish_programme(manager)
        assert await plan(*people) == len(people)
        caplog.clear()

        assert await send_in_many_jobs(conn, send) == len(people) // 6

        sequence = await conn.fetchval("SELECT max((payload ->> 'sequence')::int) FROM messages")
        said = sorted(record.getMessage() for record in caplog.records if " rendered: " in record.getMessage())
        assert said == sorted(
            f"session {session['id']} rendered: REQUEST, {mode}, {language}, sequence {sequence}"
            for language, mode in product(LANGUAGES, MODES)
        )
    assert len(server.taken) == 2 * len(people)


async def test_mails_that_are_taken_at_once_are_marked_in_one_transaction(
    conn: Connection, pool: Pool, clock: Timeline
) -> None:
    await queue(conn, clock, *(f"{n}@x.example" for n in range(20)))
    rows = await conn.fetch("UPDATE messages SET status = 'sending', batch_id = gen_random_uuid() RETURNING id")
    marker, ids = Marker(), [row[0] for row in rows]

    await asyncio.gather(*(marker.mark_sent(pool, message_id, clock()) for message_id in ids[:15]))
    assert await marks(conn) == (15, 1)
    await asyncio.gather(*(marker.mark_sent(pool, message_id, clock()) for message_id in ids[15:]))
    assert await marks(conn) == (20, 2)


async def test_marks_that_fail_fail_for_all_who_wait_and_for_nobody_later(
    conn: Connection, pool: Pool, settings: Settings, clock: Timeline
) -> None:
    await queue(conn, clock, "a@x.example", "b@x.example")
    rows = await conn.fetch("UPDATE messages SET status = 'sending', batch_id = gen_random_uuid() RETURNING id")
    marker, away = Marker(), await open_pool(settings.database_url or "", size=1)
    await away.close()

    outcomes = await asyncio.gather(*(marker.mark_sent(away, row[0], clock()) for row in rows), return_exceptions=True)
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [True, True]
    assert await marks(conn) == (0, 0)
    await asyncio.gather(*(marker.mark_sent(pool, row[0], clock()) for row in rows))
    assert await marks(conn) == (2, 1)


async def marks(conn: Connection) -> tuple[int, int]:
    """How many mails are marked as sent, and by how many transactions."""
    row = await conn.fetchrow("SELECT count(*), count(DISTINCT xmin::text) FROM messages WHERE status = 'sent'")
    assert row is not None
    return row[0], row[1]


@pytest.fixture
async def crowd(conn: Connection, edition: dict[str, Any]) -> list[UUID]:
    """Invitations of many to one session, which PostgreSQL has not looked at yet."""
    await conn.execute("ALTER TABLE messages SET (autovacuum_enabled = off)")
    rows = await conn.fetch(
        "INSERT INTO messages (edition_id, kind, recipient, session_id, registration_id, created_at, next_try_at)"
        " SELECT $1, 'invitation', n || '@x.example', $1, gen_random_uuid(), now(), now() FROM generate_series(1, $2) n"
        " RETURNING id",
        UUID(edition["id"]),
        PLAN_ROWS,
    )
    return [row[0] for row in rows]


async def explained(settings: Settings, options: dict[str, str], statement: str, *arguments: Any) -> str:
    """How PostgreSQL would run a statement, on a connection like the worker's."""
    connection = await open_connection(settings.database_url or "", options)
    try:
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", *arguments))
    finally:
        await connection.close()


async def test_first_of_many_that_are_due_are_found_by_indexes_before_there_are_statistics(
    crowd: list[UUID], settings: Settings
) -> None:
    statement, now = load_statements("outbox")["batch_messages"], system_clock()

    plan = await explained(settings, dict(FIRST_OF_MANY), statement, now, 200, 200, False, 200)

    assert "Sort Key: m_2.next_try_at" not in plan
    assert "Index Scan using messages_waiting on messages m_2" in plan
    assert "Index Scan using messages_by_invited on messages o " in plan


async def test_mail_under_way_is_found_by_its_id_when_none_was_when_statistics_were_made(
    conn: Connection, crowd: list[UUID], settings: Settings
) -> None:
    await conn.execute("UPDATE messages SET status = 'sent', sent_at = now()")
    await conn.execute("VACUUM ANALYZE messages")
    await conn.execute("UPDATE messages SET status = 'sending', sent_at = NULL, batch_id = gen_random_uuid()")
    now = datetime.now().astimezone()

    plan = await explained(
        settings, dict(FRESH_PLANS), load_statements("notifications")["mark_sent"], crowd[:3], now
    )  # fmt: skip

    assert ("messages_pkey" in plan, "messages_of_batch" in plan) == (True, False)
