"""One caller of the API: it speaks JSON, presents a token, and takes no for a failure unless it asked for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from forum.demo.checks import StepFailed

T = TypeVar("T")
R = TypeVar("R")
AT_ONCE = 12
"""How many requests a crowd has open; more only wait in line on a small machine."""
TIMEOUT_SECONDS = 60.0
IDLE_SECONDS = 2.0
"""Below the five after which the server closes: a request must not meet a connection that is going away."""


class Caller:
    """A frontend, a scanner, a person or, without a token, anybody."""

    def __init__(self, http: httpx.AsyncClient, token: str = "") -> None:
        self.http, self.token = http, token

    def bearing(self, token: str) -> "Caller":
        """The same API, called by the bearer of a token."""
        return Caller(self.http, token)

    async def send(self, method: str, path: str, *, wants: int | None = None, **arguments: Any) -> httpx.Response:
        """Send a request; raises `StepFailed` for an answer other than 2xx, or other than `wants`."""
        headers = dict(arguments.pop("headers", None) or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            answer = await self.http.request(method, f"/v1{path}", headers=headers, **arguments)
        except httpx.HTTPError as error:
            raise StepFailed(f"{method} {path}: no answer ({type(error).__name__} {error})") from error
        if answer.status_code != wants if wants else not answer.is_success:
            raise StepFailed(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        """What is there."""
        return (await self.send("GET", path, params=query)).json()

    async def post(self, path: str, body: Any = None, **arguments: Any) -> Any:
        """Make something, or do something."""
        return (await self.send("POST", path, json=body or {}, **arguments)).json()

    async def patch(self, path: str, body: Any, version: int) -> Any:
        """Change what is still at `version`."""
        return (await self.send("PATCH", path, json=body, headers={"If-Match": f'"{version}"'})).json()

    async def list(self, path: str, **query: Any) -> list[Any]:
        """Every item, page after page."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.get(path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def count(self, path: str, **query: Any) -> int:
        """How many items a list has."""
        return int((await self.get(path, limit=1, count="true", **query))["total"])


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[Caller]:
    """Anybody, calling the API at `url` over kept connections."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=IDLE_SECONDS)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        yield Caller(http)


async def crowd(
    items: Iterable[T],
    work: Callable[[T], Awaitable[R]],
    at_once: int = AT_ONCE,
    told: Callable[[int], None] = lambda done: None,
) -> list[R]:
    """Do the same for many, several at once; the results in the order of the items."""
    waiting = list(enumerate(items))
    results: dict[int, R] = {}
    waiting.reverse()

    async def work_on() -> None:
        while waiting:
            index, item = waiting.pop()
            results[index] = await work(item)
            told(len(results))

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work_on())
    return [results[index] for index in range(len(results))]
