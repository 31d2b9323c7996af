"""The HTTP side of the programme that everybody reads: whole, in part, and in several formats."""

from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from forum.db import Connection
from forum.http import instant_of
from forum.kept import KeptResponse
from forum.parameters import Language, SpokenLanguage
from forum.permissions import Permission, needs
from forum.programme import service
from forum.programme.release_types import NowAndNext, Programme, Selection
from forum.transactions import unit_of

PUBLIC = needs(Permission.PUBLIC)
TAGS = ["programme"]
At = Annotated[
    str | None,
    QueryParameter(
        pattern=r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$",
        description="An instant of RFC 3339.",
    ),
]


async def provide_selection(
    day: FromQuery[date | None] = None,
    track: FromQuery[UUID | None] = None,
    type: FromQuery[str | None] = None,
    room: FromQuery[UUID | None] = None,
    language: SpokenLanguage = None,
    speaker: FromQuery[UUID | None] = None,
    at: At = None,
    since_release: Annotated[
        int | None,
        QueryParameter(
            ge=0, description="Only sessions that differ from this release; `removed` are those it had more."
        ),
    ] = None,
    q: Annotated[
        str | None,
        QueryParameter(
            min_length=1,
            max_length=200,
            pattern=r"\S",
            description="Parts of titles, abstracts, rooms, organisers or speakers, whatever case and accents.",
        ),
    ] = None,
) -> Selection:
    """Which sessions somebody asks for."""
    return Selection(
        day=day, track=track, type=type, room=room, language=language and language.lower(), speaker=speaker,
        at=instant_of(at, "at"), since_release=since_release, q=q,
    )  # fmt: skip


SELECTION: Final = {"selection": Provide(provide_selection)}


async def _answer(
    request: Request[Any, Any, Any], edition_id: UUID, format: service.Format, lang: str | None, selection: Selection
) -> KeptResponse[Any]:
    """The last release, as it was asked for; only what many ask for is answered again before routing."""
    keeper: service.Keeper = request.app.state.keeper
    connect = unit_of(request.scope).connection
    release = await keeper.read(edition_id, connect)
    known = request.headers.get("if-none-match")
    kept = await service.read_release_as(release, format, lang, selection, connect, known)
    is_current = (lambda: keeper.find(edition_id) is release) if selection.is_common else None
    return KeptResponse(kept, request, is_current)


def _schedule(request: Request[Any, Any, Any], kind: str) -> service.Format:
    return service.schedule_formats(request.app.state.settings.public_url)[kind]


@get(
    "/editions/{edition:str}/programme",
    opt=PUBLIC,
    operation_id="get_programme",
    tags=TAGS,
    dependencies=SELECTION,
)
async def get_programme(
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    selection: NamedDependency[Selection],
    lang: Language = None,
) -> KeptResponse[Programme]:
    """The programme that was published last, whole or in part, cancelled sessions included.

    With `lang`, each text is in that language; in English, or any, where it is missing. A `day` is one in the
    edition's zone; `at` finds what runs then. Filters add up. Send `If-None-Match` with the ETag to learn cheaply that
    nothing has changed.
    """
    return await _answer(request, edition_id, service.JSON, lang, selection)


@get(
    "/editions/{edition:str}/programme.csv",
    opt=PUBLIC,
    media_type="text/csv",
    operation_id="get_programme_table",
    tags=TAGS,
    dependencies=SELECTION,
)
async def get_programme_table(
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    selection: NamedDependency[Selection],
    lang: Language = None,
) -> KeptResponse[str]:
    """The published programme as a table for spreadsheets (RFC 4180), a row for each session, in one language.

    It takes the filters of the programme. Times are in UTC; what would run as a formula begins with an apostrophe.
    """
    return await _answer(request, edition_id, service.CSV, lang, selection)


@get(
    "/editions/{edition:str}/programme/schedule.xml",
    opt=PUBLIC,
    media_type="text/xml",
    operation_id="get_schedule_xml",
    tags=TAGS,
)
async def get_schedule_xml(
    request: Request[Any, Any, Any], edition_id: NamedDependency[UUID], lang: Language = None
) -> KeptResponse[str]:
    """The published programme in the open XML format of conference applications (frab, C3VOC), in one language.

    Cancelled sessions, and those whose hour is not known, are not in it.
    """
    return await _answer(request, edition_id, _schedule(request, "xml"), lang, Selection())


@get(
    "/editions/{edition:str}/programme/schedule.json",
    opt=PUBLIC,
    operation_id="get_schedule_json",
    tags=TAGS,
)
async def get_schedule_json(
    request: Request[Any, Any, Any], edition_id: NamedDependency[UUID], lang: Language = None
) -> KeptResponse[dict[str, Any]]:
    """The published programme in the open JSON format of conference applications (C3VOC), in one language."""
    return await _answer(request, edition_id, _schedule(request, "json"), lang, Selection())


@get("/editions/{edition:str}/programme/now", opt=PUBLIC, operation_id="get_programme_now", tags=TAGS)
async def get_programme_now(
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    now: NamedDependency[datetime],
    at: At = None,
    lang: Language = None,
) -> KeptResponse[NowAndNext]:
    """What runs now in every room, and what starts there next; `at` asks for another instant.

    Sessions without a room are not in it: ask the programme with `at` for all that runs.
    """
    keeper: service.Keeper = request.app.state.keeper
    release = await keeper.read(edition_id, unit_of(request.scope).connection)
    return KeptResponse(service.now_and_next(release, instant_of(at, "at") or now, lang), request)


@get("/editions/{edition:str}/programme/releases/{number:int}", opt=PUBLIC, operation_id="get_release", tags=TAGS)
async def get_release(
    number: FromPath[int],
    request: Request[Any, Any, Any],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    lang: Language = None,
) -> KeptResponse[Programme]:
    """Any release of the programme, whole, as it was; only who does not want to be named any more is left out."""
    release, connect = await service.read_release(conn, edition_id, number), unit_of(request.scope).connection
    known = request.headers.get("if-none-match")
    return KeptResponse(
        await service.read_release_as(release, service.JSON, lang, Selection(), connect, known), request
    )


HANDLERS = [
    get_programme,
    get_programme_table,
    get_schedule_xml,
    get_schedule_json,
    get_programme_now,
    get_release,
]
