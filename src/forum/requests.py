"""What a handler reads a request through: strict bodies, tables and files."""

from collections.abc import Collection
from typing import Any, Final

from litestar import Request
from litestar.datastructures import State
from litestar.enums import HttpMethod
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from forum import bodies
from forum.errors import TooLarge, UnsupportedMediaType
from forum.transactions import header_of

_JSON_TYPES: Final = frozenset({"", "application/json", "application/merge-patch+json"})


class ForumRequest(Request[Any, Any, State]):
    """A request whose body is read strictly, with every fault named."""

    async def body(self) -> bytes:
        """The body; a POST without one says the same as `{}`: an action that can be told something need not be."""
        return await super().body() or (b"{}" if self.method == HttpMethod.POST else b"")

    async def json(self) -> Any:
        """The body as the handler's own type."""
        if self._media_type == "text/csv" and (read_table := getattr(self._data_type, "from_csv", None)):
            return read_table(await super().body())
        if self._media_type not in _JSON_TYPES:
            raise UnsupportedMediaType(f"Send application/json, not {self._media_type[:60]!r}.")
        return bodies.decode(await self.body(), self._data_type)

    async def file(self, media_types: Collection[str]) -> bytes:
        """The body as it is; raises `UnsupportedMediaType`, and `TooLarge` before more of it is here than may be."""
        if self._media_type not in media_types:
            raise UnsupportedMediaType(f"Send {', '.join(media_types)}, not {self._media_type[:60]!r}.")
        try:
            return await super().body()
        except RequestEntityTooLarge:
            raise TooLarge(f"Send at most {self.route_handler.resolve_request_max_body_size():,} bytes.") from None

    @property
    def _media_type(self) -> str:
        return (header_of(self.scope, b"content-type") or "").partition(";")[0].strip().lower()

    @property
    def _data_type(self) -> Any:
        field = self.route_handler.parsed_data_field
        return Any if field is None else field.annotation
