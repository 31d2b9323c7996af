"""The HTTP side of releases: publishing, comparing, and bringing back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from forum.db import Connection
from forum.http import ForumRequest
from forum.pagination import Page, Paging
from forum.parameters import DryRun
from forum.permissions import Permission, Principal, needs
from forum.programme import public_routes, service
from forum.programme.release_types import NewRelease, Publication, Release, ReleaseDifference

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
    dry_run: DryRun = False,
) -> Publication:
    """Make the next release of all confirmed and cancelled sessions; invitations follow.

    Answers what changed since the last release, field by field. When nothing has changed, the last release is
    answered again and nothing happens. With `dry_run=true` nothing is written, and `told` counts who would get which
    calendar message.
    """
    service.forget_release(request, edition_id)
    return await service.publish_programme(conn, edition_id, principal.token_id, data.note, dry_run, now)


@get("/editions/{edition:str}/programme/releases", opt=PUBLIC, operation_id="list_releases", tags=TAGS)
async def list_releases(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[Release]:
    """The releases of an edition's programme, newest first."""
    return await service.list_releases(conn, principal, edition_id, paging)


@get(
    "/editions/{edition:str}/programme/releases/{number:int}/difference",
    opt=PUBLIC,
    operation_id="get_release_difference",
    tags=TAGS,
)
async def get_release_difference(
    number: FromPath[int],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    other: Annotated[
        int | None, QueryParameter(name="from", ge=0, description="The release to compare with; the one before it.")
    ] = None,
) -> ReleaseDifference:
    """How a release differs from another, older or newer, field by field; from 0, which is empty, all is added.

    Who does not want to be named any more is left out of both.
    """
    return await service.compare_releases(conn, edition_id, number, other)


@post(
    "/editions/{edition:str}/programme/releases/{number:int}/restore",
    opt=needs(Permission.PROGRAMME_PUBLISH),
    status_code=200,
    operation_id="restore_release",
    tags=TAGS,
)
async def restore_release(
    number: FromPath[int],
    data: JSONBody[NewRelease],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    dry_run: DryRun = False,
) -> Publication:
    """Publish what an earlier release held as a new one; invitations follow.

    The staff's sessions stay as they are, but for calendar sequences, which rise so that whatever is published later is
    later to every calendar. What came after that release becomes cancelled, so that calendars lose it, and who does not
    want to be named any more is left out. When the last release holds just that, nothing happens.
    """
    service.forget_release(request, edition_id)
    return await service.publish_programme(conn, edition_id, principal.token_id, data.note, dry_run, now, number)


HANDLERS = [publish_programme, list_releases, get_release_difference, restore_release, *public_routes.HANDLERS]
