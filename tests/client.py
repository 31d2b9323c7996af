"""A client of the API for tests: it speaks JSON, acts under any role, and keeps ETags in mind."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from forum.accounts import service as accounts
from forum.db import Pool
from forum.permissions import Role


class Client:
    """One caller. `as_role` and `as_client` make further callers of the same application."""

    def __init__(self, http: httpx.AsyncClient, pool: Pool, clock: Callable[[], datetime], token: str = "") -> None:
        self.http = http
        self.pool = pool
        self.clock = clock
        self.token = token

    def with_token(self, token: str) -> "Client":
        """The same application, as the bearer of a token."""
        return Client(self.http, self.pool, self.clock, token)

    async def as_role(self, role: Role, edition_id: str | None = None, email: str = "") -> "Client":
        """A person with a role on an edition (`admin`: on the platform)."""
        address = email or f"{role}@staff.example"
        async with self.pool.acquire() as conn, conn.transaction():
            given = await accounts.grant(conn, address, role, UUID(edition_id) if edition_id else None, self.clock())
            person = await accounts.ensure_person(conn, given.email, "en", "UTC", self.clock())
            issued = await accounts.issue_token(conn, "person", person, None, role, [], self.clock(), None)
        return self.with_token(issued.token)

    async def as_focal_point(self, delegation_id: str, edition_id: str, email: str = "focal@staff.example") -> "Client":
        """Somebody who looks after a delegation."""
        async with self.pool.acquire() as conn, conn.transaction():
            place = (UUID(edition_id), self.clock(), UUID(delegation_id))
            await accounts.grant(conn, email, "focal_point", *place)
        return await self.as_person(email)

    async def as_person(self, email: str) -> "Client":
        """Somebody who signed in with an address and has no role."""
        async with self.pool.acquire() as conn, conn.transaction():
            person = await accounts.ensure_person(conn, email, "en", "UTC", self.clock())
            issued = await accounts.issue_token(conn, "person", person, None, "test", [], self.clock(), None)
        return self.with_token(issued.token)

    async def as_client(self, edition_id: str, *scopes: str, kind: str = "client") -> "Client":
        """A frontend or device with scopes on an edition."""
        async with self.pool.acquire() as conn, conn.transaction():
            issued = await accounts.issue_token(
                conn, kind, None, UUID(edition_id), "test", list(scopes), self.clock(), None
            )
        return self.with_token(issued.token)

    async def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send a request with this caller's token."""
        headers = dict(arguments.pop("headers", None) or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return await self.http.request(method, path, headers=headers, **arguments)

    async def get(self, path: str, **arguments: Any) -> httpx.Response:
        """GET."""
        return await self.request("GET", path, **arguments)

    async def post(self, path: str, body: Any = None, **arguments: Any) -> httpx.Response:
        """POST a JSON body, or none."""
        if body is not None:
            arguments["json"] = body
        return await self.request("POST", path, **arguments)

    async def patch(self, path: str, body: Any, version: int | str = "*", **arguments: Any) -> httpx.Response:
        """PATCH what has `version`, or whatever is there."""
        etag = version if version == "*" else f'"{version}"'
        headers = {"If-Match": etag} | (arguments.pop("headers", None) or {})
        return await self.request("PATCH", path, json=body, headers=headers, **arguments)

    async def delete(self, path: str, version: int | str = "*") -> httpx.Response:
        """DELETE what has `version`, or whatever is there."""
        etag = version if version == "*" else f'"{version}"'
        return await self.request("DELETE", path, headers={"If-Match": etag})

    async def made(self, path: str, body: Any) -> dict[str, Any]:
        """What a POST made; fails with the problem document when it was refused."""
        answer = await self.post(path, body)
        assert answer.status_code in (200, 201), answer.text
        result: dict[str, Any] = answer.json()
        return result


def pointers(answer: httpx.Response) -> set[tuple[str, str]]:
    """The faults of a 422: where and what."""
    assert answer.status_code == 422, answer.text
    return {(fault.get("pointer", fault.get("parameter", "")), fault["code"]) for fault in answer.json()["errors"]}
