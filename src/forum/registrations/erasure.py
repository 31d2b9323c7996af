"""Erases registrations: what tells whose they were goes, and what figures are made of stays, under nobody's name."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import NotFound
from forum.ids import new_id
from forum.permissions import Principal
from forum.registrations import erasure_queries as queries
from forum.registrations.erasure_types import Erasable, KeptRows
from forum.registrations.places import ACTIVE, move_registration


class ErasedRegistration(Struct, frozen=True):
    """What was done: whose it was, how many rows were emptied or deleted, and which stay on what basis."""

    person_id: UUID
    removed: dict[str, int]
    kept: dict[str, KeptRows]


async def list_erasable(conn: Connection, person_id: UUID) -> list[tuple[UUID, UUID]]:
    """The edition and id of each registration of a person that is not erased."""
    return [(row.edition_id, row.id) for row in await queries.list_erasable(conn, person_id)]


async def erase_registration(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, now: datetime
) -> ErasedRegistration:
    """Erase a registration in whatever state; raises `WrongStatus` when it is already and `NotFound`.

    An active one is withdrawn first, by the rule for that: its place goes to the next in line in this transaction, and
    its badge is revoked. The caller has seen to it that the principal may. From then on it belongs to a person of its
    own whom nothing leads to.
    """
    if await queries.find_status(conn, edition_id, registration_id) in ACTIVE:
        await move_registration(conn, principal, edition_id, registration_id, "withdraw", None, now)
    locked = await _lock(conn, principal, edition_id, registration_id)
    deleted = await queries.delete_personal_rows(conn, edition_id, registration_id)
    nobody = new_id()
    await queries.insert_nobody(conn, nobody, now)
    row = (edition_id, registration_id, nobody, now, locked.person_id)
    emptied = await queries.erase_registration(conn, *row)
    kept = await queries.count_kept_rows(conn, edition_id, registration_id)
    removed = {"registrations": emptied.registrations, "registration_transitions": emptied.registration_transitions}
    return ErasedRegistration(locked.person_id, removed | deleted, kept)


async def _lock(conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID) -> Erasable:
    locked = await queries.lock_erasable(conn, edition_id, registration_id, str(principal.token_id))
    if locked is None:
        raise NotFound
    if locked.status == "erased":
        raise WrongStatus("It is erased already.")
    return locked


async def forget_objections(conn: Connection, person_id: UUID) -> None:
    """Forget what a person who was erased had objected to: it was tied to an address that is not known any more."""
    await queries.delete_objections(conn, person_id)


async def is_person_needed(conn: Connection, person_id: UUID) -> bool:
    """Whether anything but tokens and objections still refers to a person."""
    return await queries.is_person_needed(conn, person_id)
