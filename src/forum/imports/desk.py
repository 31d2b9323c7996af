"""What an import knows while it goes on: the editions with what is in them, and the entities by name."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from forum.db import Connection
from forum.editions import service as editions
from forum.editions.types import Edition
from forum.entities import service as entities
from forum.errors import Invalid, NotFound
from forum.imports.ledger import Ledger, Work
from forum.imports.types import Kind
from forum.pagination import Page, Paging
from forum.permissions import Grant, Principal
from forum.programme import service as programme
from forum.programme.types import Room, Session, SessionFilter

T = TypeVar("T")
OPERATOR: Final = Principal(UUID(int=0), "person", None, None, None, [], [Grant("admin", None, None)])
"""Whoever has the files and the database: sees drafts too."""


class Book(Struct):
    """An edition, with its rooms and sessions as they are now."""

    edition: Edition
    types: frozenset[str]
    rooms: dict[tuple[str, str], Room]
    """By name and venue, without regard to case."""
    sessions: dict[str, Session]
    """By external_id."""

    @property
    def zone(self) -> ZoneInfo:
        """The edition's time zone."""
        return ZoneInfo(self.edition.timezone)

    @property
    def venues(self) -> frozenset[str]:
        """The names that the edition's own venue goes by, in small letters."""
        if not self.edition.venue:
            return frozenset()
        names = {self.edition.venue, f"{self.edition.venue}, {self.edition.city}"}
        return frozenset(name.casefold() for name in names)


class Desk:
    """Finds what rows refer to. What was read is forgotten when a row is undone."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._books: dict[str, Book] = {}
        self._entities: dict[str, UUID] = {}

    @property
    def conn(self) -> Connection:
        """The import's connection."""
        return self.ledger.conn

    def forget(self) -> None:
        """Read everything again."""
        self._books.clear()
        self._entities.clear()

    async def take(self, kind: Kind, rows: Sequence[tuple[str, Work]]) -> None:
        """`Ledger.take`, with an empty memory after each row that failed."""
        await self.ledger.take(kind, [(name, self._careful(work)) for name, work in rows])

    async def book(self, slug: str) -> Book:
        """An edition named in a row; raises `Invalid` where there is none."""
        if slug not in self._books:
            try:
                edition_id = await editions.find_id(self.conn, slug)
            except NotFound:
                detail = f"There is no edition {slug[:60]}: neither here nor, without fault, in the file."
                raise Invalid.at("/edition", "unknown_reference", detail) from None
            self._books[slug] = await self._open(edition_id)
        return self._books[slug]

    async def entity(self, name: str, kind: Kind, row: str, field: str) -> UUID:
        """The id of an entity, by its name. One that nobody knows is made, in the category `other`, and remarked on."""
        key = name.casefold()
        if key in self._entities:
            return self._entities[key]
        if known := await entities.find_named(self.conn, name):
            found = known.id
        else:
            self.ledger.remark(kind, row, field, "entity_added", f"Nobody says what {name} is: made as `other`.")
            found = await entities.ensure_entity(self.conn, name, "other", None, self.ledger.now)
        self._entities[key] = found
        return found

    async def _open(self, edition_id: UUID) -> Book:
        edition = await editions.find_edition(self.conn, OPERATOR, edition_id)
        rooms = await read_all(lambda paging: programme.list_rooms(self.conn, edition_id, None, paging))
        sessions = await read_all(
            lambda paging: programme.list_sessions(self.conn, edition_id, SessionFilter(), paging),
        )
        return Book(
            edition,
            await editions.list_terms(self.conn, edition_id, "session_type"),
            {(room.name.casefold(), (room.venue or "").casefold()): room for room in rooms},
            {session.external_id: session for session in sessions if session.external_id},
        )

    def _careful(self, work: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
        async def careful() -> T:
            try:
                return await work()
            except BaseException:
                self.forget()
                raise

        return careful


async def read_all(read: Callable[[Paging], Awaitable[Page[T]]]) -> list[T]:
    """Every item of a list, page after page."""
    items: list[T] = []
    paging = Paging(limit=200)
    while True:
        page = await read(paging)
        items.extend(page.items)
        if page.next_cursor is None:
            return items
        paging = Paging(limit=200, cursor=page.next_cursor)
