"""The unit of work of one request: its connection, its transaction and, for a POST that asks for it, its memory.

A read takes a connection when it first needs one and lets each statement stand for itself. A write runs in one
transaction; its answer is held back until COMMIT has succeeded, so that nobody reads a 201 of something that is
not there. The answer of a POST with an `Idempotency-Key` is stored in that same transaction.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import Callable
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from litestar import Request, Response
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from forum.db import ACQUIRE_TIMEOUT_SECONDS, Connection, Pool, execute, find, value
from forum.errors import Conflict, Fault, ForumError, Invalid, encode_problem, from_exception
from forum.logs import describe
from forum.sqlfiles import load_statements

_SQL = load_statements("transactions")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_REPLAYED_HEADERS = (b"content-type", b"location", b"etag", b"link")
log = logging.getLogger("forum")


class IdempotencyKeyInUse(Conflict):
    """The same request is still being worked on"""

    def __init__(self) -> None:
        super().__init__("Send it again in a moment to read its answer.", headers={"Retry-After": "1"})


class StoredAnswer(msgspec.Struct, frozen=True):
    """What was answered to a request that carried an `Idempotency-Key`."""

    request_sha256: bytes
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class RequestKey(msgspec.Struct, frozen=True):
    """Which request an answer belongs to.

    Answers can hold a token, of which the database keeps no more than a SHA-256: they are stored under lock, and only
    who sends the same key with the same token can open them.
    """

    principal: str
    route: str
    key_sha256: str
    request_sha256: bytes
    lock: bytes

    def close(self, body: bytes) -> bytes:
        """An answer as it is stored."""
        nonce = os.urandom(12)
        return nonce + AESGCM(self.lock).encrypt(nonce, body, self.request_sha256)

    def open(self, stored: bytes) -> bytes:
        """The answer that was stored."""
        return AESGCM(self.lock).decrypt(stored[:12], stored[12:], self.request_sha256)


class Unit:
    """One request's use of the database, by one task."""

    __slots__ = (
        "_connection",
        "_pool",
        "_transaction",
        "after_commit",
        "keeps_changes",
        "request_key",
        "writes",
    )

    def __init__(self, pool: Pool, writes: bool) -> None:
        self._pool = pool
        self._connection: PoolConnectionProxy[asyncpg.Record] | None = None
        self._transaction: Any = None
        self.writes = writes
        self.request_key: RequestKey | None = None
        self.keeps_changes = False
        self.after_commit: list[Callable[[], None]] = []
        """What this process must forget or remember once the changes are lasting; not called when they are not."""

    async def connection(self) -> Connection:
        """The request's one connection, inside its transaction when the request writes."""
        connection = await self.reading()
        if self.writes and self._transaction is None:
            transaction = connection.transaction()
            await transaction.start()
            self._transaction = transaction
        return connection

    async def reading(self) -> Connection:
        """The same connection, for what is read before the work begins: who asks, and whether they may."""
        if self._connection is None:
            # Not the pool's own time limit: it would also watch over the return, which waits for nothing.
            async with asyncio.timeout(ACQUIRE_TIMEOUT_SECONDS):
                self._connection = await self._pool.acquire()
        return self._connection

    async def commit(self) -> None:
        """Make the request's changes lasting; raises what PostgreSQL says when it cannot."""
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            await transaction.commit()
            for callback in self.after_commit:
                callback()

    async def close(self) -> None:
        """Undo what was not committed and give the connection back; nothing is left that could be committed then."""
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await transaction.rollback()
        if self._connection is not None:
            with contextlib.suppress(asyncpg.InterfaceError, OSError):
                await self._pool.release(self._connection)
            self._connection = None


def unit_of(scope: Scope) -> Unit:
    """The unit of work of a request."""
    unit: Unit = scope["state"]["unit"]
    return unit


def header_of(scope: Scope, name: bytes) -> str | None:
    """What a header of the request says: the first of that name, in small letters, or None.

    Litestar would make a dictionary of all of them.
    """
    return next((text.decode("latin-1") for key, text in scope["headers"] if key == name), None)


async def run_unit(pool: Pool, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Have `app` answer one request inside its unit; a write's answer is held back until COMMIT."""
    unit = Unit(pool, scope["method"] not in _READS)  # type: ignore[typeddict-item]
    scope.setdefault("state", {})["unit"] = unit
    try:
        if unit.writes:
            await _write(unit, app, scope, receive, send)
        else:
            await app(scope, receive, send)
    finally:
        await unit.close()


async def _write(unit: Unit, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    answer: list[Message] = []

    async def hold(message: Message) -> None:
        answer.append(message)

    await app(scope, receive, hold)
    try:
        succeeded = answer[0]["status"] < 400  # type: ignore[typeddict-item]
        if succeeded and unit.request_key:
            await _store_answer(unit, answer)
        if succeeded or unit.keeps_changes:
            await unit.commit()
    except Exception as error:
        if (known := from_exception(error)).status == 500:
            log.exception("commit failed")
        elif known.status > 500:
            log.warning("commit failed: %s", describe(error))
        answer = _problem_messages(known)
    await unit.close()
    for message in answer:
        await send(message)


async def replay_answer(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """The stored answer of a POST sent before with this `Idempotency-Key`, or None to go on with the work.

    Raises `IdempotencyKeyInUse` while the first one is still running and `Invalid` when the body differs.
    """
    if request.method != "POST" or (key := header_of(request.scope, b"idempotency-key")) is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise Invalid([Fault(parameter="Idempotency-Key", code="bad_key", detail="Use 1 to 255 printable characters.")])
    unit = unit_of(request.scope)
    digest = hashlib.sha256(request.scope["query_string"] + b"\n" + await request.body()).digest()
    token = (header_of(request.scope, b"authorization") or "").partition(" ")[2].strip()
    key_sha256, lock = hashlib.sha256(key.encode()), hashlib.sha256(f"answer\n{token}\n{key}".encode())
    principal, route = str(request.scope["state"]["principal"].token_id), f"POST {request.url.path}"
    wanted = RequestKey(principal, route, key_sha256.hexdigest(), digest, lock.digest())
    conn = await unit.connection()
    if not await try_lock_request(conn, f"{principal} {route} {wanted.key_sha256}"):
        raise IdempotencyKeyInUse
    stored = await find_answer(conn, principal, route, wanted.key_sha256)
    if stored is None:
        unit.request_key = wanted
        return None
    if stored.request_sha256 != digest:
        detail = "This key was used with another body. Use a new key for a new request."
        raise Invalid([Fault(parameter="Idempotency-Key", code="key_reused", detail=detail)])
    headers = dict(stored.headers) | {"Idempotency-Replayed": "true"}
    media_type = headers.pop("content-type", "application/json")
    return Response(wanted.open(stored.body), status_code=stored.status, headers=headers, media_type=media_type)


async def try_lock_request(conn: Connection, name: str) -> bool:
    """Whether no other transaction is working on the request of that name."""
    return bool(await value(conn, _SQL["try_lock_request"], name))


async def find_answer(conn: Connection, principal: str, route: str, key_sha256: str) -> StoredAnswer | None:
    """The answer that was stored for a request, or None."""
    return await find(conn, _SQL["find_answer"], StoredAnswer, principal, route, key_sha256)


async def delete_old_answers(conn: Connection) -> int:
    """Forget the answers that are older than 24 hours; returns how many."""
    return await execute(conn, _SQL["delete_old_answers"])


async def _store_answer(unit: Unit, answer: list[Message]) -> None:
    start, body = answer[0], b"".join(message.get("body", b"") for message in answer[1:])  # type: ignore[misc]
    kept = [(n.decode(), v.decode()) for n, v in start["headers"] if n.lower() in _REPLAYED_HEADERS]  # type: ignore[typeddict-item]
    key, conn = unit.request_key, await unit.connection()
    assert key is not None
    row = (key.principal, key.route, key.key_sha256, key.request_sha256, start["status"], kept, key.close(body))  # type: ignore[typeddict-item]
    await execute(conn, _SQL["insert_answer"], *row)


def _problem_messages(error: ForumError) -> list[Message]:
    body = encode_problem(error)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), text.encode()) for name, text in error.headers.items()]
    return [
        {"type": "http.response.start", "status": error.status, "headers": headers},
        {"type": "http.response.body", "body": body, "more_body": False},
    ]
