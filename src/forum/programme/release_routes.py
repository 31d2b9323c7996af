"""The HTTP side of releases: publishing, and the programme that everybody reads."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import ForumRequest, Language
from forum.kept import KeptResponse
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.programme import service
from forum.programme.release_types import NewRelease, Programme, Publication, Release, Selection
from forum.transactions import unit_of

PUBLIC = needs(Permission.PUBLIC)
TAGS = ["programme"]


@post(
    "/editions/{edition:str}/programme/publish",
    opt=needs(Permission.PROGRAMME_PUBLISH),
    status_code=200,
    operation_id="publish_programme",
    tags=TAGS,
)
async def publish_programme(
    data: JSONBody[NewRelease],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    dry_run: FromQuery[bool] = False,
) -> Publication:
    """Make the next release of all confirmed and cancelled sessions; invitations follow.

    Answers what changed since the last release, field by field. When nothing has changed, the last release is
    answered again and nothing happens. With `dry_run=true` nothing is written.
    """
    keeper: service.Keeper = request.app.state.keeper
    unit_of(request.scope).after_commit.append(lambda: keeper.forget(edition_id))
    return await service.publish_programme(conn, edition_id, principal.token_id, data.note, dry_run, now)


@get("/editions/{edition:str}/programme", opt=PUBLIC, operation_id="get_programme", tags=TAGS)
async def get_programme(
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    lang: Language = None,
    day: FromQuery[date | None] = None,
    track: FromQuery[UUID | None] = None,
    type: FromQuery[str | None] = None,
) -> KeptResponse[Programme]:
    """The programme that was published last, whole, cancelled sessions included.

    With `lang`, each text is in that language; in English, or any, where it is missing. A `day` is one in the
    edition's zone. Send `If-None-Match` with the ETag to learn cheaply that nothing has changed.
    """
    keeper: service.Keeper = request.app.state.keeper
    release = await keeper.read(edition_id, unit_of(request.scope).connection)
    kept = release.programme(lang, Selection(day=day, track=track, type=type))
    return KeptResponse(kept, request, lambda: keeper.find(edition_id) is release)


@get("/editions/{edition:str}/programme/releases", opt=PUBLIC, operation_id="list_releases", tags=TAGS)
async def list_releases(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[Release]:
    """The releases of an edition's programme, newest first."""
    return await service.list_releases(conn, principal, edition_id, paging)


@get("/editions/{edition:str}/programme/releases/{number:int}", opt=PUBLIC, operation_id="get_release", tags=TAGS)
async def get_release(
    number: FromPath[int],
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    lang: Language = None,
) -> KeptResponse[Programme]:
    """Any release of the programme, whole, as it was; only who does not want to be named any more is left out."""
    release = await service.read_release(conn, edition_id, number)
    return KeptResponse(release.programme(lang, Selection()), request)


HANDLERS = [publish_programme, get_programme, list_releases, get_release]
