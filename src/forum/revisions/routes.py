"""The HTTP side of revisions."""

from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from forum.db import Connection
from forum.http import ForumRequest
from forum.pagination import Page, Paging
from forum.parameters import DryRun
from forum.permissions import Permission, Principal, needs
from forum.programme.service import forget_release
from forum.revisions import service
from forum.revisions.types import EditionRevision, MadeRevision, NewRevision

TAGS = ["editions"]


@post(
    "/editions/{edition:str}/revise",
    opt=needs(Permission.EDITIONS_WRITE),
    status_code=200,
    operation_id="revise_edition",
    tags=TAGS,
)
async def revise_edition(
    data: JSONBody[NewRevision],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    dry_run: DryRun = False,
) -> MadeRevision:
    """Move an announced edition, or turn it virtual, in one recorded step that tells everybody who is registered once.

    The programme follows by the same number of days, at the same time of day, and what readers know of it is published
    anew, with whatever else is confirmed by then. When the mode becomes `online`, sessions leave their rooms, everybody
    who was to come takes part online with their bookings, also beyond capacity, and badges are void; consents stay.
    With `dry_run=true` the same is answered and nothing is written. 409 `nothing_to_revise`, `wrong_status`.
    """
    forget_release(request, edition_id)
    return await service.revise_edition(conn, principal, edition_id, data, dry_run, now)


@get(
    "/editions/{edition:str}/revisions",
    opt=needs(Permission.PUBLIC),
    operation_id="list_edition_revisions",
    tags=TAGS,
)
async def list_edition_revisions(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[EditionRevision]:
    """What an edition was moved from and to since it was announced, and why; newest first."""
    return await service.list_revisions(conn, principal, edition_id, paging)


HANDLERS = [revise_edition, list_edition_revisions]
