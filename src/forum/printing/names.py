"""People, countries and days, as they are written in a language."""

import unicodedata
from datetime import date
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval

from forum.printing.fonts import REPLACEMENT, printable
from forum.printing.lines import isolate, reads_right_to_left


def full_name(given_name: str | None, family_name: str) -> tuple[str, bool]:
    """Both names, each in its own direction, and whether the first one stands on the right.

    In Chinese, Japanese and Korean script the family name comes first, and nothing stands between.
    """
    parts = [part for part in (given_name, family_name) if part]
    if len(parts) > 1 and all(map(_is_east_asian, parts)):
        return "".join(reversed(parts)), False
    return " ".join(map(isolate, parts)), reads_right_to_left(" ".join(parts))


def _is_east_asian(name: str) -> bool:
    return all(unicodedata.east_asian_width(character) in "WF" for character in name)


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        primary = language.partition("-")[0]
        return Locale.parse("en") if primary == language else _locale(primary)


def country_name(country: str | None, language: str) -> str:
    """A country (ISO 3166-1 alpha-2) as a language calls it; in English where that cannot be printed."""
    if country is None:
        return ""
    name = _locale(language).territories.get(country) or country
    return name if REPLACEMENT not in printable(name) else Locale.parse("en").territories.get(country, country)


def day(on: date, language: str) -> str:
    """A day, with its month as a word."""
    return str(format_date(on, "long", _locale(language)))


def date_range(starts_on: date, ends_on: date, language: str) -> str:
    """From one day to another."""
    if starts_on == ends_on:
        return day(starts_on, language)
    return str(format_interval(starts_on, ends_on, "yMMMMd", locale=_locale(language)))
