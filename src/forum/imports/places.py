"""Rows of rooms, and where a session says that it takes place."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from forum.http import IfMatch
from forum.imports.desk import Book, Desk
from forum.imports.texts import changes, given
from forum.imports.types import Outcome, RoomRow, SessionRow
from forum.programme import service
from forum.programme.types import NewRoom, Room, RoomPatch

Listed = Mapping[tuple[str, str], RoomRow]
"""The file's list of rooms by name and venue, without regard to case."""


def list_rooms(rows: list[RoomRow]) -> Listed:
    """The rows by what sessions call the rooms."""
    return {_key(row.room, row.venue): row for row in rows}


async def import_room(desk: Desk, slug: str, row: RoomRow) -> Outcome:
    """Make a room in an edition, or bring it in line."""
    book = await desk.book(slug)
    venue = _venue(book, row.venue)
    present = book.rooms.get(_key(row.room, venue))
    if present is None:
        await _make_room(desk, book, row.room, venue, row)
        return "created"
    known = _known(row)
    changed = changes({name: getattr(present, name) for name in known}, known)
    if not changed:
        return "unchanged"
    patch = RoomPatch(**changed)
    updated = await service.update_room(desk.conn, book.edition.id, present.id, patch, IfMatch(None), desk.ledger.now)
    book.rooms[_key(row.room, venue)] = updated
    return "updated"


async def find_room(desk: Desk, book: Book, row: SessionRow, listed: Listed) -> UUID | None:
    """The id of the room in which a session is held, or None where no room is told.

    A place that is neither the edition's venue nor online counts as one room, so that calendars lead there; it holds
    one session at a time. A room that is not in the list is made, and remarked on.
    """
    is_elsewhere = row.venue is not None and row.venue.casefold() not in book.venues and not is_online(row.venue)
    name = row.room or (row.venue if is_elsewhere else None)
    if name is None:
        return None
    venue = _venue(book, row.venue)
    if present := book.rooms.get(_key(name, venue)):
        return present.id
    about = listed.get(_key(name, row.venue))
    if row.room and about is None:
        detail = f"The list of rooms has no {row.room}: made, with nothing known of its size."
        desk.ledger.remark("session", row.id, "/room", "room_added", detail)
    return (await _make_room(desk, book, name, venue, about)).id


def is_online(venue: str | None) -> bool:
    """Whether a venue is told as "online", perhaps with words that follow."""
    return venue is not None and venue.casefold().startswith("online")


async def _make_room(desk: Desk, book: Book, name: str, venue: str | None, about: RoomRow | None) -> Room:
    new = NewRoom(name=name, venue=venue, **(_known(about) if about else {}))
    made = await service.create_room(desk.conn, book.edition.id, new, desk.ledger.now)
    book.rooms[_key(name, venue)] = made
    return made


def _known(row: RoomRow) -> dict[str, Any]:
    names = ("capacity", "wheelchair_accessible", "hearing_loop")
    return given({name: getattr(row, name) for name in names})


def _key(name: str, venue: str | None) -> tuple[str, str]:
    return name.casefold(), (venue or "").casefold()


def _venue(book: Book, told: str | None) -> str | None:
    """A venue as rooms have it: the edition's own goes by the edition's name for it."""
    if told is None or told.casefold() in book.venues:
        return book.edition.venue
    return told
