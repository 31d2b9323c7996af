"""The HTTP side of the texts of statements."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import ForumRequest, ForumResponse, IfMatch
from forum.parameters import Language
from forum.permissions import Permission, Principal, needs
from forum.speakers_lists import service
from forum.speakers_lists.request_types import SpeakingRequest
from forum.speakers_lists.statement_types import StatementPatch
from forum.transactions import header_of

PUBLIC, SIGNED_IN, WRITE = (
    needs(Permission.PUBLIC),
    needs(Permission.SIGNED_IN),
    needs(Permission.PROGRAMME_WRITE),
)
TAGS = ["speakers"]
STATEMENT = "/editions/{edition:str}/sessions/{session_id:uuid}/speakers-list/requests/{request_id:uuid}/statement"


@put(
    STATEMENT,
    opt=SIGNED_IN | {"takes": ("text/plain", "application/pdf")},
    operation_id="put_speaking_request_statement",
    tags=TAGS,
)
async def put_speaking_request_statement(
    request: ForumRequest,
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    language: Language = None,
    published: FromQuery[bool] = False,
) -> SpeakingRequest:
    """Hand in the text of your own statement, of one of your delegation, or of any as the staff, for the record.

    It takes the place of the one before. `text/plain` in UTF-8 or `application/pdf`, up to 5 MB; 415 for any other
    type, 422 `wrong_content` for what is not of its type or could be taken for something else. `If-Match` is the
    `version` of the statement, 0 for the first. Only the staff publishes, and changes what is published.
    """
    media_type, content = header_of(request.scope, b"content-type") or "", await request.body()
    upload = service.Upload(media_type, content, language, published)
    return await service.put_statement(conn, principal, edition_id, session_id, request_id, upload, if_match, now)


@patch(STATEMENT, opt=WRITE, operation_id="update_speaking_request_statement", tags=TAGS)
async def update_speaking_request_statement(
    data: JSONBody[StatementPatch],
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> SpeakingRequest:
    """Publish the text of a statement or take it back, or correct its language. `If-Match` is its version."""
    return await service.update_statement(conn, principal, edition_id, session_id, request_id, data, if_match, now)


@get(STATEMENT, opt=PUBLIC, media_type="application/pdf", operation_id="get_speaking_request_statement", tags=TAGS)
async def get_speaking_request_statement(
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> ForumResponse[bytes]:
    """The text of a statement as it was handed in, to be saved: for everybody once it and its list are published.

    Before, for the staff, who looks after the delegation, and whose request it is. It is PDF or plain text.
    """
    found = await service.find_statement(conn, principal, edition_id, session_id, request_id)
    return ForumResponse(found.content, media_type=found.media_type, headers=service.describe_file(found, request_id))


HANDLERS = [
    put_speaking_request_statement,
    update_speaking_request_statement,
    get_speaking_request_statement,
]
