"""Puts the application together: the one place that knows every slice."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute

from forum import http, permissions
from forum.accounts.routes import HANDLERS as ACCOUNTS
from forum.agenda.routes import HANDLERS as AGENDA
from forum.attendance.routes import HANDLERS as ATTENDANCE
from forum.attendance.service import BadgeReader, ScanDesk
from forum.bookings.routes import HANDLERS as BOOKINGS
from forum.bulk import Handling
from forum.calendars.feeds import PersonalFeeds
from forum.calendars.routes import HANDLERS as CALENDARS
from forum.change_requests.routes import HANDLERS as CHANGE_REQUESTS
from forum.clock import Clock, clock_of
from forum.copies.routes import HANDLERS as COPIES
from forum.db import Connection, Pool, open_pool
from forum.docs import openapi_config
from forum.editions import service as editions
from forum.editions.routes import HANDLERS as EDITIONS
from forum.entities.routes import HANDLERS as ENTITIES
from forum.health import HANDLERS as HEALTH
from forum.kept import KeptAnswers
from forum.letters.routes import HANDLERS as LETTERS
from forum.listening import listening
from forum.notifications.routes import HANDLERS as NOTIFICATIONS
from forum.pagination import Paging
from forum.parameters import DryRun
from forum.permissions import Principal
from forum.pledges.routes import HANDLERS as PLEDGES
from forum.pledges.service import Feed
from forum.previews.routes import HANDLERS as PREVIEWS
from forum.printing.press import Press
from forum.privacy.routes import HANDLERS as PRIVACY
from forum.programme.import_routes import HANDLERS as PROGRAMME_IMPORTS
from forum.programme.routes import HANDLERS as PROGRAMME
from forum.programme.service import Keeper
from forum.proposals.routes import HANDLERS as PROPOSALS
from forum.pushes.routes import HANDLERS as PUSHES
from forum.questions.routes import HANDLERS as QUESTIONS
from forum.registrations.badge_routes import WELL_KNOWN
from forum.registrations.desk import RegistrationDesk
from forum.registrations.page_routes import PAGE
from forum.registrations.routes import HANDLERS as REGISTRATIONS
from forum.registrations.service import KeyRing
from forum.replies.routes import HANDLERS as REPLIES
from forum.revisions.routes import HANDLERS as REVISIONS
from forum.seen_tokens import SeenTokens
from forum.settings import Settings
from forum.speakers.import_routes import HANDLERS as SPEAKER_IMPORTS
from forum.speakers.page_routes import PAGE as SPEAKER_PAGE
from forum.speakers.routes import HANDLERS as SPEAKERS
from forum.speakers_lists.routes import HANDLERS as SPEAKERS_LISTS
from forum.speakers_lists.service import ListFeed
from forum.statistics.routes import HANDLERS as STATISTICS
from forum.transactions import replay_answer, unit_of

MAX_BODY_BYTES = 5_000_000


async def admit(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """Before every route: who is it, may they, and what was answered to the same request before.

    Not a guard of Litestar's, for which it copies the route's handler each time.
    """
    await permissions.authorize(request, request.route_handler)
    return await replay_answer(request)


async def provide_conn(request: Request[Any, Any, Any]) -> Connection:
    """The connection of this request's unit of work."""
    return await unit_of(request.scope).connection()


async def provide_principal(request: Request[Any, Any, Any]) -> Principal:
    """Who sent the request; `admit` has found out."""
    principal: Principal = request.scope["state"]["principal"]
    return principal


async def provide_now(request: Request[Any, Any, Any]) -> datetime:
    """This instant, by the application's clock."""
    clock: Clock = request.app.state.clock
    return clock()


async def provide_edition_id(request: Request[Any, Any, Any]) -> UUID:
    """The id of the edition in the path. A slug never changes hands, so what was found once is kept."""
    name: str = request.path_params["edition"]
    known: dict[str, UUID] = request.app.state.edition_ids
    if name not in known:
        conn = await unit_of(request.scope).connection()
        known[name] = await editions.find_id(conn, name)
    return known[name]


OF_REQUEST: Mapping[str, Callable[[Any], Awaitable[Any]]] = {
    "conn": provide_conn,
    "edition_id": provide_edition_id,
    "now": provide_now,
    "principal": provide_principal,
}
"""What a handler can ask for by name and is found by the request alone; in this order."""


async def provide_paging(
    limit: Annotated[int, QueryParameter(ge=1, le=200, description="How many items a page has.")] = 50,
    cursor: Annotated[
        str | None, QueryParameter(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    count: Annotated[bool, QueryParameter(description="Add `total`, the number of items on all pages.")] = False,
) -> Paging:
    """What page the client asks for."""
    return Paging(limit, cursor, count)


async def provide_handling(
    dry_run: DryRun = False,
    atomic: Annotated[
        bool, QueryParameter(description="Write all rows or none: all faults are told with 422.")
    ] = False,
) -> Handling:
    """How the client wants many rows to be handled."""
    return Handling(is_atomic=atomic, is_rehearsed=dry_run)


def _provide_directly(app: Litestar) -> None:
    """Have what is found by the request alone put among a handler's arguments as it is, before all that is checked.

    Litestar would put together, check and take apart the arguments of each, which costs more than finding it, and run
    them in a task group, where two must not take the request's one connection at the same time.
    """
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    for handler, model in (pair for route in routes for pair in route.route_handler_map.values()):
        # the document's writer adds parameters of the path to the same fields, which bad requests would then miss
        handler.signature_model._fields = dict(handler.signature_model._fields)
        wanted = {dependency.key: dependency for batch in model.dependency_batches for dependency in batch}
        found = {name: provide for name, provide in OF_REQUEST.items() if wanted.pop(name, None)}
        model.dependency_batches = [{dependency} for _, dependency in sorted(wanted.items())]
        if found:
            model.extractors.append(partial(_put, found))


async def _put(found: Mapping[str, Callable[[Any], Awaitable[Any]]], arguments: dict[str, Any], request: Any) -> None:
    for name, provide in found.items():
        arguments[name] = await provide(request)


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    """Open the pool and listen, unless the caller has given a pool."""
    settings: Settings = app.state.settings
    if app.state.pool is not None:
        yield
        return
    assert settings.database_url
    app.state.pool = await open_pool(settings.database_url, settings.pool_size)
    try:
        state = app.state
        subscribers = [state.keeper, state.feed, state.list_feed, state.seen_tokens]
        async with listening(settings.database_url, subscribers):
            yield
    finally:
        app.state.pool.terminate()


def make_state(settings: Settings, pool: Pool | None, clock: Clock | None) -> State:
    """All that an application knows beside its routes: what it was given, and what it keeps while it runs."""
    badge_reader = BadgeReader(key_ring := KeyRing())
    return State(
        {
            "settings": settings,
            "pool": pool,
            "clock": clock or clock_of(settings),
            "edition_ids": {},
            "keeper": Keeper(),
            "feed": Feed(),
            "list_feed": ListFeed(),
            "kept_answers": KeptAnswers(),
            "personal_feeds": PersonalFeeds(),
            "seen_tokens": SeenTokens(),
            "key_ring": key_ring,
            "badge_reader": badge_reader,
            "press": Press(),
            "darkroom": Press(),
            "scan_desk": ScanDesk(badge_reader),
            "registration_desk": RegistrationDesk(),
        }
    )


def create_app(settings: Settings, pool: Pool | None = None, clock: Clock | None = None) -> http.Application:
    """The ASGI application. With a `pool` given, the caller opens and closes it."""
    api = Router(
        "/v1",
        route_handlers=[
            *ACCOUNTS,
            *EDITIONS,
            *REVISIONS,
            *COPIES,
            *ENTITIES,
            *PROGRAMME,
            *PROGRAMME_IMPORTS,
            *SPEAKERS,
            *SPEAKER_IMPORTS,
            *PROPOSALS,
            *SPEAKERS_LISTS,
            *PLEDGES,
            *CALENDARS,
            *REPLIES,
            *REGISTRATIONS,
            *QUESTIONS,
            *CHANGE_REQUESTS,
            *LETTERS,
            *BOOKINGS,
            *AGENDA,
            *ATTENDANCE,
            *STATISTICS,
            *NOTIFICATIONS,
            *PUSHES,
            *PREVIEWS,
            *PRIVACY,
        ],
        before_request=admit,
    )
    application = http.Application(
        route_handlers=[api, *WELL_KNOWN, *PAGE, *SPEAKER_PAGE, *HEALTH],
        request_class=http.ForumRequest,
        response_class=http.ForumResponse,
        exception_handlers={Exception: http.answer_error},
        dependencies={
            **{name: Provide(provide) for name, provide in OF_REQUEST.items()},
            "handling": Provide(provide_handling),
            "paging": Provide(provide_paging),
            "if_match": Provide(http.provide_if_match, sync_to_thread=False),
        },
        state=make_state(settings, pool, clock),
        lifespan=[_lifespan],
        openapi_config=openapi_config(),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )
    _provide_directly(application)
    return application
