"""Rows of sessions: from what editors write to what the API takes.

A row is confirmed when it says so, or when it is held with high or medium certainty; the others stay drafts, which
readers never see. An import confirms drafts, and never takes a status back that the staff gave.
"""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from forum import bodies
from forum.errors import Fault, Invalid
from forum.http import IfMatch
from forum.imports.desk import Book, Desk
from forum.imports.places import Listed, find_room
from forum.imports.texts import as_in_row, changes, given, texts
from forum.imports.times import read_schedule
from forum.imports.types import Outcome, SessionRow
from forum.programme import service
from forum.programme.types import NewSession, Session, SessionLanguages, SessionPatch

TYPES: Final = {
    "high_level_side_event": "high_level_event",
    "high_level_dialogue": "high_level_event",
    "overflow": "press",
    "off_programme": "linked_event",
    "public_event": "linked_event",
    "session": "other",
}
"""Types that a series does not know, and what each is there: an overflow room serves the press, what is held beside the
programme or for the public is linked to it, and a session of no kind is of another kind."""
ACCESS: Final = {
    "open": "open",
    "registered": "registered",
    "restricted_on_this_day": "registered",
    "booking": "booking",
    "registration": "booking",
    "invitation": "invitation",
    "invitation_only": "invitation",
    "media": "media",
    "accredited_media": "media",
}
"""Who gets in. `registration` is one for this session, on top of that for the edition. Nothing told is `open`."""
MODES: Final = {
    "in_person": "in_person",
    "online": "online",
    "hybrid": "hybrid",
    "in_person+livestream": "hybrid",
}
"""How one takes part. Nothing told is `in_person`, or `online` at an edition that is."""
_NAMES: Final = {
    "starts_at": "start",
    "ends_at": "end",
    "held_on": "date",
    "mode": "participation_mode",
    "external_id": "id",
}
"""Fields of the API that are called otherwise in rows."""


def expand(row: SessionRow) -> list[SessionRow]:
    """A row, and a child session for each item of its agenda, from its hour to that of the next.

    The children are numbered after the row's id. They have the room; the session itself has the venue only.
    """
    if not row.agenda:
        return [row]
    hours = [hour for hour, _ in row.agenda[1:]] + [row.end]
    children = [
        SessionRow(
            id=f"{row.id}/{number}",
            edition=row.edition,
            title=title,
            type=row.type,
            parent=row.id,
            date=row.date,
            start=start,
            end=end,
            timezone=row.timezone,
            venue=row.venue,
            room=row.room,
            languages=row.languages,
            participation_mode=row.participation_mode,
            access=row.access,
            status=row.status,
            certainty=row.certainty,
        )
        for number, ((start, title), end) in enumerate(zip(row.agenda, hours, strict=True), 1)
    ]
    return [msgspec.structs.replace(row, room=None), *children]


async def import_session(desk: Desk, row: SessionRow, listed: Listed) -> Outcome:
    """Make or change a session, and confirm it where it is certain; raises `Invalid` with every fault."""
    book = await desk.book(row.edition)
    present = book.sessions.get(row.id)
    fields = await _fields(desk, book, row, listed, is_new=present is None)
    try:
        session, outcome = await _upsert(desk, book, present, fields)
        if session.status == "draft" and _is_certain(row):
            session = await service.confirm_session(desk.conn, book.edition.id, session.id, desk.ledger.now)
            outcome = outcome if outcome == "created" else "updated"
    except Invalid as error:
        plain = [name for name in ("title", "abstract") if not isinstance(getattr(row, name), dict)]
        plain += ["languages"] if isinstance(row.languages, list) else []
        raise _dated(as_in_row(error, _NAMES, plain)) from error
    except (service.RoomOccupied, service.SpeakerDoubleBooked) as error:
        raise _explain(error, book, row) from error
    book.sessions[row.id] = session
    return "updated" if await _drop_agenda(desk, book, row) and outcome == "unchanged" else outcome


async def _fields(desk: Desk, book: Book, row: SessionRow, listed: Listed, *, is_new: bool) -> dict[str, Any]:
    """The session as the API takes it, without what is not known."""
    faults: list[Fault] = []
    fields: dict[str, Any] = {
        "title": texts(row.title),
        "abstract": _abstract(row),
        "type": row.type if row.type in book.types else _known(TYPES, row.type, "type", faults),
        "mode": _known(MODES, row.participation_mode, "participation_mode", faults),
        "access": _known(ACCESS, row.access, "access", faults),
        "livestream_url": row.livestream_url,
        "external_id": row.id,
        "parent": _parent(book, row, faults),
        "languages": _languages(row),
    }
    when = _schedule(desk, book, row, faults)
    if faults:
        raise Invalid(faults)
    fields["room"] = await find_room(desk, book, row, listed)
    organisers = enumerate(row.organisers or ())
    fields["organisers"] = [await desk.entity(n, "session", row.id, f"/organisers/{i}") for i, n in organisers] or None
    unsaid = {"mode": "online" if book.edition.mode == "online" else "in_person", "access": "open"} if is_new else {}
    known: dict[str, Any] = msgspec.to_builtins(unsaid | given(fields) | when)
    return {"room": None} | known if row.agenda else known


def _schedule(desk: Desk, book: Book, row: SessionRow, faults: list[Fault]) -> dict[str, Any]:
    """The three fields that say when, all or none."""
    if row.date is None:
        if row.start or row.end:
            detail = "Hours without a day tell no time: left out until the day is known."
            desk.ledger.remark("session", row.id, "/date", "hours_without_day", detail)
        return {}
    try:
        schedule = read_schedule(row, ZoneInfo(row.timezone) if row.timezone else book.zone)
    except Invalid as error:
        faults.extend(error.errors)
        return {}
    return {name: getattr(schedule, name) for name in ("starts_at", "ends_at", "held_on")}


def _known(values: Mapping[str, str], told: str | None, field: str, faults: list[Fault]) -> str | None:
    if told is None or told in values:
        return values.get(told or "")
    detail = f"There is no {field.replace('_', ' ')} {told[:60]!r}."
    faults.append(Fault(pointer=f"/{field}", code="unknown_value", detail=detail))
    return None


def _parent(book: Book, row: SessionRow, faults: list[Fault]) -> str | None:
    if row.parent is None:
        return None
    if parent := book.sessions.get(row.parent):
        return str(parent.id)
    detail = f"There is no session {row.parent}: neither here nor, without fault, in the file."
    faults.append(Fault(pointer="/parent", code="unknown_reference", detail=detail))
    return None


def _abstract(row: SessionRow) -> dict[str, str] | None:
    """The abstract; other titles under which the session was announced stand at its end, in English."""
    told = texts(row.abstract)
    if not row.alt_titles:
        return told
    also = f"Also announced as: {'; '.join(row.alt_titles)}."
    english = (told or {}).get("en")
    return (told or {}) | {"en": f"{english}\n\n{also}" if english else also}


def _languages(row: SessionRow) -> SessionLanguages | None:
    """A plain list is what is spoken."""
    return SessionLanguages(floor=row.languages) if isinstance(row.languages, list) else row.languages


def _is_certain(row: SessionRow) -> bool:
    return row.status == "confirmed" if row.status else row.certainty in ("high", "medium")


async def _upsert(desk: Desk, book: Book, present: Session | None, fields: dict[str, Any]) -> tuple[Session, Outcome]:
    if present is None:
        new = bodies.decode(msgspec.json.encode(fields), NewSession)
        return await service.create_session(desk.conn, book.edition.id, new, desk.ledger.now), "created"
    changed = changes(msgspec.to_builtins(present), fields)
    if not changed:
        return present, "unchanged"
    patch = bodies.decode(msgspec.json.encode(changed), SessionPatch)
    conn, now = desk.conn, desk.ledger.now
    return await service.update_session(conn, book.edition.id, present.id, patch, IfMatch(None), now), "updated"


async def _drop_agenda(desk: Desk, book: Book, row: SessionRow) -> bool:
    """Cancel the confirmed children that the row's agenda has no longer; whether there were any."""
    if row.agenda is None:
        return False
    wanted = {f"{row.id}/{number}" for number, _ in enumerate(row.agenda, 1)}
    dropped = [
        session
        for name, session in book.sessions.items()
        if name.startswith(f"{row.id}/") and name not in wanted and session.status == "confirmed"
    ]
    for session in dropped:
        cancelled = await service.cancel_session(desk.conn, book.edition.id, session.id, desk.ledger.now)
        book.sessions[str(session.external_id)] = cancelled
    return bool(dropped)


def _dated(error: Invalid) -> Invalid:
    """Whether a session lies within the edition is a matter of its date."""
    for index, fault in enumerate(error.errors):
        if fault.code == "outside_edition":
            error.errors[index] = Fault(pointer="/date", code=fault.code, detail=fault.detail)
    return error


def _explain(error: service.RoomOccupied | service.SpeakerDoubleBooked, book: Book, row: SessionRow) -> Invalid:
    """Which session, by its name in files, is in the way."""
    other = next((name for name, session in book.sessions.items() if session.id == error.id), str(error.id))
    if isinstance(error, service.SpeakerDoubleBooked):
        return Invalid.at("/start", error.code, f"Session {other} has one of its speakers at this time.")
    pointer = "/room" if row.room else "/venue"
    return Invalid.at(pointer, error.code, f"Session {other} has the room at this time.")
