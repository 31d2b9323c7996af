"""The ways in: a mail server's LMTP or SMTP, and a provider's webhook. Nothing is lost, and nothing is told."""

import asyncio
import logging
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosmtplib
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forum.db import Connection, Pool, open_pool
from forum.logs import set_up_logging
from forum.settings import Settings
from tests.calendars.replies import DOMAIN
from tests.calendars.test_replies import BOMBS
from tests.client import Client
from tests.conftest import Timeline
from tests.contract.test_every_operation import assert_problem
from tests.factories import make_edition
from tests.processes import command, run
from tests.replies.conftest import AMINA, answer_of, deliver, fates, questions, reply
from workers.house import keep_house
from workers.inbox import CONNECTIONS, Inbox, answers, open_inbox

INBOX = "/v1/inbox"
MAIL = {"Content-Type": "message/rfc822"}


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Look again and again, and fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)


async def test_smtp_speaks_too_and_takes_several_mails_over_one_connection(
    conn: Connection, inbox: str, table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any]
) -> None:
    host, port = inbox.split(":")
    async with aiosmtplib.SMTP(hostname=host, port=int(port), use_tls=False, start_tls=False) as server:
        for raw in (b"Subject: Hello\r\n\r\nHello.\r\n", reply(table)):
            assert (await server.sendmail(AMINA, ["secretariat@forum.example"], raw))[1] == "2.0.0 OK"
        refused, taken = await server.sendmail(AMINA, ["a@forum.example", "b@forum.example"], b"Subject: x\r\n\r\n")

    assert (refused, taken) == ({"b@forum.example": (452, "4.5.3 One recipient at a time")}, "2.0.0 OK")
    assert await answer_of(conn, amina) == "declined"
    assert sorted(await fates(conn)) == [("ignored", "not_a_calendar")] * 2 + [("recorded", None)]


async def test_mail_that_is_too_large_is_told_so_and_the_next_is_taken(conn: Connection, inbox: str) -> None:
    big = b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * 1_000_100

    assert (await deliver(inbox, big))[0] == 552
    assert await deliver(inbox, b"Subject: x\r\n\r\nx\r\n") == (250, "2.0.0 OK")

    assert await fates(conn) == [("ignored", "not_a_calendar")]


async def test_connections_are_bounded(inbox: str) -> None:
    held = [await asyncio.open_connection(*inbox.split(":")) for _ in range(CONNECTIONS)]
    assert {(await reader.readline())[:4] for reader, _ in held} == {b"220 "}

    reader, writer = await asyncio.open_connection(*inbox.split(":"))
    assert await reader.read() == b"421 4.3.2 Too many connections\r\n"
    writer.close()
    assert not await answers(inbox)
    held[0][1].close()
    await held[0][1].wait_closed()

    await until(lambda: answers(inbox))
    for _, writer in held:
        writer.close()


def _rights(path: str) -> int | None:
    return Path(path).stat().st_mode & 0o777 if Path(path).exists() else None


async def test_socket_by_path_is_taken_by_one_worker_and_left_behind_by_none(pool: Pool, clock: Timeline) -> None:
    path = f"{tempfile.gettempdir()}/inbox.sock"  # a socket's path has at most 107 bytes, which pytest's own may exceed
    first, second = Inbox(pool, clock, DOMAIN), Inbox(pool, clock, DOMAIN)
    async with first.listen(path):
        assert await answers(path)
        assert _rights(path) == 0o660
        with pytest.raises(OSError, match="another worker"):
            async with second.listen(path):
                pass
        assert await answers(path)
    assert _rights(path) is None


async def test_database_that_is_away_puts_mails_off_and_a_resend_works(
    database_url: str, conn: Connection, clock: Timeline, table: dict[str, Any], amina: dict[str, Any],
    booking: dict[str, Any],
) -> None:  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    away = await open_pool(f"postgresql://forum@127.0.0.1:{nobody}/forum", 1)
    async with Inbox(away, clock, DOMAIN).listen("127.0.0.1:0") as address:
        assert await deliver(address, reply(table)) == (451, "4.3.0 Not now; send it again")
    away.terminate()
    assert await fates(conn) == []

    back = await open_pool(database_url, 1)
    async with Inbox(back, clock, DOMAIN).listen("127.0.0.1:0") as address:
        assert (await deliver(address, reply(table)))[0] == 250
    await back.close()
    assert await answer_of(conn, amina) == "declined"


async def test_fault_in_the_middle_leaves_nothing_and_the_same_connection_goes_on(
    conn: Connection, inbox: str, table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any]
) -> None:
    await conn.execute("ALTER TABLE inbox_messages RENAME COLUMN came_by TO came")
    host, port = inbox.split(":")
    async with aiosmtplib.SMTP(hostname=host, port=int(port), use_tls=False, start_tls=False) as server:
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await server.sendmail(AMINA, ["x@forum.example"], reply(table))
        assert refused.value.code == 451
        assert (await answer_of(conn, amina), await questions(conn)) == (None, [])
        await conn.execute("ALTER TABLE inbox_messages RENAME COLUMN came TO came_by")

        assert (await server.sendmail(AMINA, ["x@forum.example"], reply(table)))[1] == "2.0.0 OK"
    assert await answer_of(conn, amina) == "declined"


async def test_commit_comes_before_the_answer(
    conn: Connection, pool: Pool, clock: Timeline, table: dict[str, Any], booking: dict[str, Any]
) -> None:
    """What cannot be committed is not taken: the constraint is looked at only then."""
    await conn.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE SQLSTATE ''40001''; END'; "
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON inbox_messages DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    async with Inbox(pool, clock, DOMAIN).listen("127.0.0.1:0") as address:
        assert (await deliver(address, reply(table)))[0] == 451


async def test_log_holds_ids_only(
    capsys: pytest.CaptureFixture[str], inbox: str, table: dict[str, Any], booking: dict[str, Any]
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    set_up_logging("INFO")
    try:
        for raw in (reply(table), reply(table, sender="bei@delegates.example"), b"From: amina@x\r\n\r\nSecret\r\n"):
            await deliver(inbox, raw)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)

    told = capsys.readouterr().err
    assert [line.rpartition(" by mail: ")[2] for line in told.splitlines()] == [
        "recorded ", "refused not_invited", "ignored not_a_calendar",
    ]  # fmt: skip
    assert "@" not in told


async def test_worker_listens_and_the_doctor_says_so(
    conn: Connection, settings: Settings, tmp_path: Path, table: dict[str, Any], amina: dict[str, Any],
    booking: dict[str, Any],
) -> None:  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    listening = msgspec.structs.replace(settings, inbox_listen=address)
    assert f"nobody takes in mails at {address}" in run("doctor", settings=listening).stderr
    with command("worker", settings=listening, log=tmp_path / "worker.log"):
        await until(lambda: answers(address))
        assert (await deliver(address, reply(table)))[0] == 250
        assert f"ok    inbox      a worker takes in mails at {address}" in run("doctor", settings=listening).stderr
    assert await answer_of(conn, amina) == "declined"
    assert "FORUM_INBOX_LISTEN is not set" in run("doctor", settings=settings).stderr


async def test_second_worker_on_the_machine_works_on_without_the_inbox(
    settings: Settings, clock: Timeline, inbox: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_inbox(msgspec.structs.replace(settings, inbox_listen=inbox), clock):
        await until(lambda: _is_true("no mails are taken in" in caplog.text))
        assert await answers(inbox)


async def _is_true(fact: bool) -> bool:
    return fact


async def test_webhook_records_what_a_mail_answers_once_by_whichever_way_it_came(
    client: Client, conn: Connection, inbox: str, edition: dict[str, Any], table: dict[str, Any],
    amina: dict[str, Any], booking: dict[str, Any],
) -> None:  # fmt: skip
    provider = await client.as_client(edition["id"], "inbox:write")
    answer = await provider.post(INBOX, content=reply(table), headers=MAIL | {"Idempotency-Key": "1"})
    assert (answer.status_code, answer.json()) == (200, {"outcome": "recorded", "reason": None, "repeated": False})
    assert await answer_of(conn, amina) == "declined"

    again = await provider.post(INBOX, content=reply(table), headers=MAIL)
    await deliver(inbox, reply(table))
    nothing = await provider.post(INBOX, content=b"Subject: Hello\r\n\r\nHello.", headers=MAIL)

    assert again.json() == {"outcome": "recorded", "reason": None, "repeated": True}
    assert nothing.json() == {"outcome": "ignored", "reason": "not_a_calendar", "repeated": False}
    assert await fates(conn) == [("ignored", "not_a_calendar"), ("recorded", None)]


async def test_webhook_is_for_who_has_the_scope_and_for_its_edition_alone(
    client: Client, conn: Connection, edition: dict[str, Any], table: dict[str, Any], booking: dict[str, Any]
) -> None:
    other = await make_edition(client, slug="imrf-2022")
    stranger = await client.as_client(other["id"], "inbox:write")
    refused = await stranger.post(INBOX, content=reply(table), headers=MAIL)
    assert refused.json() == {"outcome": "refused", "reason": "not_invited", "repeated": False}
    assert await fates(conn) == []  # whose mail it is can still hand it in

    unscoped = await client.as_client(edition["id"], "registrations:create")
    assert_problem(await unscoped.post(INBOX, content=reply(table), headers=MAIL), 403, "forbidden")
    provider = await client.as_client(edition["id"], "inbox:write")
    assert_problem(await provider.post(INBOX, content=reply(table)), 415, "unsupported_media_type")
    assert_problem(await provider.post(INBOX, content=b"x" * 2_000_001, headers=MAIL), 413, "too_large")
    admin = await client.as_role("admin")
    assert (await admin.post(INBOX, content=reply(table), headers=MAIL)).json()["outcome"] == "recorded"


async def test_garbage_is_never_a_fault_of_ours(
    client: Client,
    conn: Connection,
    inbox: str,
    edition: dict[str, Any],
    table: dict[str, Any],
    booking: dict[str, Any],
) -> None:
    """Drawn by Hypothesis, in one database: its own loop would need one for each example."""
    provider = await client.as_client(edition["id"], "inbox:write")
    drawn: list[bytes] = []

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=300), st.integers(0, 1_500), st.integers(0, 40))
    def draw(noise: bytes, at: int, cut: int) -> None:
        good = reply(table)
        drawn.append(good[:at] + noise + good[at + cut :])

    draw()
    drawn += [raw[:1_999_999] for raw, _ in BOMBS.values()]
    for raw in drawn:
        answer = await provider.post(INBOX, content=raw, headers=MAIL)
        assert answer.status_code == 200, (raw, answer.text)
    for raw in drawn[:20]:
        assert (await deliver(inbox, raw))[0] == 250

    assert {outcome for outcome, _ in await fates(conn)} >= {"recorded", "ignored"}


async def test_mails_that_came_in_long_ago_are_forgotten(
    conn: Connection, inbox: str, clock: Timeline, post: Any, table: dict[str, Any], booking: dict[str, Any]
) -> None:
    await deliver(inbox, reply(table))
    clock.forward(days=89)
    await keep_house({"office": post.office, "job_id": "test"})
    assert await fates(conn) == [("recorded", None)]
    clock.forward(days=2)
    await keep_house({"office": post.office, "job_id": "test"})

    assert await fates(conn) == []
