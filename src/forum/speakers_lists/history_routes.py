"""The HTTP side of what became of lists, requests and statements."""

from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from forum.db import Connection
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs
from forum.speakers_lists import service
from forum.speakers_lists.history_types import SpeakersListTransition, SpeakingRequestTransition, StatementTransition

WRITE = needs(Permission.PROGRAMME_WRITE)
TAGS = ["speakers"]
LIST = "/editions/{edition:str}/sessions/{session_id:uuid}/speakers-list"
REQUEST = f"{LIST}/requests/{{request_id:uuid}}"


@get(f"{LIST}/transitions", opt=WRITE, operation_id="list_speakers_list_transitions", tags=TAGS)
async def list_speakers_list_transitions(
    session_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
) -> Page[SpeakersListTransition]:
    """The rules that a list had each time that they were written, oldest first: since when, and by which token."""
    return await service.list_list_transitions(conn, edition_id, session_id, paging)


@get(f"{REQUEST}/transitions", opt=WRITE, operation_id="list_speaking_request_transitions", tags=TAGS)
async def list_speaking_request_transitions(
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
) -> Page[SpeakingRequestTransition]:
    """Every status, rank and given time of a request, oldest first: since when, by which token, and why.

    Where the staff has put it in the line stands in `moves`.
    """
    return await service.list_request_transitions(conn, edition_id, session_id, request_id, paging)


@get(f"{REQUEST}/statement/transitions", opt=WRITE, operation_id="list_statement_transitions", tags=TAGS)
async def list_statement_transitions(
    session_id: FromPath[UUID],
    request_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
) -> Page[StatementTransition]:
    """Each time that the text of a statement was handed in, replaced, published or taken back, oldest first.

    Of a text that was replaced its digest stays.
    """
    return await service.list_statement_transitions(conn, edition_id, session_id, request_id, paging)


HANDLERS = [list_speakers_list_transitions, list_speaking_request_transitions, list_statement_transitions]
