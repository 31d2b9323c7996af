"""The rules of answers: whose they are, which one counts, and what follows from it.

An answer is of whoever was sent an invitation to the session, and is told by that address. Which of two counts is told
by what they say of themselves (RFC 5546 section 2.1.5): the one to the later SEQUENCE, else the later DTSTAMP. No place
is taken away: who declines one that they have booked is asked whether it may be freed.
"""

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import structs

from forum.calendars.reply_types import NoReply, Reply
from forum.calendars.service import MOST_BYTES as MOST_BYTES
from forum.calendars.service import read_reply
from forum.calendars.types import text_in
from forum.db import Connection
from forum.errors import NotFound
from forum.notifications import service as notifications
from forum.notifications.delivery_types import Bounce
from forum.pagination import Paging
from forum.permissions import Permission, Principal
from forum.registrations import service as registrations
from forum.replies import queries
from forum.replies.types import (
    AnswerFilter,
    CameBy,
    Fate,
    InboxResult,
    Invitee,
    ReceivedMail,
    SessionAnswers,
    SpeakingStanding,
    Standing,
)
from forum.speakers import service as speakers
from forum.speakers.appearance_types import CalendarAnswer

KEEP_MAILS: Final = timedelta(days=90)
CLOCKS_DIFFER: Final = timedelta(days=1)
"""A DTSTAMP that lies further ahead is taken for one of then: it would keep out every answer until it is past."""
_NOT_HERE: Final = Fate("refused", "not_invited")
log = logging.getLogger("forum")


def read_mail(raw: bytes, domain: str) -> ReceivedMail:
    """What a mail answers, that one of ours came back, or why it tells nothing.

    May take a second for a mail that is made to.
    """
    sha256 = hashlib.sha256(raw).digest()
    try:
        return ReceivedMail(sha256, read_reply(raw, domain))
    except NoReply as error:
        bounce = notifications.read_bounce(raw) if error.reason == "not_a_calendar" else None
        return ReceivedMail(sha256, bounce or error.reason)


async def receive_mail(
    conn: Connection, mail: ReceivedMail, came_by: CameBy, principal: Principal | None, now: datetime
) -> InboxResult:
    """Record what a mail answers, once; what became of it is lasting when the transaction is.

    With a `principal`, answers are recorded for the editions that they may do it for.
    """
    if (known := await queries.find_mail(conn, mail.sha256)) is not None:
        return InboxResult(known.outcome, known.reason, True)
    if isinstance(mail.content, Reply):
        fate = await _answer(conn, mail.content, principal, now)
        if fate is _NOT_HERE:
            return InboxResult(fate.outcome, fate.reason, False)
    elif isinstance(mail.content, Bounce):
        fate = await _take_back(conn, mail.content, principal, now)
    else:
        fate = Fate("ignored", mail.content)
    is_first = await queries.insert_mail(conn, mail.sha256, now, came_by, fate.outcome, fate.reason)
    log.info("mail %s by %s: %s %s", mail.sha256.hex()[:16], came_by, fate.outcome, fate.reason or "")
    return InboxResult(fate.outcome, fate.reason, not is_first)


async def _take_back(conn: Connection, bounce: Bounce, principal: Principal | None, now: datetime) -> Fate:
    try:
        await notifications.record_bounce_mail(conn, principal, bounce, now)
    except NotFound:
        return Fate("refused", "unknown_message")
    return Fate("recorded")


async def _answer(conn: Connection, reply: Reply, principal: Principal | None, now: datetime) -> Fate:
    if reply.sender.lower() != reply.attendee.lower():
        return Fate("refused", "sender_is_not_attendee")
    invitee = await queries.lock_invited(conn, reply.session_id, reply.attendee)
    if invitee is None:
        return await _answer_of_speaker(conn, reply, principal, now)
    if principal is not None and not principal.may(Permission.INBOX_WRITE, invitee.edition_id):
        return _NOT_HERE
    standing = await queries.get_standing(conn, invitee.edition_id, invitee.registration_id, reply.session_id)
    dated = _dated(reply, standing, now)
    if (refused := _judge(dated, standing, standing.registration_status == "approved")) is not None:
        return refused
    await _record(conn, invitee, dated, standing, now)
    return Fate("recorded")


async def _answer_of_speaker(conn: Connection, reply: Reply, principal: Principal | None, now: datetime) -> Fate:
    """Of who was invited because they speak, without a registration: it is kept with their appearances."""
    edition_id = await queries.lock_speaking(conn, reply.session_id, reply.attendee)
    if edition_id is None:
        return Fate("refused", "not_invited")
    if principal is not None and not principal.may(Permission.INBOX_WRITE, edition_id):
        return _NOT_HERE
    standing = await queries.get_speaking_standing(conn, edition_id, reply.session_id, reply.attendee)
    dated = _dated(reply, standing, now)
    if (refused := _judge(dated, standing, standing.is_confirmed)) is not None:
        return refused
    answer = CalendarAnswer(dated.answer, now, dated.sequence, dated.stamped_at)
    await speakers.record_calendar_answer(conn, edition_id, reply.session_id, None, reply.attendee, answer)
    return Fate("recorded")


def _dated(reply: Reply, standing: Standing | SpeakingStanding, now: datetime) -> Reply:
    """The reply without what it cannot know: a later SEQUENCE than was sent, and a time that lies far ahead."""
    return structs.replace(
        reply,
        sequence=min(reply.sequence, standing.sequence),  # none of a later one can have been sent by us
        stamped_at=min(reply.stamped_at, now + CLOCKS_DIFFER),
    )


def _judge(reply: Reply, standing: Standing | SpeakingStanding, is_due: bool) -> Fate | None:
    """Why an answer changes nothing, or None for one that counts; `is_due`: the person has still to come."""
    if standing.session_status == "cancelled":
        return Fate("refused", "session_cancelled")
    if standing.method == "CANCEL" or not is_due:
        return Fate("refused", "invitation_withdrawn")
    if reply.sequence < standing.sequence:
        return Fate("stale", "older_sequence")
    if standing.answer_sequence is None or standing.stamped_at is None:
        return None
    given, before = (reply.sequence, reply.stamped_at), (standing.answer_sequence, standing.stamped_at)
    if given < before:
        return Fate("stale", "older_stamp")
    # Some calendars put the DTSTAMP of the invitation into every answer: of two of one moment the later to come counts.
    return Fate("unchanged", "same_answer") if given == before and reply.answer == standing.answer else None


async def _record(conn: Connection, invitee: Invitee, reply: Reply, standing: Standing, now: datetime) -> None:
    """Keep an answer that counts; ask who declines a place that they have booked whether it may be freed, once."""
    place = (invitee.edition_id, invitee.registration_id, reply.session_id)
    booking, offered = standing.booking_id, (standing.offered_booking_id, standing.offered_at)
    if reply.answer != "declined":
        await notifications.withdraw_seat_question(conn, *place)
    elif booking is not None and _is_to_be_asked(standing, now):
        offered = (booking, now)
        await registrations.ensure_links(conn, invitee.edition_id, [invitee.registration_id], now)
        await notifications.ask_about_seat(conn, *place, text_in(standing.title, standing.language)[0], now)
    await queries.put_answer(conn, *place, reply.answer, reply.sequence, reply.stamped_at, now, *offered)
    answer = CalendarAnswer(reply.answer, now, reply.sequence, reply.stamped_at)
    await speakers.record_calendar_answer(
        conn, invitee.edition_id, reply.session_id, invitee.registration_id, reply.attendee, answer
    )


def _is_to_be_asked(standing: Standing, now: datetime) -> bool:
    """Whether a declined place can still go to somebody else, and the person was not asked of this one before."""
    is_asked = standing.answer == "declined" and standing.offered_booking_id == standing.booking_id
    return not is_asked and (standing.begins_at is None or now < standing.begins_at)


async def list_answers(
    conn: Connection, edition_id: UUID, session_id: UUID, wanted: AnswerFilter, paging: Paging
) -> SessionAnswers:
    """The last answers to the invitations to a session; raises `NotFound` without it."""
    after = paging.after(UUID)
    counts = await queries.count_answers(conn, edition_id, session_id)
    rows = await queries.list_answers(conn, edition_id, session_id, wanted, after, paging.limit + 1)
    total = await queries.count_listed_answers(conn, edition_id, session_id, wanted) if paging.count else None
    page = paging.page(rows, lambda row: row.registration, total)
    return SessionAnswers(items=page.items, next_cursor=page.next_cursor, total=page.total, counts=counts)


async def forget_old_mails(conn: Connection, now: datetime) -> int:
    """Forget which mails came in long ago; how many."""
    return await queries.forget_mails(conn, now - KEEP_MAILS)
