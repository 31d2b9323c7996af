"""What is done by the clock: once for all workers, and safe to do twice."""

import logging
from typing import Any

from forum import outbox, transactions
from forum.attendance import service as attendance
from forum.bookings import service as bookings
from forum.change_requests import service as change_requests
from forum.clock import system_clock
from forum.db import Connection
from forum.letters import service as letters
from forum.logs import describe, request_id
from forum.notifications import service as notifications
from forum.proposals import service as proposals
from forum.questions import service as questions
from forum.registrations import service as registrations
from forum.replies import service as replies
from workers.office import Office

log = logging.getLogger("forum")


async def ask_for_reports(office: Office, conn: Connection) -> None:
    """Ask for the reports of the days that are over."""
    await notifications.publish_due_reports(conn, office.clock())


async def end_presences(office: Office, conn: Connection) -> None:
    """End the presences online that nobody has heard of any more."""
    await attendance.end_stale_presences(conn, office.clock())


async def pass_places_on(office: Office, conn: Connection) -> None:
    """Pass on the places that were offered and not accepted in time, or reserved and not taken."""
    await registrations.lapse_offers(conn, office.clock())
    await registrations.release_due_reserves(conn, office.clock())


async def pass_seats_on(office: Office, conn: Connection) -> None:
    """The same for the places of sessions: apart, since they are locked after those of an edition."""
    await bookings.lapse_offers(conn, office.clock())


async def remind_people(office: Office, conn: Connection) -> None:
    """Queue the mails that remind people of the sessions that begin soon."""
    await notifications.plan_reminders(conn, office.clock())


async def ask_for_updates(office: Office, conn: Connection) -> None:
    """Queue the mails that ask for updates on pledges which are due soon."""
    await notifications.plan_pledge_updates(conn, office.clock())


async def forget_the_old(office: Office, conn: Connection) -> None:
    """Forget the answers kept for retries, and the jobs that were done long ago."""
    await transactions.delete_old_answers(conn)
    await outbox.delete_done_jobs(conn, system_clock())


async def forget_due_answers(office: Office, conn: Connection) -> None:
    """Delete the answers whose purpose is over, also where somebody asked to change them."""
    await questions.forget_due_answers(conn, office.clock())
    await change_requests.forget_due_changes(conn, office.clock())


async def forget_passports(office: Office, conn: Connection) -> None:
    """Forget what letters say of people, long enough after the edition."""
    await letters.forget_particulars(conn, office.clock())


async def forget_proposed(office: Office, conn: Connection) -> None:
    """Forget who stood in proposals, long enough after the edition."""
    await proposals.forget_particulars(conn, office.clock())


async def forget_mails(office: Office, conn: Connection) -> None:
    """Forget which mails came in long ago."""
    await replies.forget_old_mails(conn, office.clock())


EVERY_MINUTE = [
    ask_for_reports, end_presences, pass_places_on, pass_seats_on, forget_the_old, forget_due_answers, forget_passports,
    forget_proposed, forget_mails, remind_people, ask_for_updates,
]  # fmt: skip


async def keep_house(ctx: dict[str, Any]) -> None:
    """Each piece of housework in a transaction of its own; one that fails waits for the next minute."""
    office: Office = ctx["office"]
    request_id.set(ctx["job_id"])
    for work in EVERY_MINUTE:
        try:
            async with office.pool.acquire() as conn, conn.transaction():
                await work(office, conn)
        except Exception as error:
            log.warning("%s failed: %s", work.__name__, describe(error))
