"""Public answers that are made once and kept: plain, compressed, or as 304.

An answer that is current is sent again before routing, guard and handler have looked at the request: they would find
the same. What can make it different is in its key, or asks for a token.
"""

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import HTTPScope, Scope

T = TypeVar("T")

MAX_KEPT_ANSWERS = 200
PUBLIC_CACHING = "public, max-age=30, stale-while-revalidate=300"
_REFUSES_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


class KeptBytes:
    """A public answer that is made once and sent many times, plain or compressed, or as 304.

    The two codings have an ETag each (RFC 9110 section 8.8.3.3); a client that holds either is up to date. An ETag
    tells the content too: after an upgrade, or on a database restored from yesterday, no client keeps the wrong bytes.
    """

    __slots__ = ("_answers", "_caching", "_media_type", "etag", "etags", "made")

    def __init__(self, body: bytes, media_type: str, tag: str, caching: str = PUBLIC_CACHING) -> None:
        self._begin(media_type, f"{tag}-{hashlib.sha256(body).hexdigest()[:12]}", caching)
        self.made: bytes | None = body

    def _begin(self, media_type: str, tag: str, caching: str) -> None:
        self._media_type, self._caching = media_type, caching
        self._answers: dict[tuple[bool, bool], ASGIResponse] = {}
        self.etag = f'"{tag}"'
        self.etags = (self.etag, f'"{tag}-gzip"')

    @property
    def body(self) -> bytes:
        """What is sent, plain."""
        return self.made or b""

    def answer(self, if_none_match: str | None, accept_encoding: str) -> ASGIResponse:
        """What a client with these request headers gets; it is put together, and compressed, the first time."""
        compressed = "gzip" in accept_encoding and not _REFUSES_GZIP.search(accept_encoding)
        known = self.is_known(if_none_match)
        if (ready := self._answers.get((compressed, known))) is None:
            ready = self._answers[compressed, known] = self._put_together(compressed, known)
        return ready

    def is_known(self, if_none_match: str | None) -> bool:
        """Whether a client has it already."""
        return if_none_match is not None and any(etag_matches(if_none_match, etag) for etag in self.etags)

    def _put_together(self, compressed: bool, known: bool) -> ASGIResponse:
        headers = {"ETag": self.etags[compressed], "Cache-Control": self._caching, "Vary": "Accept-Encoding"}
        if known:
            return ASGIResponse(status_code=304, media_type=self._media_type, headers=headers)
        body = self.body
        if compressed:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 6, mtime=0)
        return ASGIResponse(body=body, media_type=self._media_type, headers=headers)


class LazyBytes(KeptBytes):
    """A public answer that is made when somebody needs it: `tag` tells the content before it is there."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], bytes], media_type: str, tag: str, caching: str = PUBLIC_CACHING) -> None:
        self._begin(media_type, tag, caching)
        self._make = make
        self.made = None

    @property
    def body(self) -> bytes:
        """What is sent, plain; made the first time."""
        if self.made is None:
            self.made = self._make()
        return self.made


def etag_matches(header: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names `etag` (weak comparison, RFC 9110 section 13.1.2)."""
    if header is None:
        return False
    return any(part.strip().removeprefix("W/") in (etag, "*") for part in header.split(","))


class KeptAnswers:
    """The answers to public questions that were asked before, for as long as each is current."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes | None, str, bytes], tuple[KeptBytes, Callable[[], bool]]] = {}

    def add(self, scope: Scope, kept: KeptBytes, is_current: Callable[[], bool]) -> None:
        """Answer the same question with `kept` from now on, while `is_current` says so."""
        if len(self._known) >= MAX_KEPT_ANSWERS:
            self._known.clear()  # somebody asks again and again for what differs in name only
        self._known[_question(scope, dict(scope["headers"]))] = (kept, is_current)

    def find(self, scope: HTTPScope, headers: Mapping[bytes, bytes]) -> ASGIResponse | None:
        """The answer to a GET without a token, when it is kept and current."""
        if scope["method"] != "GET" or b"authorization" in headers:
            return None
        question = _question(scope, headers)
        kept, is_current = self._known.get(question, (None, None))
        if kept is None or is_current is None:
            return None
        if not is_current():
            del self._known[question]
            return None
        if_none_match, accept_encoding = headers.get(b"if-none-match"), headers.get(b"accept-encoding", b"")
        return kept.answer(
            None if if_none_match is None else if_none_match.decode("latin-1"), accept_encoding.decode("latin-1")
        )


def _question(scope: Scope, headers: Mapping[bytes, bytes]) -> tuple[bytes | None, str, bytes]:
    return headers.get(b"host"), scope["path"], scope["query_string"]


class KeptResponse(Response[T]):
    """Kept bytes on their way to one client; `T` is what they hold, for the OpenAPI document.

    With `is_current` given, who asks the same again gets the same for as long as it says so.
    """

    def __init__(
        self, kept: KeptBytes, request: Request[Any, Any, Any], is_current: Callable[[], bool] | None = None
    ) -> None:
        headers = request.headers
        if is_current is not None and is_current():
            request.app.state.kept_answers.add(request.scope, kept, is_current)
        self._ready = kept.answer(headers.get("if-none-match"), headers.get("accept-encoding", ""))
        super().__init__(cast("T", None))

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> ASGIResponse:
        """The answer that was made before."""
        return self._ready
