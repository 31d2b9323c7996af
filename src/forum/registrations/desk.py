"""Registers people in the order in which they come, together when many come at once.

Whoever registers somebody holds the lock on the places of that mode until the commit is on disk, so one after the other
a hot edition admits no more people than the disk flushes in a second. Here, while one transaction commits, the next
requests gather; then one transaction locks the places once and admits them all. Nobody is answered before the commit.
"""

import asyncio
import logging
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
from forum.registrations.batches import Answer, Asked, register_together
from forum.registrations.service import create_registration, source_of
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
        asked = Asked(new_id(), principal, source_of(principal, edition_id, new.delegation), new, now)
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


async def _register(pool: Pool, line: _Line, batch: list[_Waiting]) -> None:
    """Answer everybody in a batch. One that cannot be registered must not keep others out: then each goes alone."""
    if len(batch) > 1:
        try:
            answers = await _register_together(pool, line, [one.asked for one in batch])
        except Exception as error:
            if _is_away(error):
                for one in batch:
                    _answer(one, error)
                return
            level = logging.WARNING if from_exception(error).status >= 500 else logging.INFO
            log.log(level, "a batch of %d registrations failed, each goes alone: %s", len(batch), describe(error))
        else:
            for one, result in zip(batch, answers, strict=True):
                _answer(one, result)
            return
    await _register_one_by_one(pool, line, batch)


async def _register_together(pool: Pool, line: _Line, asked: list[Asked]) -> list[Answer]:
    edition_id, mode = line
    async with pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn, conn.transaction():
        return await register_together(conn, edition_id, mode, asked)


async def _register_one_by_one(pool: Pool, line: _Line, batch: list[_Waiting]) -> None:
    """In order. When the database goes away, all who are left hear of it at once rather than one after the other."""
    away: Exception | None = None
    for one in batch:
        try:
            _answer(one, away or await _register_alone(pool, line[0], one.asked))
        except Exception as error:
            _answer(one, error)
            away = error if _is_away(error) else None


async def _register_alone(pool: Pool, edition_id: UUID, asked: Asked) -> Registration:
    async with pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn, conn.transaction():
        return await create_registration(conn, asked.principal, edition_id, asked.new, asked.now)


def _is_away(error: Exception) -> bool:
    return isinstance(error, DATABASE_AWAY) and not isinstance(error, DEADLOCK)
