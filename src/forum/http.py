"""What every request and answer has in common: section 1 of the contract, once, for every route.

Strict bodies, problem documents, ETag and If-Match, 304, Link and Location, HEAD and OPTIONS, request ids.
"""

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar, cast
from urllib.parse import urlencode

import msgspec
import uuid_utils
from litestar import Litestar, Request, Response
from litestar.enums import HttpMethod, ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.types import Message, Receive, Scope, Send
from litestar.utils import normalize_path

from forum import bodies
from forum.errors import (
    Fault,
    Forbidden,
    ForumError,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    PreconditionRequired,
    Stale,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
    encode_problem,
    from_exception,
)
from forum.exports import MEDIA_TYPES
from forum.logs import describe, request_id
from forum.pagination import Page
from forum.requests import ForumRequest as ForumRequest
from forum.transactions import run_unit, unit_of

T = TypeVar("T")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,100}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_ABSENT = re.compile(r"^Missing required \w+ parameter '([^']+)'")
_FIXED_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
log = logging.getLogger("forum")


class ForumResponse(Response[T]):
    """An answer that tells its version, its place and its next page by itself."""

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> Any:
        """Add ETag, Location, Link and Cache-Control from the content; a struct is sent without Litestar's detours."""
        request: Request[Any, Any, Any] = args[1] if len(args) > 1 else kwargs["request"]
        content, headers = cast("Any", self.content), self.headers
        status = self.status_code or kwargs.get("status_code") or 200
        if isinstance(version := getattr(content, "version", None), int):
            headers.setdefault("ETag", f'"{version}"')
        if status == 201 and (made := getattr(content, "id", None)):
            path = f"{request.scope.get('root_path', '')}{request.scope['path']}".partition(":")[0]
            headers.setdefault("Location", f"{path.rstrip('/')}/{made}")
        if isinstance(content, Page):
            headers |= next_link(request, content)
        headers.setdefault("Cache-Control", "private, no-store")
        if isinstance(content, msgspec.Struct):
            return Answer(status, headers, msgspec.json.encode(content))
        return super().to_asgi_response(*args, **kwargs)


class Answer:
    """A JSON document on its way to the client."""

    __slots__ = ("_messages",)

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        raw = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
        raw += ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)))
        self._messages: tuple[Message, Message] = (
            {"type": "http.response.start", "status": status, "headers": raw},
            {"type": "http.response.body", "body": body, "more_body": False},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        for message in self._messages:
            await send(message)


def next_link(request: Request[Any, Any, Any], page: Page[Any]) -> dict[str, str]:
    """The header that leads to the page after, for an answer that shows the page as something else than JSON."""
    return {"Link": f'<{_next(request, page)}>; rel="next"'} if page.next_cursor else {}


def download(parts: AsyncIterator[bytes], name: str, format: str) -> Response[Any]:
    """A table that is sent while it is read; `format` is one of `exports.MEDIA_TYPES`."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"', "Cache-Control": "private, no-store"}
    return Stream(parts, media_type=MEDIA_TYPES[format], headers=headers)


def _next(request: Request[Any, Any, Any], page: Page[Any]) -> str:
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*query, ('cursor', page.next_cursor)])}"


class IfMatch(msgspec.Struct, frozen=True):
    """The versions that the client allows to be changed; None allows whatever is there."""

    versions: tuple[str, ...] | None

    def require(self, version: int, current: msgspec.Struct | None = None, patch: msgspec.Struct | None = None) -> None:
        """Raise `Stale` unless the client has read this version.

        With what is there and what the client sent, it tells both versions of the fields in which they differ: only
        to who may read all of it.
        """
        if self.versions is None or f'"{version}"' in self.versions:
            return
        raise Stale(version, {} if patch is None else bodies.differences(current, patch))


def provide_if_match(header: Annotated[str | None, HeaderParameter(name="If-Match")] = None) -> IfMatch:
    """The request's `If-Match`; raises `PreconditionRequired` when it is absent."""
    if header is None or not header.strip():
        raise PreconditionRequired
    tags = tuple(part.strip() for part in header.split(","))
    return IfMatch(None if tags == ("*",) else tags)


INSTANT_PATTERN: Final = r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})?$"
AsOf = Annotated[
    str | None,
    QueryParameter(
        pattern=INSTANT_PATTERN,
        description="As it was known at this instant, RFC 3339.",
    ),
]
"""The parameter `as_of`. Were it declared as an instant, Litestar would take a bare number for one."""


def instant_of(text: str | None, parameter: str = "as_of") -> datetime | None:
    """What a parameter names; raises `Invalid` when no calendar has it. What instants are allowed is for who asked."""
    try:
        return None if text is None else msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        detail = "Give an instant of RFC 3339, such as 2023-12-13T08:00:00Z."
        raise Invalid([Fault(parameter=parameter, code="bad_parameter", detail=detail)]) from None


_OF_STATUS: Mapping[int, type[ForumError]] = {
    400: Malformed, 403: Forbidden, 404: NotFound, 405: MethodNotAllowed, 413: TooLarge, 415: UnsupportedMediaType,
}  # fmt: skip


def as_forum_error(exc: Exception) -> ForumError:
    """Any exception, Litestar's included, as the error that the client reads."""
    if isinstance(exc, ValidationException):
        return _parameter_faults(exc)
    if isinstance(exc, HTTPException):
        if exc.status_code == 401:
            return Unauthenticated()
        error = _OF_STATUS.get(exc.status_code)
        return from_exception(exc) if error is None else error(headers=dict(exc.headers or {}))
    return from_exception(exc)


def _parameter_faults(exc: ValidationException) -> ForumError:
    faults = []
    for item in exc.extra if isinstance(exc.extra, list) else []:
        words = re.sub(r" - at `[^`]*`$", "", str(item.get("message", "It is wrong.")))
        if item.get("key") == "data":
            return Malformed("The body is empty: send JSON.")
        faults.append(Fault(parameter=str(item.get("key", "")), code="bad_parameter", detail=words))
    if not faults and (absent := _ABSENT.search(exc.detail)):
        faults.append(Fault(parameter=absent[1], code="missing", detail="This parameter is required."))
    return Invalid(faults or [Fault(code="bad_parameter", detail="A parameter is wrong.")])


def _unstorable(request: Request[Any, Any, Any], code: str) -> list[Fault]:
    """What of a request's parameters the database cannot take: text with a NUL, or a cursor made by hand."""
    given = request.query_params
    names = [name for name, text in given.multi_items() if "\0" in text]
    if names:
        return [Fault(parameter=name, code="control_character", detail="U+0000 is not allowed here.") for name in names]
    made_by_hand = request.method == HttpMethod.GET and code == "out_of_range" and "cursor" in given
    return [Fault(parameter="cursor", code=code, detail="This cursor is none of ours.")] if made_by_hand else []


def answer_error(request: Request[Any, Any, Any], exc: Exception) -> Response[bytes]:
    """Litestar exception handler: the problem document, and a log line for what is our fault."""
    error = as_forum_error(exc)
    if isinstance(error, Invalid) and not all(fault.pointer is not None or fault.parameter for fault in error.errors):
        error = Invalid(_unstorable(request, error.errors[0].code) or error.errors)
    if error.keeps_changes:
        unit_of(request.scope).keeps_changes = True
    if error.status == 500:
        log.error("%s %s", request.method, error.code, exc_info=exc)
    elif error.status > 500:
        log.warning("%s %s: %s", request.method, error.code, describe(exc))
    return Response(
        encode_problem(error),
        status_code=error.status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store"} | error.headers,
    )


class Application(Litestar):
    """Litestar with what it leaves out: HEAD, a truthful Allow, request ids and fixed headers on every answer.

    Each request has a unit of work, around Litestar and not in it, where a middleware costs two more layers.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        names = dict(scope["headers"])
        given, trace = names.get(b"x-request-id"), names.get(b"traceparent")
        identifier = given.decode() if given and _REQUEST_ID.fullmatch(given) else str(uuid_utils.uuid7())
        request_id.set(identifier)
        extra = [(b"x-request-id", identifier.encode()), *_FIXED_HEADERS]
        if trace and _TRACEPARENT.fullmatch(trace):
            extra.append((b"traceparent", trace))
        method = scope["method"]
        head = method == HttpMethod.HEAD
        if head:
            scope = cast("Scope", {**scope, "method": "GET"})

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *extra]
                if method == HttpMethod.OPTIONS or message["status"] == 405:
                    headers = [pair for pair in headers if pair[0].lower() != b"allow"]
                    headers.append((b"allow", ", ".join(self._methods_of(scope)).encode()))
                message["headers"] = headers
                await send(message)
                if head:  # the answer ends here, so that a stream, which never ends, learns that nobody reads it
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif not head:
                await send(message)

        if (kept := self.state.kept_answers.find(scope, names)) is not None:
            await kept(scope, receive, send_on)
        else:
            await run_unit(self.state.pool, super().__call__, scope, receive, send_on)

    def _methods_of(self, scope: Scope) -> list[str]:
        """Every method of the path, HEAD included: Litestar lists those of one route, and paths share routes."""
        found = {"OPTIONS"}
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            with contextlib.suppress(HTTPException):
                self.asgi_router.handle_routing(path=normalize_path(scope["path"]), method=cast("Any", method))
                found |= {"GET", "HEAD"} if method == "GET" else {method}
        return sorted(found)
