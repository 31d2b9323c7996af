"""`forum doctor`: what is configured, reachable, migrated and behind, and what to do about it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import click

from forum import outbox
from forum.commands import say
from forum.db import Connection, open_connection, read_clock
from forum.embedded import find_services
from forum.errors import DATABASE_AWAY
from forum.migrations import count_pending
from forum.notifications.service import Unreachable, open_transport
from forum.settings import Settings
from workers.inbox import answers
from workers.office import QueueAway, probe_queue

OLDEST_POSTGRES: Final = 15
OLDEST_QUEUE: Final = 7
CLOCK_TOLERANCE_SECONDS: Final = 2.0


class Findings:
    """Lines for the operator; one that is wrong says what to do."""

    def __init__(self) -> None:
        self.wrong = 0

    def good(self, subject: str, words: str) -> None:
        """Nothing to do."""
        say(f"  ok    {subject:<10} {words}")

    def note(self, subject: str, words: str) -> None:
        """Worth knowing."""
        say(f"  note  {subject:<10} {words}")

    def bad(self, subject: str, words: str) -> None:
        """Something is to be done."""
        self.wrong += 1
        say(f"  WRONG {subject:<10} {words}")


@click.command()
@click.pass_obj
def doctor(settings: Settings) -> None:
    """Tell what is configured, reachable, migrated and behind; exit code 1 when something is wrong."""
    findings = Findings()
    asyncio.run(_examine(settings, findings))
    if findings.wrong:
        raise SystemExit(1)


async def _examine(settings: Settings, findings: Findings) -> None:
    database_url, redis_url = settings.database_url, settings.redis_url
    if not (database_url and redis_url):
        found = find_services(settings.data_path, chosen=settings.data_dir is not None)
        if found is None:
            findings.bad("servers", f"those in {settings.data_path} do not run: start them with `forum up`.")
        else:
            findings.good("servers", f"Forum's own, in {settings.data_path}")
            database_url, redis_url = database_url or found.database_url, redis_url or found.redis_url
    if database_url:
        await _database(database_url, findings)
    if redis_url:
        await _queue(redis_url, findings)
    await _mail(settings, findings)
    await _inbox(settings.inbox_listen, findings)
    if settings.rehearsal_at:
        findings.note("clock", f"a rehearsal: what is started now begins at {settings.rehearsal_at.isoformat()}")


def _shown(url: str) -> str:
    """An address without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


async def _database(url: str, findings: Findings) -> None:
    try:
        connection = await open_connection(url)
    except (*DATABASE_AWAY, asyncpg.PostgresError) as error:
        words = str(error) or type(error).__name__
        findings.bad("database", f"{_shown(url)} does not answer ({words}): start it, or set FORUM_DATABASE_URL.")
        return
    try:
        await _migrated_database(url, connection, findings)
    finally:
        await connection.close()


async def _migrated_database(url: str, connection: Connection, findings: Findings) -> None:
    version = connection.get_server_version()
    report = findings.good if version.major >= OLDEST_POSTGRES else findings.bad
    report(
        "database", f"{_shown(url)}: PostgreSQL {version.major}.{version.micro}; {OLDEST_POSTGRES} or newer is needed"
    )
    behind = await read_clock(connection) - datetime.now(UTC)
    if abs(seconds := behind.total_seconds()) > CLOCK_TOLERANCE_SECONDS:
        findings.bad("clock", f"the database's differs from ours by {seconds:.0f} s: synchronize both (NTP).")
    else:
        findings.good("clock", "the database's and ours agree")
    if (pending := await count_pending(connection)) > 0:
        findings.bad("migrations", f"{pending} are missing: run `forum migrate`.")
        return
    if pending < 0:
        findings.bad("migrations", f"the database is {-pending} ahead of this Forum: install the newer one.")
        return
    findings.good("migrations", "all are applied")
    _outbox(await outbox.count_waiting(connection, datetime.now(UTC)), findings)


def _outbox(counts: dict[str, int], findings: Findings) -> None:
    jobs = f"{counts['jobs_waiting']} jobs wait"
    if counts["jobs_failing"] or counts["jobs_behind"]:
        findings.bad(
            "outbox",
            f"{jobs}, {counts['jobs_failing']} have failed, {counts['jobs_behind']} are over five minutes old: "
            "see that a worker runs (`forum worker`), then its log and `last_error` in the table outbox.",
        )
    else:
        findings.good("outbox", jobs)
    report: Callable[[str, str], None] = findings.note if counts["messages_failed"] else findings.good
    report("messages", f"{counts['messages_waiting']} wait, {counts['messages_failed']} were given up")


async def _queue(url: str, findings: Findings) -> None:
    try:
        state = await probe_queue(url)
    except QueueAway as error:
        findings.bad("queue", f"{_shown(url)} does not answer ({error}): start it, or set FORUM_REDIS_URL.")
        return
    report = findings.good if int(state.version.split(".")[0]) >= OLDEST_QUEUE else findings.bad
    report("queue", f"{_shown(url)}: {state.server} {state.version}; {OLDEST_QUEUE} or newer is needed")
    if state.has_worker:
        findings.good("worker", "at least one is at work")
    else:
        findings.bad("worker", "none is at work: run `forum worker` or `forum up`.")


async def _inbox(address: str | None, findings: Findings) -> None:
    if address is None:
        findings.note("inbox", "answers to invitations come in by POST /v1/inbox only: FORUM_INBOX_LISTEN is not set")
    elif await answers(address):
        findings.good("inbox", f"a worker takes in mails at {address}")
    else:
        findings.bad("inbox", f"nobody takes in mails at {address}: run `forum worker`, and see its log.")


async def _mail(settings: Settings, findings: Findings) -> None:
    place = _shown(settings.smtp_url) if settings.smtp_url else str(settings.mail_path)
    try:
        transport = open_transport(settings.smtp_url, settings.mail_path)
        await transport.probe()
        await transport.close()
    except (Unreachable, OSError) as error:
        findings.bad("mail", f"{place} takes no mails ({error}): put that right, or change FORUM_SMTP_URL.")
    else:
        findings.good("mail", f"to {place}" if settings.smtp_url else f"into {place}, for FORUM_SMTP_URL is not set")
