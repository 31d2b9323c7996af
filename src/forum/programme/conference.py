"""The programme in the open format of conference applications, which began with frab and is kept by the C3VOC.

Readers such as Giggity take it as `schedule.xml`, others as `schedule.json`. It knows days, rooms and events with an
hour, and no cancelled ones: what is cancelled, and what has no hour yet, is not in it. Nobody is named in it who is not
named in the release.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import msgspec

from forum.codes import choose_language
from forum.programme.release_types import PublishedEdition, PublishedRoom, PublishedSession, ReleaseHead

SCHEMA: Final = "https://c3voc.de/schedule/schema.json"
TIMESLOT: Final = "00:05"
MAX_EMPTY_DAYS: Final = 60
_NO_ROOM: Final = {
    "ar": "خارج القاعات",
    "zh": "会议室外",
    "en": "Elsewhere",
    "fr": "Hors salle",
    "ru": "Вне залов",
    "es": "Fuera de sala",
}
_ONLINE: Final = {
    "ar": "عبر الإنترنت",
    "zh": "线上",
    "en": "Online",
    "fr": "En ligne",
    "ru": "Онлайн",
    "es": "En línea",
}
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ZONE: Final = re.compile(r"[A-Z][a-z]+/[A-Z][a-z]|.*UTC$")
"""The zones that the schema of the JSON takes: not `US/Pacific` and the like, which are then left out."""
_LARGEST: Final = 2**31 - 1
"""Some readers keep numbers in 32 bits."""


def encode_schedule_json(
    head: ReleaseHead, language: str | None, sessions: Sequence[PublishedSession], address: str
) -> bytes:
    """The release as `schedule.json`."""
    schedule = _schedule(head, language or "en", sessions, address)
    if not _ZONE.match(head.edition.timezone):
        del schedule["conference"]["time_zone_name"]
    return msgspec.json.encode({"$schema": SCHEMA, "generator": {"name": "Forum"}, "schedule": schedule})


def encode_schedule_xml(
    head: ReleaseHead, language: str | None, sessions: Sequence[PublishedSession], address: str
) -> bytes:
    """The release as `schedule.xml`: the same, in other words where the two differ."""
    schedule = _schedule(head, language or "en", sessions, address)
    conference = schedule["conference"]
    root = ElementTree.Element("schedule")
    ElementTree.SubElement(root, "generator", name="Forum")
    _add(root, "version", schedule["version"])
    told = ElementTree.SubElement(root, "conference")
    for name in ("acronym", "title", "start", "end"):
        _add(told, name, conference[name])
    _add(told, "days", str(conference["daysCount"]))
    _add(told, "timeslot_duration", conference["timeslot_duration"])
    _add(told, "base_url", schedule["base_url"])
    _add(told, "time_zone_name", conference["time_zone_name"])
    for day in conference["days"]:
        limits = {"index": str(day["index"]), "date": day["date"], "start": day["day_start"], "end": day["day_end"]}
        element = ElementTree.SubElement(root, "day", limits)
        for room, events in day["rooms"].items():
            _add_events(ElementTree.SubElement(element, "room", name=_clean(room)), events)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _add_events(room: ElementTree.Element, events: Iterable[Mapping[str, Any]]) -> None:
    for event in events:
        element = ElementTree.SubElement(room, "event", id=str(event["id"]), guid=event["guid"])
        for name in (
            "date", "start", "duration", "room", "slug", "url", "title", "subtitle", "track", "type", "language",
            "abstract", "description",
        ):  # fmt: skip
            _add(element, name, event[name] or "")
        persons = ElementTree.SubElement(element, "persons")
        for person in event["persons"]:
            _add(persons, "person", person["public_name"], id=str(person["id"]))
        ElementTree.SubElement(element, "links")


def _add(parent: ElementTree.Element, name: str, text: str, **attributes: str) -> None:
    ElementTree.SubElement(parent, name, attributes).text = _clean(text)


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _schedule(head: ReleaseHead, language: str, sessions: Sequence[PublishedSession], address: str) -> dict[str, Any]:
    edition, zone = head.edition, ZoneInfo(head.edition.timezone)
    held = [session for session in sessions if session.status == "confirmed" and session.starts_at]
    rooms = _names_of_rooms(held)
    days = _days(edition, [session.starts_at.astimezone(zone).date() for session in held if session.starts_at])
    days = days or [head.published_at.astimezone(zone).date()]  # a schedule has at least one day
    conference = {
        "acronym": _acronym(edition.slug),
        "title": edition.title[choose_language(edition.title, language)],
        "start": days[0].isoformat(),
        "end": days[-1].isoformat(),
        "daysCount": len(days),
        "timeslot_duration": TIMESLOT,
        "time_zone_name": edition.timezone,
        "url": f"{address}/v1/editions/{edition.slug}/programme",
        "rooms": [
            {"name": name, "guid": str(room.id), "description": room.venue, "capacity": room.capacity}
            for room, name in sorted(rooms.values(), key=lambda pair: pair[1])
        ],
        "tracks": [{"name": name} for name in sorted({_track(one, language) or "" for one in held} - {""})],
        "days": _with_events(days, _events(head, language, sessions, held, rooms, address), zone),
    }
    return {"version": str(head.number), "base_url": f"{address}/", "conference": conference}


def _days(edition: PublishedEdition, used: Iterable[date]) -> list[date]:
    """The days of the edition, and those outside it on which something is held."""
    days = set(used)
    if edition.starts_on and edition.ends_on:
        length = (edition.ends_on - edition.starts_on).days + 1
        days |= {edition.starts_on + timedelta(days=n) for n in range(min(length, MAX_EMPTY_DAYS))}
    return sorted(days)


def _with_events(days: Sequence[date], events: Sequence[dict[str, Any]], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Each day with its rooms, by name, and what begins in them on that day, by time."""
    made: list[dict[str, Any]] = []
    for index, day in enumerate(days, 1):
        rooms: dict[str, list[dict[str, Any]]] = {}
        for event in events:
            if event["date"].startswith(day.isoformat()):
                rooms.setdefault(event["room"], []).append(event)
        limits = [datetime.combine(day, at, zone).isoformat() for at in (time(0), time(23, 59, 59))]
        made.append(
            {
                "index": index,
                "date": day.isoformat(),
                "day_start": limits[0],
                "day_end": limits[1],
                "rooms": dict(sorted(rooms.items())),
            }
        )
    return made


def _events(
    head: ReleaseHead,
    language: str,
    sessions: Sequence[PublishedSession],
    held: Iterable[PublishedSession],
    rooms: Mapping[UUID, tuple[PublishedRoom, str]],
    address: str,
) -> list[dict[str, Any]]:
    """The events, by time. Numbers are those of all sessions: what is cancelled keeps its own."""
    zone, edition = ZoneInfo(head.edition.timezone), head.edition
    numbers = _numbers(session.id for session in sessions)
    people = _numbers({one.speaker for session in sessions for one in session.appearances})
    made = []
    for session in held:
        assert session.starts_at
        start = session.starts_at.astimezone(zone)
        named = {one.speaker: one.display_name for one in session.appearances}
        abstract = session.abstract and session.abstract[choose_language(session.abstract, language)]
        elsewhere = _ONLINE if session.mode == "online" else _NO_ROOM
        made.append(
            {
                "id": numbers[session.id],
                "guid": str(session.id),
                "date": start.isoformat(),
                "start": f"{start:%H:%M}",
                "duration": _duration(session),
                "room": rooms[session.room.id][1] if session.room else elsewhere[choose_language(elsewhere, language)],
                "slug": _slug(edition.slug, numbers[session.id]),
                "url": f"{address}/v1/editions/{edition.slug}/sessions/{session.id}/calendar.ics",
                "title": session.title[choose_language(session.title, language)],
                "subtitle": "",
                "track": _track(session, language),
                "type": session.type,
                "language": (session.languages.floor or [""])[0],
                "abstract": (abstract or "").replace("\r\n", "\n"),
                "description": "; ".join(organiser.name for organiser in session.organisers),
                "persons": [{"id": people[one], "guid": str(one), "public_name": name} for one, name in named.items()],
                "links": [],
            }
        )
    return made


def _track(session: PublishedSession, language: str) -> str | None:
    return session.track.name[choose_language(session.track.name, language)] if session.track else None


def _duration(session: PublishedSession) -> str:
    """Hours and minutes; the format has no more than two digits for hours."""
    length = (session.ends_at - session.starts_at) if session.ends_at and session.starts_at else timedelta(0)
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return f"{hours:02}:{minutes:02}" if hours < 100 else "99:59"


def _names_of_rooms(sessions: Iterable[PublishedSession]) -> dict[UUID, tuple[PublishedRoom, str]]:
    """A name for each room that no other has: those that share one are told by their venue, or at last by a number."""
    rooms = {session.room.id: session.room for session in sessions if session.room}
    shared = Counter(room.name for room in rooms.values())
    names: dict[UUID, tuple[PublishedRoom, str]] = {}
    for number, (room_id, room) in enumerate(sorted(rooms.items()), 1):
        told = f"{room.name} ({room.venue or number})" if shared[room.name] > 1 else room.name
        names[room_id] = room, told
    return names


def _numbers(ids: Iterable[UUID]) -> dict[UUID, int]:
    """A positive number for each id, which hangs on the id alone; but of two that fall together, the later moves on."""
    numbers: dict[UUID, int] = {}
    taken: set[int] = set()
    for one in sorted(ids):
        number = int.from_bytes(hashlib.sha256(one.bytes).digest()[:4]) % _LARGEST + 1
        while number in taken:
            number = number % _LARGEST + 1
        taken.add(number)
        numbers[one] = number
    return numbers


def _acronym(slug: str) -> str:
    """At least four small letters, digits and underscores: the format allows no hyphen inside."""
    return slug.lower().replace("-", "_").ljust(4, "_")


def _slug(edition: str, number: int) -> str:
    """A name that all versions of the schema take: letters, up to six digits, and what no other event has."""
    return f"{edition.replace('-', '').ljust(4, '0')}-{number % 1_000_000}-{number:08x}"
