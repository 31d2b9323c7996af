"""The words of mails in six languages, and times as people of a language write them.

The words are gettext catalogues, read as they stand (`locales/*/LC_MESSAGES/forum.po`): nothing is compiled that could
fall behind. A message's id is its key, so that no language is only a translation of another.
"""

import io
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_timezone_gmt
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from babel.units import format_unit

from forum.codes import choose_language

LANGUAGES: Final = ("ar", "en", "es", "fr", "ru", "zh")
RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})
PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 1440}


@cache
def _catalogue(language: str) -> Translations:
    path = files("forum.notifications").joinpath("locales", language, "LC_MESSAGES", "forum.po")
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language, domain="forum"))
    compiled.seek(0)
    return Translations(compiled, domain="forum")


@cache
def placeholders() -> Mapping[str, frozenset[str]]:
    """Every key of the catalogues, with the parts that it takes."""
    found: dict[str, frozenset[str]] = {}
    with files("forum.notifications").joinpath("locales", "en", "LC_MESSAGES", "forum.po").open("rb") as file:
        for message in read_po(file, locale="en"):
            if message.id:
                texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
                key = message.id if isinstance(message.id, str) else message.id[0]
                found[key] = frozenset(PLACEHOLDER.findall(" ".join(texts)))
    return found


class Wording:
    """The words in which mails are written: those of the catalogues, but where an edition has words of its own."""

    def __init__(self, own: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._own = own or {}
        self.key = tuple((key, tuple(sorted(self._own[key].items()))) for key in sorted(self._own))
        """Equal for equal words: by this, what was rendered with them is kept."""

    def phrase(self, language: str, key: str, **parts: str) -> str:
        """A phrase in a language, each part isolated so that mixed directions cannot reorder it (UAX 9)."""
        known = known_language(language)
        return _filled(known, self._own.get(key, {}).get(known) or _standard(known, key), parts)

    def counted(self, language: str, key: str, count: int) -> str:
        """A phrase that tells a number, in the form that the language has for it."""
        known = known_language(language)
        text = self._own.get(key, {}).get(known) or _catalogue(known).ngettext(key, key, count)
        return _filled(known, text, {"count": str(count)})

    def note(self, language: str, kind: str, edition: str) -> list[tuple[str, str]]:
        """What an edition adds to its mails of a kind, as lines: none, or one; in another language when it must."""
        if not (texts := self._own.get(f"note_{kind}")):
            return []
        known = known_language(language)
        return [("", _filled(known, texts[choose_language(texts, known)], {"edition": edition}))]


STANDARD: Final = Wording()
"""The words of the catalogues alone."""
phrase: Final = STANDARD.phrase


def standard(language: str, key: str) -> str:
    """The text of a catalogue as it stands there; of one that tells a number, the form for many."""
    known = known_language(language)
    if (text := _catalogue(known).gettext(key)) != key:
        return text
    return _catalogue(known).ngettext(key, key, 100)


def _standard(language: str, key: str) -> str:
    if key not in placeholders():
        raise KeyError(key)
    return _catalogue(language).gettext(key)


def _filled(language: str, text: str, parts: Mapping[str, str]) -> str:
    """The text with its parts put in, each once: what stands in a part is never looked at."""
    if language in RIGHT_TO_LEFT:
        parts = {name: f"{_FIRST_STRONG_ISOLATE}{part}{_POP_ISOLATE}" for name, part in parts.items()}
    return PLACEHOLDER.sub(lambda found: parts[found[1]], text)


def known_language(language: str) -> str:
    """The nearest language that mails are written in; English when there is none."""
    primary = language.partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


def knows(key: str) -> bool:
    """Whether there is such a phrase."""
    return key in placeholders()


def direction(language: str) -> Literal["ltr", "rtl"]:
    """`rtl` or `ltr`, for HTML."""
    return "rtl" if known_language(language) in RIGHT_TO_LEFT else "ltr"


def moment(language: str, starts_at: datetime, ends_at: datetime | None, timezone: str) -> str:
    """From when to when, by the clocks of a zone; a time that they show twice is told with its offset."""
    locale, zone = _locale(language), ZoneInfo(timezone)
    start = starts_at.astimezone(zone)
    text = f"{format_date(start.date(), 'full', locale)}, {_hour(start, locale)}"
    if ends_at:
        end = ends_at.astimezone(zone)
        later = f"{format_date(end.date(), 'full', locale)}, " if end.date() != start.date() else ""
        text += f" – {later}{_hour(end, locale)}"
    return f"{text} ({timezone})"


def _hour(at: datetime, locale: Locale) -> str:
    text = format_time(at, "short", at.tzinfo, locale)
    is_shown_twice = at.replace(fold=0).utcoffset() > at.replace(fold=1).utcoffset()  # type: ignore[operator]
    return f"{text} {get_timezone_gmt(at, locale=locale)}" if is_shown_twice else text


def day(language: str, on: date) -> str:
    """A day."""
    return format_date(on, "full", _locale(language))


def duration(language: str, seconds: int) -> str:
    """How long something takes: in minutes where they are whole, else in seconds."""
    unit, count = ("second", seconds) if seconds % 60 else ("minute", seconds // 60)
    return format_unit(count, f"duration-{unit}", "long", locale=_locale(language))


def in_future(language: str, minutes: int) -> str:
    """In how long something is: exactly up to two hours, then in whole hours, then in whole days."""
    unit = "day" if minutes >= 2880 or minutes == 1440 else "hour" if minutes > 120 or minutes % 60 == 0 else "minute"
    count = max(1, round(minutes / _MINUTES[unit]))
    ahead = timedelta(minutes=count * _MINUTES[unit])
    return format_timedelta(ahead, add_direction=True, locale=_locale(language), threshold=count)


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(known_language(language))
