"""The HTTP side of visa and invitation letters."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from forum.db import Connection
from forum.errors import Fault, Invalid
from forum.http import ForumRequest, ForumResponse, IfMatch, download
from forum.letters import service
from forum.letters.types import (
    Cancellation,
    Letter,
    LetterCheck,
    LetterCounts,
    LetterDetails,
    LetterFilter,
    LetterHolder,
    LetterHolderCheck,
    LetterKind,
    LetterPatch,
    LetterRefusal,
    LetterRules,
    LetterRulesPatch,
    LetterStatus,
    NewLetter,
)
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.printing.sheet import PDF_TYPE
from forum.transactions import unit_of

PUBLIC, SIGNED_IN = needs(Permission.PUBLIC), needs(Permission.SIGNED_IN)
READ, WRITE = needs(Permission.REGISTRATIONS_READ), needs(Permission.REGISTRATIONS_WRITE)
TAGS = ["letters"]
EDITION = "/editions/{edition:str}"
LETTERS = f"{EDITION}/letters"
OF_REGISTRATION = f"{EDITION}/registrations/{{registration_id:uuid}}/letters"
LETTER = f"{LETTERS}/{{letter_id:uuid}}"
Secret = Annotated[str, msgspec.Meta(max_length=100)]
Before = Annotated[
    str | None,
    QueryParameter(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Only letters that are due before this day."),
]


@post(OF_REGISTRATION, opt=SIGNED_IN, operation_id="create_letter", tags=TAGS)
async def create_letter(
    data: JSONBody[NewLetter],
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> LetterDetails:
    """Ask for a letter for your own active registration in person, or for others as a registrar or a trusted frontend.

    What is said of a passport is seen by the person and by registrars only, and deleted 90 days after the edition. 409
    `letter_exists` names the requested or issued letter of this kind in `id`.
    """
    return await service.create_letter(conn, principal, edition_id, registration_id, data, now)


@get(OF_REGISTRATION, opt=SIGNED_IN, operation_id="list_registration_letters", tags=TAGS)
async def list_registration_letters(
    registration_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    now: NamedDependency[datetime],
) -> Page[Letter]:
    """Every letter that was asked for a registration, oldest first: your own, or any as a registrar."""
    return await service.list_registration_letters(conn, principal, edition_id, registration_id, now, paging)


@get(LETTERS, opt=READ, operation_id="list_letters", tags=TAGS)
async def list_letters(
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    now: NamedDependency[datetime],
    status: FromQuery[LetterStatus | None] = None,
    kind: FromQuery[LetterKind | None] = None,
    overdue: FromQuery[bool | None] = None,
    due_before: Before = None,
    registration: FromQuery[UUID | None] = None,
    format: FromQuery[Literal["json", "csv", "xlsx"]] = "json",
) -> Response[Page[Letter]]:
    """The letters of an edition, for registrars, those that are due first at the top; never what a passport says.

    With `format=csv` or `format=xlsx` all of them as a table, from `cursor` on and whatever the `limit`.
    """
    wanted = LetterFilter(status, kind, overdue, _day(due_before), registration)
    if format == "json":
        return ForumResponse(await service.list_letters(conn, edition_id, now, wanted, paging))
    rows = await service.read_rows(conn, edition_id, now, wanted, paging.after(tuple[date, UUID]))
    await unit_of(request.scope).close()  # nothing is held while the client reads
    return download(
        service.encode_table(request.app.state.pool, edition_id, now, wanted, rows, format), "letters", format
    )


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        detail = "Give a day of the calendar, such as 2023-12-13."
        raise Invalid([Fault(parameter="due_before", code="bad_parameter", detail=detail)]) from None


@get(f"{LETTERS}/counts", opt=READ, operation_id="count_letters", tags=TAGS)
async def count_letters(
    edition_id: NamedDependency[UUID], conn: NamedDependency[Connection], now: NamedDependency[datetime]
) -> LetterCounts:
    """How many letters there are of each kind and status, and how many of them should be issued by now."""
    return await service.count_letters(conn, edition_id, now)


@get(LETTER, opt=SIGNED_IN, operation_id="get_letter", tags=TAGS)
async def get_letter(
    letter_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> LetterDetails:
    """A letter with what it says of the person: your own, or any as a registrar."""
    return await service.find_letter(conn, principal, edition_id, letter_id, now)


@patch(LETTER, opt=SIGNED_IN, operation_id="update_letter", tags=TAGS)
async def update_letter(
    data: JSONBody[LetterPatch],
    letter_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> LetterDetails:
    """Correct a letter that is not issued yet: your own, or any as a registrar."""
    return await service.update_letter(conn, principal, edition_id, letter_id, data, if_match, now)


@post(f"{LETTER}/issue", opt=WRITE, status_code=200, operation_id="issue_letter", tags=TAGS)
async def issue_letter(
    request: Request[Any, Any, Any],
    letter_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> LetterDetails:
    """Issue a letter to somebody who has a place: it gets a reference and a document that never changes.

    The person is told by mail. 409 `registration_not_approved` for who has no place yet.
    """
    state = request.app.state
    office = service.Office(state.press, state.settings.public_url)
    return await service.issue_letter(conn, principal, edition_id, letter_id, office, now)


@post(f"{LETTER}/decline", opt=WRITE, status_code=200, operation_id="decline_letter", tags=TAGS)
async def decline_letter(
    data: JSONBody[LetterRefusal],
    letter_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> LetterDetails:
    """Refuse a letter that was asked for, with a reason that the person can read."""
    return await service.decline_letter(conn, principal, edition_id, letter_id, data.reason, now)


@post(f"{LETTER}/cancel", opt=SIGNED_IN, status_code=200, operation_id="cancel_letter", tags=TAGS)
async def cancel_letter(
    data: JSONBody[Cancellation],
    letter_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> LetterDetails:
    """Take your own request back, or any as a registrar; an issued letter is void from then on."""
    return await service.cancel_letter(conn, principal, edition_id, letter_id, data.reason, now)


@get(f"{LETTER}/letter.pdf", opt=SIGNED_IN, media_type=PDF_TYPE, operation_id="get_letter_pdf", tags=TAGS)
async def get_letter_pdf(
    letter_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> ForumResponse[bytes]:
    """An issued letter as PDF, A4: your own, or any as a registrar; always the same bytes.

    409 `letter_not_issued` for one that is not, or no longer, issued.
    """
    found = await service.find_document(conn, principal, edition_id, letter_id)
    headers = {"Content-Disposition": f'attachment; filename="{found.reference}.pdf"'}
    return ForumResponse(found.document or b"", media_type=PDF_TYPE, headers=headers)


@get(f"{EDITION}/letter-rules", opt=READ, operation_id="get_letter_rules", tags=TAGS)
async def get_letter_rules(edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]) -> LetterRules:
    """Within how many days an edition issues letters, and who signs them."""
    return await service.find_rules(conn, edition_id)


@patch(f"{EDITION}/letter-rules", opt=needs(Permission.EDITIONS_WRITE), operation_id="update_letter_rules", tags=TAGS)
async def update_letter_rules(
    data: JSONBody[LetterRulesPatch],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> LetterRules:
    """Change within how many days letters are issued, or who signs them; issued letters stay as they are."""
    return await service.update_rules(conn, edition_id, data, if_match)


@get("/letter-checks/{secret:str}", opt=PUBLIC, operation_id="check_letter", tags=TAGS)
async def check_letter(secret: FromPath[Secret], conn: NamedDependency[Connection]) -> LetterCheck:
    """Whether a letter is genuine and still valid, for whoever scans its QR code; nothing of the person is told."""
    return await service.check_letter(conn, secret)


@post(
    "/letter-checks/{secret:str}/compare", opt=PUBLIC, status_code=200, operation_id="compare_letter_holder", tags=TAGS
)
async def compare_letter_holder(
    data: JSONBody[LetterHolder], secret: FromPath[Secret], conn: NamedDependency[Connection]
) -> LetterHolderCheck:
    """Whether a letter was issued for the person of this passport: a name is compared, and never told."""
    return await service.compare_holder(conn, secret, data.passport_name)


HANDLERS = [
    create_letter,
    list_registration_letters,
    list_letters,
    count_letters,
    get_letter,
    update_letter,
    issue_letter,
    decline_letter,
    cancel_letter,
    get_letter_pdf,
    get_letter_rules,
    update_letter_rules,
    check_letter,
    compare_letter_holder,
]
