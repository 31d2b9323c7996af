"""Where the tour is played: the API and a worker as processes of their own, with a clock that can be moved on."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import httpx
from msgspec import structs

from forum.clock import system_clock
from forum.commands import serving
from forum.commands.supervisor import own_process
from forum.demo.checks import StepFailed
from forum.embedded import Kept
from forum.settings import Settings, as_environment

READY_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 0.1


class Stage:
    """Runs the API and a worker; what calls while they are started anew waits in the socket that stays open."""

    def __init__(self, settings: Settings, listening: socket.socket, say: Callable[[str], None]) -> None:
        self.url = serving.url_of(listening)
        self._settings, self._listening, self._say = settings, listening, say
        self._children: list[Kept] = []
        self.is_verified = False
        """Whether the tour is over, and every step was as it should be."""

    @asynccontextmanager
    async def playing_at(self, now: datetime) -> AsyncIterator[None]:
        """Both processes run, and their clock starts at `now`, for as long as the block lasts."""
        own = structs.replace(self._settings, public_url=self.url, rehearsal_at=now, rehearsal_since=system_clock())
        variables = as_environment(own)
        descriptor = self._listening.fileno()
        api = own_process("The API", ["serve", "--descriptor", str(descriptor)], [descriptor], variables)
        self._children = [api, own_process("The worker", ["worker"], [], variables)]
        tending = asyncio.create_task(self._tend())
        try:
            await self._ready(tending)
            yield
        finally:
            tending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await tending
            for child in self._children:
                child.stop()

    async def _tend(self) -> None:
        while True:
            for child in self._children:
                child.tend(self._say)
            await asyncio.sleep(_POLL_SECONDS)

    async def _ready(self, tending: "asyncio.Task[None]") -> None:
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=5, trust_env=False) as http,
            asyncio.timeout(None) as limit,
        ):
            limit.reschedule(asyncio.get_running_loop().time() + READY_WITHIN_SECONDS)
            while not tending.done():
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get("/health/ready")).status_code == 200:
                        return
                await asyncio.sleep(_POLL_SECONDS)
        tending.result()
        raise StepFailed("the API does not run")
