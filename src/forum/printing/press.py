"""Renders documents, or pictures, beside the event loop: one at a time, and no more waiting than can be served soon."""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from forum.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")
MAX_WAITING: Final = 16


class Press:
    """One process's press."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def render(self, draw: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `draw` makes, in a thread of its own; raises `Unavailable` when too many wait for the press."""
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many documents and pictures are being worked on. Try again shortly.")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(draw, *args, **kwargs)
        finally:
            self._waiting -= 1
