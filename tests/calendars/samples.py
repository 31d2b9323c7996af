"""Sessions to render, and a strict reader of the bytes that come out. Run as a program, it prints a feed's digest."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from forum.calendars.ical import render_event, render_feed, years_of
from forum.calendars.types import CalendarEdition, CalendarSession

REVISED = datetime(2023, 11, 1, 9, tzinfo=UTC)
NINE = datetime(2023, 12, 13, 8, tzinfo=UTC)
"""Nine o'clock in Geneva."""
ARABIC = ("الجلسة العامة الافتتاحية للمنتدى " * 20)[:300]
CHINESE = ("全体会议：难民、国家与城市" * 40)[:300]
RUSSIAN = ("Пленарное заседание; города, люди " * 20)[:300]


def id_of(name: object) -> UUID:
    """An id that is the same in every run."""
    return uuid5(NAMESPACE_URL, f"session {name}")


def edition(timezone: str = "Europe/Zurich", **changes: Any) -> CalendarEdition:
    """An edition whose title needs every kind of escaping."""
    title = {"en": 'Forum "2023", a^b; c\\d', "ar": "المنتدى العالمي للاجئين ٢٠٢٣"}
    fields: dict[str, Any] = {"title": title, "timezone": timezone, "organizer_email": "office@forum.example"}
    return CalendarEdition(**fields | {"domain": "calendar.forum.test"} | changes)


def session(name: object = 1, **changes: Any) -> CalendarSession:
    """A session of an hour."""
    fields: dict[str, Any] = {
        "session_id": id_of(name),
        "title": {"en": f"Session {name}"},
        "starts_at": NINE,
        "ends_at": NINE + timedelta(hours=1),
        "revised_at": REVISED,
        "url": "https://forum.test/v1/editions/grf-2023/sessions/x/calendar.ics",
    }
    return CalendarSession(**fields | changes)


HARD = [
    session(
        "ar", title={"ar": ARABIC}, abstract={"zh": f"{CHINESE}\n\nа\tб\\;,:\"'"}, track={"ru": "Города, люди; \\"}
    ),
    session("zh", title={"zh-Hans": CHINESE}, room='Room "K", 2; \\', venue="Palexpo", city="Genève"),
    session("ru", title={"ru": RUSSIAN}, status="cancelled", calendar_sequence=7, parent_id=id_of("ar")),
    session("emoji", title={"en": "😀" * 300}, mode="hybrid", ends_at=None),
    session("like an end", title={"en": f"{'x' * 65} END:VEVENT"}, mode="online"),
    session("day", starts_at=None, ends_at=None, held_on=date(2023, 12, 13)),
]


def feed(sessions: list[CalendarSession], of: CalendarEdition | None = None, language: str = "en") -> bytes:
    """A feed of these sessions."""
    of = of or edition()
    events = [render_event(item, of, language) for item in sessions]
    return render_feed(events, of, language, of.title["en"], years_of(sessions))


def lines_of(data: bytes) -> list[str]:
    """The content lines, unfolded; every rule of RFC 5545 section 3.1 is asserted on the way."""
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    folded = data.removesuffix(b"\r\n").split(b"\r\n")
    assert max(len(line) for line in folded) <= 75
    found: list[str] = []
    for line in folded:
        text = line.decode("utf-8")  # no character is cut in two
        assert text.strip("\t")
        if text[0] in " \t":
            found[-1] += text[1:]
        else:
            found.append(text)
    assert not [line for line in found if any(ord(character) < 32 and character != "\t" for character in line)]
    return found


def entries_of(data: bytes) -> dict[str, dict[str, list[str]]]:
    """Each VEVENT by its UID: the lines of each property."""
    found: dict[str, dict[str, list[str]]] = {}
    entry: dict[str, list[str]] = {}
    for line in lines_of(data):
        name = line.partition(":")[0].partition(";")[0]
        if line == "BEGIN:VEVENT":
            entry = {}
        elif line == "END:VEVENT":
            uid = entry["UID"][0].removeprefix("UID:")
            assert uid not in found
            found[uid] = entry
        else:
            entry.setdefault(name, []).append(line)
    return found


if __name__ == "__main__":
    print(hashlib.sha256(feed(HARD)).hexdigest())
