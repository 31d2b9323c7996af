"""The HTTP side of copies."""

from datetime import datetime
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from forum.copies import service
from forum.copies.types import EditionCopy, NewCopy
from forum.db import Connection
from forum.permissions import Permission, Principal, needs


@post(
    "/editions/{edition:str}/copy",
    opt=needs(Permission.EDITIONS_CREATE),
    operation_id="copy_edition",
    tags=["editions"],
)
async def copy_edition(
    data: JSONBody[NewCopy],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> EditionCopy:
    """Make the next edition, as a draft, with the frame of this one: rooms, tracks, sessions as drafts, and so on.

    Sessions move by the days between the first days of both, at the same time of day; cancelled ones stay behind.
    Nobody is copied: no people, registrations, speakers or releases. 409 `slug_taken`.
    """
    return await service.copy_edition(conn, principal, edition_id, data, now)


HANDLERS = [copy_edition]
