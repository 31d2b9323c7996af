"""Four workers at once: whoever takes up what, each calendar hears of its entries in order, and ends as it should."""

import asyncio
from uuid import UUID

import icalendar

from forum import outbox
from forum.clock import system_clock
from forum.db import Connection
from forum.notifications.service import send_batches
from tests.client import Client
from tests.digests.conftest import Programme
from tests.factories import make_registration
from tests.post import Post
from tests.revisions.conftest import Mailroom

PEOPLE, WORKERS = 6, 4


async def work(post: Post, stopping: asyncio.Event) -> None:
    """Take up what is due and send it, again and again, in transactions of one's own."""
    pool = post.office.pool
    while True:
        last = stopping.is_set()
        async with pool.acquire() as conn:
            batched = await outbox.batch_messages(conn, system_clock())
        async with pool.acquire() as conn, conn.transaction():
            rows = await conn.fetch("SELECT id, payload FROM outbox WHERE kind = 'send_messages' AND done_at IS NULL")
            claimed = await outbox.claim_jobs(conn, [row["id"] for row in rows])
            batches = [UUID(row.payload["batch_id"]) for row in claimed]
            await send_batches(pool, conn, batches, post.office.content, post.office.postbox)
            await outbox.finish_jobs(conn, [row.id for row in claimed], system_clock())
        if last and not batched and not claimed:
            return
        await asyncio.sleep(0)


async def test_entries_arrive_in_order_whatever_the_number_of_workers(
    organizer: Client, programme: Programme, mailroom: Mailroom, conn: Connection
) -> None:
    for number in range(PEOPLE):
        await make_registration(organizer, f"p{number}@delegates.example")
    await programme.add("A", "B", "C", "D")
    stopping = asyncio.Event()

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(work(mailroom.post, stopping))
        await programme.publish()
        await mailroom.plan()
        for hour in range(3):
            for day, title in (("13", "A"), ("14", "B"), ("15", "C")):
                await programme.move(title, day, 14 + hour)
            if hour == 1:
                await programme.cancel("D")
            await programme.publish()
            await mailroom.plan()
        stopping.set()

    heard: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    for mail in mailroom.post.server.mails():
        for part in mail.walk():
            if part.get_content_type() == "text/calendar":
                calendar = icalendar.Calendar.from_ical(part.get_content())
                [event] = calendar.walk("VEVENT")
                told = (event["SEQUENCE"], str(calendar["METHOD"]), str(event.decoded("DTSTART")))
                heard.setdefault((str(mail["To"]), str(event["SUMMARY"])), []).append(told)
    final = {"A": "2023-12-13 17:00:00+01:00", "B": "2023-12-14 17:00:00+01:00", "C": "2023-12-15 17:00:00+01:00"}
    for (_, title), news in heard.items():
        assert news == sorted(set(news)), title
        if title == "D":
            assert [method for _, method, _ in news] == ["REQUEST", "CANCEL"]
        else:
            assert news[-1][1:] == ("REQUEST", final[title])
    assert {title for _, title in heard} >= {"A", "B", "C"}
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE status IN ('queued', 'sending')") == 0
    assert len({to for to, _ in heard}) == PEOPLE
