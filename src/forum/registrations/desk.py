"""Registers people in the order in which they come, together when many come at once.

Whoever registers somebody holds the lock on the places of that mode until the commit is on disk, so one after the other
a hot edition admits no more people than the disk flushes in a second. Here, while one transaction commits, the next
requests gather; then one transaction locks the places once and admits them all. Nobody is answered before the commit.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from forum.codes import Mode
from forum.db import ACQUIRE_TIMEOUT_SECONDS, Pool
from forum.errors import DATABASE_AWAY, DEADLOCK, Unavailable, from_exception
from forum.ids import new_id
from forum.logs import describe
from forum.permissions import Principal
from forum.registrations.admission import Asked, register, source_of
from forum.registrations.types import NewRegistration, Registration

MOST_IN_A_BATCH: Final = 128
"""So that nobody waits for long behind others, registrars who move people among them."""
log = logging.getLogger("forum")

_Line = tuple[UUID, Mode]


class _Waiting(Struct, frozen=True):
    asked: Asked
    answer: "asyncio.Future[Registration]"


class RegistrationDesk:
    """Where this process's requests to be registered queue: one line for each mode of each edition."""

    def __init__(self) -> None:
        self._lines: dict[_Line, list[_Waiting]] = {}
        self._workers: set[asyncio.Task[None]] = set()

    async def create_registration(
        self, pool: Pool, principal: Principal, edition_id: UUID, new: NewRegistration, now: datetime
    ) -> Registration:
        """Register a person, and commit it, with others who come now; raises what the service's namesake raises.

        The caller holds no connection of the pool: everybody could, and wait for one.
        """
        asked = Asked(new_id(), principal, source_of(principal, edition_id), new, now)
        waiting = _Waiting(asked, asyncio.get_running_loop().create_future())
        line = (edition_id, new.mode)
        if line in self._lines:
            self._lines[line].append(waiting)
        else:
            self._lines[line] = [waiting]
            worker = asyncio.create_task(self._serve(pool, line))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await waiting.answer

    async def _serve(self, pool: Pool, line: _Line) -> None:
        """Admit who waits, batch after batch, until nobody does. One at a time, so that the order is kept."""
        try:
            while batch := self._next_batch(line):
                await _register(pool, line, batch)
        finally:
            for one in self._lines.pop(line):
                _answer(one, Unavailable())

    def _next_batch(self, line: _Line) -> list[_Waiting]:
        """Who is next. A request that resembles one before it waits for what becomes of that one."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        names: set[str] = set()
        for one in self._lines[line]:
            if one.answer.done():  # the client is gone
                continue
            own = _names(one.asked.new)
            if len(batch) == MOST_IN_A_BATCH or names & own:
                later.append(one)
            else:
                batch.append(one)
                names |= own
        self._lines[line] = later
        return batch


def _names(new: NewRegistration) -> set[str]:
    """What only one active registration of an edition may have."""
    names = {f"email {new.person.email.lower()}"}
    return names if new.external_id is None else names | {f"external_id {new.external_id}"}


def _answer(one: _Waiting, result: Registration | BaseException) -> None:
    if one.answer.done():  # the client is gone
        return
    if isinstance(result, BaseException):
        one.answer.set_exception(result)
    else:
        one.answer.set_result(result)


async def _register(pool: Pool, line: _Line, batch: list[_Waiting]) -> Exception | None:
    """Answer everybody in a batch. One that cannot be registered must not keep others out: then each goes alone.

    When the database is away, all hear of it at once rather than one after the other; that error is returned.
    """
    edition_id, mode = line
    try:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn, conn.transaction():
            answers = await register(conn, edition_id, mode, [one.asked for one in batch])
    except Exception as error:
        is_away = _is_away(error)
        if is_away or len(batch) == 1:
            return _answer_all(batch, [error] * len(batch), error if is_away else None)
        level = logging.WARNING if from_exception(error).status >= 500 else logging.INFO
        log.log(level, "a batch of %d registrations failed, each goes alone: %s", len(batch), describe(error))
    else:
        return _answer_all(batch, answers, None)
    for number, one in enumerate(batch, 1):
        if away := await _register(pool, line, [one]):
            return _answer_all(batch[number:], [away] * (len(batch) - number), away)
    return None


def _answer_all(
    batch: Sequence[_Waiting], results: Sequence[Registration | Exception], away: Exception | None
) -> Exception | None:
    for one, result in zip(batch, results, strict=True):
        _answer(one, result)
    return away


def _is_away(error: Exception) -> bool:
    return isinstance(error, DATABASE_AWAY) and not isinstance(error, DEADLOCK)
