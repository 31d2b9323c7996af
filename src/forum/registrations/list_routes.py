"""The HTTP side of registrars' lists, exports and counts."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from forum.codes import Mode
from forum.db import Connection
from forum.exports import MEDIA_TYPES
from forum.http import ForumRequest, ForumResponse
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs
from forum.registrations import lists, service
from forum.registrations.list_types import CountedBy, ListFormat, RegistrationCounts, RegistrationRow
from forum.registrations.types import Consent, Registration, RegistrationFilter, RegistrationStatus, Source
from forum.transactions import unit_of

READ = needs(Permission.REGISTRATIONS_READ)
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


@get(REGISTRATIONS, opt=READ, operation_id="list_registrations", tags=TAGS)
async def list_registrations(
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
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
    consent: FromQuery[Consent | None] = None,
    q: Words = None,
    format: FromQuery[ListFormat] = "json",
) -> Response[Page[Registration]]:
    """The registrations of an edition, for registrars, in the order in which they were made.

    With `format=csv` or `format=xlsx` all of them as a table, from `cursor` on and whatever the `limit`, without
    accessibility needs. In text/csv, cells that a spreadsheet would run as a formula begin with an apostrophe.
    """
    named = (status, mode, category, country, delegation, entity, email, external_id, source, language, consent, q)
    wanted = lists.require_words(RegistrationFilter(*named))
    if format == "json":
        return ForumResponse(await service.list_registrations(conn, edition_id, wanted, paging))
    rows = await lists.read_rows(conn, edition_id, wanted, paging.after(UUID))
    await unit_of(request.scope).close()  # nothing is held while the client reads
    return _table(lists.read_pages(request.app.state.pool, edition_id, wanted, rows), format)


def _table(pages: AsyncIterator[list[RegistrationRow]], format: str) -> Response[Any]:
    headers = {
        "Content-Disposition": f'attachment; filename="registrations.{format}"',
        "Cache-Control": "private, no-store",
    }
    return Stream(lists.ENCODERS[format](pages), media_type=MEDIA_TYPES[format], headers=headers)


@get(f"{REGISTRATIONS}/counts", opt=READ, operation_id="count_registrations", tags=TAGS)
async def count_registrations(
    by: FromQuery[CountedBy],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    status: FromQuery[RegistrationStatus | None] = None,
    mode: FromQuery[Mode | None] = None,
) -> RegistrationCounts:
    """How many registrations there are of each status, mode, category, delegation or country, as they are now."""
    return await lists.count_registrations(conn, edition_id, by, status, mode)


HANDLERS = [list_registrations, count_registrations]
