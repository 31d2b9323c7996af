"""Registers people in the order in which they come, together when many come at once.

Whoever registers somebody holds the lock on the places of that mode until the commit is on disk, so one after the other
a hot edition admits no more people than the disk flushes in a second. Here, whoever comes waits in line for a clerk: a
transaction that asks for the lock and, once it has it, admits all who wait by then. Meanwhile the next clerk queues for
the lock, inside the database, where it has it in the moment of that commit. Nobody is answered before their commit.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct, structs

from forum.codes import Mode
from forum.db import ACQUIRE_TIMEOUT_SECONDS, Connection, Pool
from forum.errors import DATABASE_AWAY, DEADLOCK, Unavailable, from_exception
from forum.ids import new_id
from forum.logs import describe
from forum.permissions import Principal
from forum.registrations.admission import Answer, Asked, await_turn, register, source_of
from forum.registrations.types import NewRegistration, Registration

MOST_IN_A_BATCH: Final = 128
"""So that nobody waits for long behind others, registrars who move people among them."""
log = logging.getLogger("forum")


class _Waiting(Struct, frozen=True):
    asked: Asked
    answer: "asyncio.Future[Registration]"
    goes_alone: bool = False
    """For who was in a batch that failed."""


class _Line:
    """Who waits to be registered for one mode of an edition, in their order."""

    def __init__(self, edition_id: UUID, mode: Mode) -> None:
        self.edition_id, self.mode = edition_id, mode
        self.waiting: list[_Waiting] = []
        self.clerks = 0
        self.is_awaited = False
        """Whether a clerk is on the way to the lock."""

    def take_batch(self) -> list[_Waiting]:
        """Who is next. A request that resembles one before it waits for what becomes of that one."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        names: set[str] = set()
        for one in self.waiting:
            if one.answer.done():  # the client is gone
                continue
            own = _names(one.asked.new)
            if len(batch) == MOST_IN_A_BATCH or names & own or (batch and batch[0].goes_alone):
                later.append(one)
            else:
                batch.append(one)
                names |= own
        self.waiting = later
        return batch

    def set_aside(self, batch: list[_Waiting], error: Exception) -> None:
        """A batch has failed: one that cannot be registered must not keep others out, so each is tried alone, at once.

        When the database is away, all hear of it together rather than one after the other.
        """
        if len(batch) > 1 and not _is_away(error):
            level = logging.WARNING if from_exception(error).status >= 500 else logging.INFO
            log.log(level, "a batch of %d registrations failed, each goes alone: %s", len(batch), describe(error))
            self.waiting[:0] = [structs.replace(one, goes_alone=True) for one in batch]
        else:
            _answer_all(batch, [error] * len(batch))
        batch.clear()

    def send_away(self, error: Exception) -> None:
        """Answer everybody who waits."""
        waiting, self.waiting = self.waiting, []
        _answer_all(waiting, [error] * len(waiting))


class RegistrationDesk:
    """Where this process's requests to be registered queue: one line for each mode of each edition."""

    def __init__(self) -> None:
        self._lines: dict[tuple[UUID, Mode], _Line] = {}
        self._clerks: set[asyncio.Task[None]] = set()

    async def create_registration(
        self, pool: Pool, principal: Principal, edition_id: UUID, new: NewRegistration, now: datetime
    ) -> Registration:
        """Register a person, and commit it, with others who come now; raises what the service's namesake raises.

        The caller holds no connection of the pool: everybody could, and wait for one.
        """
        asked = Asked(new_id(), principal, source_of(principal, edition_id, new.delegation), new, now)
        one = _Waiting(asked, asyncio.get_running_loop().create_future())
        key = (edition_id, new.mode)
        line = self._lines.get(key) or self._lines.setdefault(key, _Line(*key))
        line.waiting.append(one)
        self._call_clerk(pool, line)
        return await one.answer

    def _call_clerk(self, pool: Pool, line: _Line) -> None:
        """While somebody waits, one clerk is on the way to the lock; never two, so that the order is kept."""
        if line.waiting and not line.is_awaited:
            line.is_awaited = True
            line.clerks += 1
            clerk = asyncio.create_task(self._serve(pool, line))
            self._clerks.add(clerk)
            clerk.add_done_callback(self._clerks.discard)

    async def _serve(self, pool: Pool, line: _Line) -> None:
        """Admit who waits once the lock is had, and call the next clerk for who comes after that."""
        batch: list[_Waiting] | None = None
        try:
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as conn, conn.transaction():
                await await_turn(conn, line.edition_id, line.mode)
                batch, line.is_awaited = line.take_batch(), False
                self._call_clerk(pool, line)
                answers = await _admit(conn, line, batch)
            _answer_all(batch, answers)
        except Exception as error:
            if batch is None:
                line.send_away(error)  # what keeps this clerk from the lock keeps them all
            else:
                line.set_aside(batch, error)
        finally:
            self._leave(pool, line, batch)

    def _leave(self, pool: Pool, line: _Line, batch: list[_Waiting] | None) -> None:
        """Nobody is left without an answer, or a clerk to come."""
        _answer_all(batch or (), [Unavailable()] * len(batch or ()))
        line.clerks -= 1
        if batch is None:
            line.is_awaited = False
        self._call_clerk(pool, line)
        if not line.clerks:
            del self._lines[line.edition_id, line.mode]


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


async def _admit(conn: Connection, line: _Line, batch: list[_Waiting]) -> Sequence[Answer]:
    try:
        return await register(conn, line.edition_id, line.mode, [one.asked for one in batch]) if batch else ()
    except Exception as error:
        line.set_aside(batch, error)  # before the rollback, with which the next clerk has the lock
        raise


def _answer_all(batch: Sequence[_Waiting], results: Sequence[Answer | Exception]) -> None:
    for one, result in zip(batch, results, strict=True):
        _answer(one, result)


def _is_away(error: Exception) -> bool:
    return isinstance(error, DATABASE_AWAY) and not isinstance(error, DEADLOCK)
