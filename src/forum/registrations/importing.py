"""Imports registrations: rows are told apart by `external_id`, new people are registered together, and in their order.

Every row is read, decided and written by itself. A row that is refused writes nothing and keeps no other out.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from forum import bodies
from forum.bulk import Handling, RowResult, RowResults, attempt, carry_out, refused
from forum.db import Connection
from forum.errors import Conflict, ExternalIdTaken, Forbidden, ForumError, Invalid, NotFound
from forum.http import IfMatch
from forum.ids import new_id
from forum.permissions import Permission, Principal
from forum.registrations import places, queries
from forum.registrations.admission import Answer, Asked, register, source_of
from forum.registrations.import_types import ImportedRegistration
from forum.registrations.places import switch_mode
from forum.registrations.service import update_registration
from forum.registrations.types import NewRegistration, RegistrationPatch, Source


class AddressDiffers(Conflict):
    """The registration with this external_id is of another address"""


async def import_registrations(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    rows: Sequence[Any],
    now: datetime,
    handling: Handling,
) -> RowResults:
    """Register or update a person for each row; what became of each. See `forum.bulk.carry_out`."""
    work = _Import(conn, principal, edition_id, now)
    return await carry_out(conn, partial(work.run, rows), handling)


class _Import:
    """The rows of one request, in the caller's transaction."""

    def __init__(self, conn: Connection, principal: Principal, edition_id: UUID, now: datetime) -> None:
        self._conn, self._principal, self._edition_id, self._now = conn, principal, edition_id, now
        self._results: dict[int, RowResult] = {}
        self._waiting: list[tuple[int, Asked]] = []
        self._seen: set[str] = set()

    async def run(self, rows: Sequence[Any]) -> RowResults:
        """Take up every row in its order; neighbours who are new and come in the same mode are registered together."""
        read = [self._read(index, raw) for index, raw in enumerate(rows)]
        await places.lock(self._conn, self._principal, self._edition_id)
        names = [row.external_id for row in read if row]
        known = {row.external_id: row.id for row in await queries.list_named(self._conn, self._edition_id, names)}
        for index, (raw, row) in enumerate(zip(rows, read, strict=True)):
            if row is None:
                continue
            if existing := known.get(row.external_id):
                await self._register_waiting()
                await self._update(index, raw, row, existing)
            elif asked := self._ask(index, row):
                if self._waiting and self._waiting[0][1].new.mode != row.mode:
                    await self._register_waiting()
                self._waiting.append((index, asked))
        await self._register_waiting()
        return RowResults([self._results[index] for index in range(len(rows))])

    def _read(self, index: int, raw: Any) -> ImportedRegistration | None:
        try:
            row = bodies.decode(msgspec.json.encode(raw), ImportedRegistration)
            for pointer, name in (("/person/email", row.person.email.lower()), ("/external_id", row.external_id)):
                if f"{pointer} {name}" in self._seen:
                    raise Invalid.at(pointer, "duplicate", "An earlier row has it.")
            self._seen |= {f"/person/email {row.person.email.lower()}", f"/external_id {row.external_id}"}
        except ForumError as error:
            self._results[index] = refused(index, error)
            return None
        return row

    def _ask(self, index: int, row: ImportedRegistration) -> Asked | None:
        try:
            source: Source = source_of(self._principal, self._edition_id, row.delegation)
            if source == "self":
                raise Forbidden("Register yourself, or name a delegation whose focal point you are.")
        except ForumError as error:
            self._results[index] = refused(index, error)
            return None
        return Asked(new_id(), self._principal, "import" if source == "registrar" else source, row, self._now)

    async def _register_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        answers = await self._register([one for _, one in waiting])
        for (index, _), answer in zip(waiting, answers, strict=True):
            if isinstance(answer, ForumError):
                self._results[index] = refused(index, answer)
            else:
                self._results[index] = RowResult(index, "created", answer.id, [])

    async def _register(self, asked: list[Asked]) -> list[Answer]:
        """Together; each alone when that fails for one of them."""
        mode = asked[0].new.mode
        answers = await attempt(self._conn, partial(register, self._conn, self._edition_id, mode, asked))
        if not isinstance(answers, ForumError):
            return answers
        if len(asked) == 1:
            return [answers]
        return [answer for one in asked for answer in await self._register([one])]

    async def _update(self, index: int, raw: Any, row: NewRegistration, existing: UUID) -> None:
        has_changed = await attempt(self._conn, partial(self._change, raw, row, existing))
        if isinstance(has_changed, ForumError):
            self._results[index] = refused(index, has_changed)
        else:
            self._results[index] = RowResult(index, "updated" if has_changed else "unchanged", existing, [])

    async def _change(self, raw: Any, row: NewRegistration, existing: UUID) -> bool:
        """Write what the row gives and what differs; whether that was anything."""
        reach = self._principal.reach(Permission.REGISTRATIONS_WRITE, self._edition_id)
        where = (self._conn, self._principal, self._edition_id, existing)
        try:
            before = await queries.find_registration(self._conn, self._edition_id, existing, reach, None)
        except NotFound:
            raise ExternalIdTaken from None
        if before.person.email.lower() != row.person.email.lower():
            raise AddressDiffers("Withdraw that one, and register this person under another external_id.")
        patch = _patch_of(raw)
        has_changed = bodies.merge(before, patch) != before
        if has_changed:
            await update_registration(*where, patch, IfMatch(None), self._now)
        if row.mode not in (before.mode, before.waits_for):
            await switch_mode(*where, row.mode, None, self._now)
            has_changed = True
        return has_changed


def _patch_of(raw: dict[str, Any]) -> RegistrationPatch:
    """What a row says of somebody who is registered: what it leaves out stays as it is."""
    given = {name: value for name, value in raw.items() if name in RegistrationPatch.__struct_fields__}
    given["person"] = {name: value for name, value in raw["person"].items() if name != "email"}
    return bodies.decode(msgspec.json.encode(given), RegistrationPatch)
