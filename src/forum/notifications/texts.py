"""The words of mails in six languages, and times as people of a language write them."""

from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_date, format_time
from babel.units import format_unit

RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


@cache
def _texts() -> dict[str, dict[str, str]]:
    data = files("forum.notifications").joinpath("texts.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, dict[str, str]])


def known_language(language: str) -> str:
    """The nearest language that mails are written in; English when there is none."""
    primary = language.partition("-")[0].lower()
    return primary if primary in _texts() else "en"


def phrase(language: str, key: str, **parts: str) -> str:
    """A phrase in a language, each part isolated so that mixed directions cannot reorder it (UAX 9)."""
    isolated = {name: f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}" for name, text in parts.items()}
    return _texts()[known_language(language)][key].format(**(isolated if direction(language) == "rtl" else parts))


def knows(key: str) -> bool:
    """Whether there is such a phrase."""
    return key in _texts()["en"]


def direction(language: str) -> str:
    """`rtl` or `ltr`, for HTML."""
    return "rtl" if known_language(language) in RIGHT_TO_LEFT else "ltr"


def moment(language: str, starts_at: datetime, ends_at: datetime | None, timezone: str) -> str:
    """From when to when, by the clocks of a zone."""
    locale, zone = _locale(language), ZoneInfo(timezone)
    start = starts_at.astimezone(zone)
    text = f"{format_date(start.date(), 'full', locale)}, {format_time(start, 'short', zone, locale)}"
    if ends_at:
        end = ends_at.astimezone(zone)
        later = f"{format_date(end.date(), 'full', locale)}, " if end.date() != start.date() else ""
        text += f" – {later}{format_time(end, 'short', zone, locale)}"
    return f"{text} ({timezone})"


def day(language: str, on: date) -> str:
    """A day."""
    return format_date(on, "full", _locale(language))


def duration(language: str, seconds: int) -> str:
    """How long something takes: in minutes where they are whole, else in seconds."""
    unit, count = ("second", seconds) if seconds % 60 else ("minute", seconds // 60)
    return format_unit(count, f"duration-{unit}", "long", locale=_locale(language))


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(known_language(language))
