"""The HTTP side of answers to invitations."""

import asyncio
from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from forum.bookings.types import Booking
from forum.calendars.reply_types import Answer
from forum.db import Connection
from forum.http import ForumRequest
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.replies import declined, service
from forum.replies.types import AnswerFilter, DeclinedPlace, InboxResult, SessionAnswers
from forum.transactions import unit_of

OWN, TAGS = needs(Permission.REGISTRATIONS_OWN), ["calendars"]
OWN_PLACES = "/editions/{edition:str}/registrations/{registration_id:uuid}/declined-places"
MAIL = ("message/rfc822",)


@post(
    "/inbox",
    opt=needs(Permission.INBOX_WRITE) | {"takes": MAIL},
    status_code=200,
    operation_id="receive_mail",
    request_max_body_size=service.MOST_BYTES,
    tags=TAGS,
)
async def receive_mail(
    request: ForumRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> InboxResult:
    """Hand in a mail as it came in (`message/rfc822`, up to 2 MB), for providers that post the mails of a mailbox.

    An answer of a calendar to an invitation (iMIP, `METHOD:REPLY`) is recorded for whoever was invited, if `From` is
    their address. Nothing of the mail is kept but its hash, so the same one twice changes nothing, whether it comes by
    this way or by mail. What is no answer is 200, too, with the reason. See that the provider has checked the sender.
    """
    domain = request.app.state.settings.calendar_domain
    mail = await asyncio.to_thread(service.read_mail, await request.file(MAIL), domain)
    conn = await unit_of(request.scope).connection()
    return await service.receive_mail(conn, mail, "webhook", principal, now)


@get(
    "/editions/{edition:str}/sessions/{session_id:uuid}/answers",
    opt=needs(Permission.BOOKINGS_READ),
    operation_id="list_session_answers",
    tags=TAGS,
)
async def list_session_answers(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    answer: FromQuery[Answer | None] = None,
    booked: FromQuery[bool | None] = None,
) -> SessionAnswers:
    """What people's calendars last answered to the invitations to a session, for registrars; by registration.

    `answer=declined&booked=true` are the places that may become free: who declines one is asked by mail whether it may
    be given to the next in line, and keeps it until they, or a registrar, give it back.
    """
    return await service.list_answers(conn, edition_id, session_id, AnswerFilter(answer, booked), paging)


@get(OWN_PLACES, opt=OWN, operation_id="list_declined_places", tags=TAGS)
async def list_declined_places(
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[DeclinedPlace]:
    """The booked places of your own registration that you declined in your calendar, and still have; by session."""
    return await declined.list_declined_places(conn, principal, edition_id, registration_id, paging)


@post(f"{OWN_PLACES}/{{session_id:uuid}}/free", opt=OWN, status_code=200, operation_id="free_declined_place", tags=TAGS)
async def free_declined_place(
    registration_id: FromPath[UUID],
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Booking:
    """Give back a place that you declined in your calendar, also by the link of your registration: the next gets it."""
    return await declined.free_declined_place(conn, principal, edition_id, registration_id, session_id, now)


HANDLERS = [receive_mail, list_session_answers, list_declined_places, free_declined_place]
