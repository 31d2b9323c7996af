"""The HTTP side of registrars' lists, exports and counts."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from forum.codes import Mode
from forum.db import Connection
from forum.http import INSTANT_PATTERN, ForumRequest, ForumResponse, download, instant_of
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.registrations import lists
from forum.registrations.list_types import (
    CountedBy,
    ListedRegistration,
    ListFormat,
    RegistrationCounts,
    RegistrationFilter,
    SortedBy,
)
from forum.registrations.types import Consent, RegistrationStatus, Source
from forum.transactions import unit_of

READ = needs(Permission.DELEGATIONS_MANAGE)
TAGS = ["registrations"]
REGISTRATIONS = "/editions/{edition:str}/registrations"
Words = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=200,
        description="Parts of names or of the address, all of which must occur, whatever their case and accents.",
    ),
]


From = Annotated[str | None, QueryParameter(pattern=INSTANT_PATTERN, description="Made at this instant or later.")]
Before = Annotated[str | None, QueryParameter(pattern=INSTANT_PATTERN, description="Made before this instant.")]
Question = Annotated[str | None, QueryParameter(max_length=60, description="The key of a question that was answered.")]
Answer = Annotated[
    str | None,
    QueryParameter(max_length=500, description="What the answer to `question` is, or has among its options."),
]
Sort = Annotated[
    SortedBy,
    QueryParameter(description="By what to sort; with a hyphen, the last comes first."),
]


async def provide_filter(
    status: FromQuery[RegistrationStatus | None] = None,
    mode: FromQuery[Mode | None] = None,
    category: FromQuery[str | None] = None,
    country: FromQuery[str | None] = None,
    delegation: FromQuery[UUID | None] = None,
    entity: FromQuery[UUID | None] = None,
    email: FromQuery[str | None] = None,
    external_id: FromQuery[str | None] = None,
    source: FromQuery[Source | None] = None,
    language: FromQuery[str | None] = None,
    timezone: FromQuery[str | None] = None,
    consent: FromQuery[Consent | None] = None,
    waits_for: FromQuery[Mode | None] = None,
    counts_against_quota: FromQuery[bool | None] = None,
    has_offer: FromQuery[bool | None] = None,
    has_accessibility_needs: FromQuery[bool | None] = None,
    created_from: From = None,
    created_before: Before = None,
    question: Question = None,
    answer: Answer = None,
    q: Words = None,
) -> RegistrationFilter:
    """Which registrations the client asks for."""
    made = instant_of(created_from, "created_from"), instant_of(created_before, "created_before")
    of_person = (email, external_id, source, language, timezone, consent)
    of_place = (waits_for, counts_against_quota, has_offer, has_accessibility_needs)
    named = (status, mode, category, country, delegation, entity, *of_person, *of_place, *made, question, answer, q)
    return lists.check_filter(RegistrationFilter(*named))


@get(
    REGISTRATIONS,
    opt=READ,
    operation_id="list_registrations",
    tags=TAGS,
    dependencies={"wanted": Provide(provide_filter)},
)
async def list_registrations(
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    wanted: NamedDependency[RegistrationFilter],
    sort: Sort = "created_at",
    format: FromQuery[ListFormat] = "json",
) -> Response[Page[ListedRegistration]]:
    """The registrations of an edition, for registrars, in the order in which they were made unless `sort` says another.
    A focal point reads those of their own delegations.

    With `format=csv` or `format=xlsx` all of them as a table, from `cursor` on and whatever the `limit`, without
    accessibility needs and sensitive answers; each other question is a column under its key. In text/csv, cells that
    a spreadsheet would run as a formula begin with an apostrophe.
    """
    if format == "json":
        return ForumResponse(await lists.list_registrations(conn, principal, edition_id, wanted, sort, paging))
    reach = principal.reach(Permission.REGISTRATIONS_READ, edition_id)
    rows = await lists.read_rows(conn, edition_id, wanted, reach, lists.find_position(paging, sort))
    questions = await lists.list_question_keys(conn, edition_id)
    await unit_of(request.scope).close()  # nothing is held while the client reads
    table = lists.encode_table(request.app.state.pool, edition_id, wanted, reach, sort, rows, format, questions)
    return download(table, "registrations", format)


@get(f"{REGISTRATIONS}/counts", opt=READ, operation_id="count_registrations", tags=TAGS)
async def count_registrations(
    by: FromQuery[CountedBy],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    status: FromQuery[RegistrationStatus | None] = None,
    mode: FromQuery[Mode | None] = None,
) -> RegistrationCounts:
    """How many registrations there are of each status, mode, category, delegation or country, as they are now."""
    return await lists.count_registrations(conn, principal, edition_id, by, status, mode)


HANDLERS = [list_registrations, count_registrations]
