"""The rules of rooms: their names, and what joined rooms are made of.

Who changes what a room is made of locks all rooms of the edition first, by id, and thus waits for everybody who is
about to use one. The exclusion constraint on room_claims stands behind it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from forum.bodies import merge
from forum.db import Connection
from forum.errors import Conflict, Fault, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.programme import room_queries as queries
from forum.programme.types import NewRoom, PartFacts, Room, RoomPatch


class RoomNameTaken(Conflict, constraint="rooms_one_per_name_and_venue"):
    """Another room of this venue has that name"""


class RoomOccupied(Conflict, constraint="rooms_and_their_parts_are_not_double_booked"):
    """Another confirmed session has this room, or a part of it, at this time"""


async def create_room(conn: Connection, edition_id: UUID, new: NewRoom, now: datetime) -> Room:
    """A new room; raises `RoomNameTaken`, and `Invalid` with every part that cannot be one."""
    room_id = new_id()
    if new.parts:
        await queries.lock_rooms(conn, edition_id)
        await _check_parts(conn, edition_id, room_id, new.parts)
    return await queries.insert_room(conn, edition_id, room_id, new, now)


async def find_room(conn: Connection, edition_id: UUID, room_id: UUID) -> Room:
    """One room; raises `NotFound`."""
    return await queries.find_room(conn, edition_id, room_id)


async def list_rooms(conn: Connection, edition_id: UUID, external_id: str | None, paging: Paging) -> Page[Room]:
    """The rooms of an edition in the order in which they were made."""
    rows = await queries.list_rooms(conn, edition_id, external_id, paging.after(UUID), paging.limit + 1)
    total = await queries.count_rooms(conn, edition_id, external_id) if paging.count else None
    return paging.page(rows, lambda room: room.id, total)


async def update_room(
    conn: Connection, edition_id: UUID, room_id: UUID, patch: RoomPatch, if_match: IfMatch, now: datetime
) -> Room:
    """Change a room. Readers see its new name with the next release; what is booked there follows its capacity.

    Another name or venue is another place: the calendar entries of its sessions change with it.

    Raises `RoomOccupied` with all pairs of confirmed sessions that would be in each other's way with its new parts.
    """
    if patch.parts is not msgspec.UNSET:
        await queries.lock_rooms(conn, edition_id)
    if patch.name is not msgspec.UNSET or patch.venue is not msgspec.UNSET:
        await queries.lock_sessions_in_room(conn, edition_id, room_id)
    before = await queries.lock_room(conn, edition_id, room_id)
    if_match.require(before.version, before, patch)
    after = merge(before, patch)
    if after.parts != before.parts:
        await _check_parts(conn, edition_id, room_id, after.parts)
        if clashes := await queries.list_part_clashes(conn, edition_id, room_id, after.parts):
            detail = (
                "Confirmed sessions, those in `conflicts`, would be in one room at a time. Move or cancel them first."
            )
            raise RoomOccupied(detail, id=clashes[0].sessions[0], conflicts=clashes)
    fields = NewRoom(**{name: getattr(after, name) for name in NewRoom.__struct_fields__})
    return await queries.update_room(conn, edition_id, room_id, fields, now)


async def _check_parts(conn: Connection, edition_id: UUID, room_id: UUID, parts: Sequence[UUID]) -> None:
    facts = await queries.list_part_facts(conn, edition_id, room_id, parts)
    if faults := list(_part_faults(parts, facts)):
        raise Invalid(faults)


def _part_faults(parts: Sequence[UUID], facts: Sequence[PartFacts]) -> Iterator[Fault]:
    for index, (part, about) in enumerate(zip(parts, facts, strict=True)):
        pointer = f"/parts/{index}"
        if not about.is_known:
            yield Fault(pointer=pointer, code="unknown_reference", detail="The edition has no such room.")
        elif about.is_around:
            yield Fault(pointer=pointer, code="cyclic_parts", detail="That room is this one, or contains it.")
        elif part in parts[:index]:
            yield Fault(pointer=pointer, code="duplicate", detail="This room stands twice.")
