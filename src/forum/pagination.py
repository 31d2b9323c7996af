"""Keyset pages: a cursor holds the sort key of the last item, so that pages stay right while rows come and go."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from forum.errors import Fault, Invalid

T = TypeVar("T")
K = TypeVar("K")


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None
    total: int | msgspec.UnsetType = msgspec.UNSET


class Paging(msgspec.Struct, frozen=True):
    """What the client asked for: how many, after which, and whether to count all."""

    limit: int = 50
    cursor: str | None = None
    count: bool = False

    def after(self, key: type[K]) -> K | None:
        """The sort key to go on from, or None for the first page; raises `Invalid` for a bad cursor."""
        if self.cursor is None:
            return None
        try:
            padded = self.cursor.encode("ascii") + b"=" * (-len(self.cursor) % 4)
            return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=key)
        except (msgspec.DecodeError, binascii.Error, ValueError) as error:
            detail = "Take the cursor from `next_cursor` of the page before, unchanged."
            raise Invalid([Fault(parameter="cursor", code="bad_cursor", detail=detail)]) from error

    def page(self, rows: Sequence[T], key: Callable[[T], Any], total: int | None = None) -> Page[T]:
        """The page out of `limit + 1` rows read: the extra row only tells that there is more."""
        items = list(rows[: self.limit])
        more = len(rows) > self.limit
        return Page(
            items=items,
            next_cursor=_encode(key(items[-1])) if more else None,
            total=msgspec.UNSET if total is None else total,
        )


def _encode(key: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode("ascii")
