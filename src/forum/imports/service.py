"""Imports a file inside the caller's transaction, row by row; the caller undoes a dry run.

Rows are known by their `id`: what is there is brought in line with the file, so that a second run changes nothing.
"""

from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from msgspec import Struct

from forum.db import Connection
from forum.editions import service as editions
from forum.errors import ForumError, Invalid
from forum.imports.desk import Desk, read_all
from forum.imports.editions import SeriesRow, import_edition, import_series, series_of
from forum.imports.entities import import_entity
from forum.imports.files import read_sections
from forum.imports.ledger import Ledger, Progress, Work, decode_row, name_row
from forum.imports.places import import_room, list_rooms
from forum.imports.pledges import import_pledge, name_pledges
from forum.imports.sessions import expand, import_session
from forum.imports.types import EditionRow, EntityRow, Kind, PledgeRow, Report, RoomRow, SessionRow
from forum.samples import read_sample

S = TypeVar("S", bound=Struct)
Named = list[tuple[str, S]]
"""Rows that can be read, with what each is called in the report."""
PROGRAMME_SECTIONS: Final = ("series", "editions", "entities", "rooms", "sessions")
PLEDGE_SECTIONS: Final = ("entities", "pledges")
_KINDS: Final[dict[str, Kind]] = {
    "series": "series",
    "editions": "edition",
    "entities": "entity",
    "rooms": "room",
    "sessions": "session",
    "pledges": "pledge",
}


async def import_programme(conn: Connection, data: bytes, now: datetime, report: Report, progress: Progress) -> None:
    """Import series, editions, entities, rooms and sessions; raises `UnreadableFile` before anything is written."""
    sections = read_sections(data, PROGRAMME_SECTIONS, ("about",))
    desk = Desk(Ledger(conn, now, report, progress))
    read = partial(_read, desk, sections)
    await _import_editions(desk, read("series", SeriesRow, "code"), read("editions", EditionRow, "id"))
    await import_entities(desk, read("entities", EntityRow, "name"))
    rooms, sessions = read("rooms", RoomRow, "room", "venue"), read("sessions", SessionRow, "id", "edition")
    await _import_rooms_and_sessions(desk, rooms, sessions)


async def import_pledges(conn: Connection, data: bytes, now: datetime, report: Report, progress: Progress) -> None:
    """Import entities and pledges of editions that are there; raises `UnreadableFile` before anything is written."""
    sections = read_sections(data, PLEDGE_SECTIONS, ("about", "multistakeholder_pledges", "headline_figures"))
    sections["pledges"] = name_pledges(sections.get("pledges", []))
    desk = Desk(Ledger(conn, now, report, progress))
    await import_entities(desk, _read(desk, sections, "entities", EntityRow, "name"))
    rows = _read(desk, sections, "pledges", PledgeRow, "id", "edition")
    await desk.take("pledge", [(name, partial(import_pledge, desk, row)) for name, row in rows])


async def _import_editions(desk: Desk, series: Named[SeriesRow], rows: Named[EditionRow]) -> None:
    """The series first: those of the file in full, else those of the samples where an edition needs one."""
    known = [row for _, row in series] or known_series()
    needed = {series_of(row, known) for _, row in rows}
    chosen = series or [(row.code, row) for row in known if row.code in needed]
    works = [(name, partial(import_series, desk, row, completely=bool(series))) for name, row in chosen]
    await desk.take("series", works)
    await desk.take("edition", [(name, partial(import_edition, desk, row, known)) for name, row in rows])


async def import_entities(desk: Desk, rows: Named[EntityRow]) -> None:
    """The entities of a file; from then on its other rows know what their names stand for."""
    series = await read_all(lambda paging: editions.list_series(desk.conn, paging))
    categories = {term.value for one in series for term in one.vocabularies.get("stakeholder_category", ())}
    await desk.take("entity", [(name, partial(import_entity, desk, row, categories)) for name, row in rows])


async def _import_rooms_and_sessions(desk: Desk, rooms: Named[RoomRow], sessions: Named[SessionRow]) -> None:
    """Rooms go to every edition of the sessions that is held at their venue."""
    works: list[tuple[str, Work]] = []
    for slug in dict.fromkeys(row.edition for _, row in sessions):
        venues = await _venues(desk, slug)
        works += [
            (f"{name} ({slug})", partial(import_room, desk, slug, row))
            for name, row in rooms
            if row.venue.casefold() in venues
        ]
    await desk.take("room", works)
    listed = list_rooms([row for _, row in rooms])
    items = [item for _, row in sessions for item in expand(row)]
    await desk.take("session", [(item.id, partial(import_session, desk, item, listed)) for item in items])


async def _venues(desk: Desk, slug: str) -> frozenset[str]:
    try:
        return (await desk.book(slug)).venues
    except Invalid:
        return frozenset()


def known_series() -> list[SeriesRow]:
    """The series of the samples: GRF and IMRF, with their vocabularies."""
    return [
        decode_row(raw, SeriesRow) for raw in read_sections(read_sample("series"), ("series",), ("about",))["series"]
    ]


def _read(desk: Desk, sections: dict[str, list[Any]], section: str, type_: type[S], *identity: str) -> Named[S]:
    """The rows of a section that can be read, each once; the others are refused.

    `identity` are the fields that no two rows share, the row's name first.
    """
    rows: Named[S] = []
    seen: dict[tuple[str, ...], int] = {}
    for index, raw in enumerate(sections.get(section, ())):
        name = name_row(section, index, raw, identity[0])
        try:
            row = decode_row(raw, type_)
            _refuse_twin(seen, tuple(str(getattr(row, field)).casefold() for field in identity), index, identity[0])
        except ForumError as error:
            desk.ledger.refuse(_KINDS[section], name, error)
        else:
            rows.append((name, row))
    return rows


def _refuse_twin(seen: dict[tuple[str, ...], int], key: tuple[str, ...], index: int, field: str) -> None:
    first = seen.setdefault(key, index)
    if first != index:
        raise Invalid.at(
            f"/{field}", "duplicate", f"Row {first} of this section (from 0) has it already, and is taken."
        )
