"""Rows of series and editions."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, field

from forum import bodies
from forum.codes import Slug
from forum.editions import service
from forum.editions.types import Edition, EditionPatch, NewEdition, NewSeries
from forum.errors import Invalid, NotFound
from forum.http import IfMatch
from forum.imports.desk import OPERATOR, Desk
from forum.imports.places import is_online
from forum.imports.texts import as_in_row, changes, given, texts
from forum.imports.types import EditionRow, Outcome
from forum.revisions import service as revisions
from forum.revisions.types import HeldEdition, NewRevision

_ANY = IfMatch(None)
_NAMES = {
    "slug": "id",
    "title": "name",
    "starts_on": "start",
    "ends_on": "end",
}
"""Fields of the API that are called otherwise in rows."""
_PROMISED: Final = frozenset({"starts_on", "ends_on", "mode"})
_HELD: Final = frozenset(HeldEdition.__struct_fields__)
_REASON: Final = {"en": "The organizers changed the plan of the edition."}
_MOVES: Final[dict[str, service.Move]] = {
    "announced": "announce",
    "open": "open",
    "closed": "close",
    "live": "start",
    "ended": "end",
}
"""The statuses that come after `draft`, in their order, each with the move that leads there."""


class SeriesRow(NewSeries, forbid_unknown_fields=True, kw_only=True):
    """A series; `editions` are the first words of the slugs of its editions."""

    editions: Annotated[list[Slug], Meta(max_length=20)] = field(default_factory=list)


async def import_series(desk: Desk, row: SeriesRow, *, completely: bool) -> Outcome:
    """Make a series, or `completely`: bring title and labels in line, and add the values that it lacks."""
    new = NewSeries(code=row.code, title=row.title, vocabularies=row.vocabularies)
    try:
        present = await service.find_series(desk.conn, row.code)
    except NotFound:
        await service.create_series(desk.conn, new)
        return "created"
    if not completely:
        return "unchanged"
    revised = await service.revise_series(desk.conn, new)
    return "unchanged" if revised == present else "updated"


async def import_edition(desk: Desk, row: EditionRow, series: list[SeriesRow]) -> Outcome:
    """Make or change an edition, and move it on; raises `Invalid` with every fault."""
    if row.linked_events_from and row.start and row.linked_events_from > row.start:
        raise Invalid.at("/linked_events_from", "rule_broken", "Linked events begin before the edition, or with it.")
    fields = _fields(row, series)
    try:
        edition, outcome = await _upsert(desk, fields)
    except Invalid as error:
        raise as_in_row(error, _NAMES, {"name"} if isinstance(row.name, str) else ()) from error
    moved = await _move(desk, edition, row)
    if row.previously_announced:
        detail = "The dates of today are kept; those before stay in the file."
        desk.ledger.remark("edition", row.id, "/previously_announced", "not_kept", detail)
    desk.forget()
    return "updated" if moved and outcome == "unchanged" else outcome


def _fields(row: EditionRow, series: list[SeriesRow]) -> dict[str, object]:
    """The edition as the API takes it.

    A venue that ends with the city loses it; one that begins with "online" is none, and the edition is online. Where
    nothing else is told, a new edition is hybrid, and in English.
    """
    online = is_online(row.venue)
    venue = None if online else row.venue
    if venue and row.city:
        venue = venue.removesuffix(f", {row.city}")
    fields = {
        "slug": row.id,
        "series": series_of(row, series),
        "title": texts(row.name),
        "starts_on": row.start,
        "ends_on": row.end,
        "timezone": row.timezone,
        "venue": venue,
        "city": row.city,
        "country": row.country,
        "mode": row.mode or ("online" if online else None),
        "languages": row.languages,
        "in_person_capacity": row.in_person_capacity,
        "online_capacity": row.online_capacity,
        "organizer_email": row.organizer_email,
    }
    builtins: dict[str, object] = msgspec.to_builtins(given(fields))
    return builtins


def series_of(row: EditionRow, series: list[SeriesRow]) -> str:
    """The series that an edition names, else the one that claims the first word of its slug, else that word."""
    first = row.id.partition("-")[0]
    return row.series or next((one.code for one in series if first in one.editions), first)


async def _upsert(desk: Desk, fields: dict[str, object]) -> tuple[Edition, Outcome]:
    slug = str(fields["slug"])
    try:
        edition_id = await service.find_id(desk.conn, slug)
    except NotFound:
        unsaid = {"mode": "hybrid", "languages": ["en"], "organizer_email": f"secretariat@{slug}.example"}
        new = bodies.decode(msgspec.json.encode(unsaid | fields), NewEdition)
        return await service.create_edition(desk.conn, new, desk.ledger.now), "created"
    present = await service.find_edition(desk.conn, OPERATOR, edition_id)
    if present.series != fields["series"]:
        raise Invalid.at("/series", "rule_broken", f"The edition is of the series {present.series}, and stays there.")
    del fields["slug"], fields["series"]
    changed = changes(msgspec.to_builtins(present), fields)
    if not changed:
        return present, "unchanged"
    if present.status != "draft" and changed.keys() & _PROMISED:
        await _revise(desk, edition_id, {name: changed.pop(name) for name in _HELD & changed.keys()})
    patch = bodies.decode(msgspec.json.encode(changed), EditionPatch)
    return await service.update_edition(desk.conn, edition_id, patch, _ANY, desk.ledger.now), "updated"


async def _revise(desk: Desk, edition_id: UUID, changed: dict[str, object]) -> None:
    """Move an edition that is announced, and tell everybody; its sessions come with times of their own."""
    told = changed | {"reason": _REASON, "sessions": "keep"}
    revision = bodies.decode(msgspec.json.encode(told), NewRevision)
    await revisions.revise_edition(desk.conn, OPERATOR, edition_id, revision, False, desk.ledger.now)


async def _move(desk: Desk, edition: Edition, row: EditionRow) -> bool:
    """Announce an edition that has dates, or move it on to the status that the row tells; never back."""
    order = ["draft", *_MOVES]
    wanted = row.status or ("announced" if edition.starts_on else "draft")
    if edition.status not in order or order.index(edition.status) >= order.index(wanted):
        return False
    for status in order[order.index(edition.status) + 1 : order.index(wanted) + 1]:
        await service.move_edition(desk.conn, edition.id, _MOVES[status])
    return True
