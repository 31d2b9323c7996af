"""The HTTP side of previews."""

from datetime import datetime
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from forum.db import Connection
from forum.http import ForumRequest
from forum.permissions import Permission, needs
from forum.previews import service
from forum.previews.types import NewPreview, Preview


@post(
    "/editions/{edition:str}/messages:preview",
    opt=needs(Permission.MESSAGES_READ),
    status_code=200,
    operation_id="preview_message",
    tags=["notifications"],
)
async def preview_message(
    data: JSONBody[NewPreview],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Preview:
    """See a mail of any kind as its reader would, in the edition's own words, about made-up people; nothing is sent.

    422 `unknown_variant` names what the kind can say. A report is always in English.
    """
    return await service.preview_message(conn, edition_id, data, request.app.state.settings.calendar_domain, now)


HANDLERS = [preview_message]
