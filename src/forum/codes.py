"""The field types that several slices share: codes of public standards, and text for people.

Each is a plain type with constraints; what a pattern cannot say is a check in `Meta(extra={"check": ...})`,
which `forum.bodies` runs. A check answers None, or a code and words for the fault.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import available_timezones

import email_validator
import langcodes
import pycountry
from msgspec import Meta, Struct

Complaint = tuple[str, str] | None
Check = Callable[[Any], Complaint]

_PLAIN_LOCAL_PART = re.compile(r"[a-zA-Z0-9_!#$%&'*+/=?^`{|}~-]+(?:\.[a-zA-Z0-9_!#$%&'*+/=?^`{|}~-]+)*")
_BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _line(text: str) -> Complaint:
    """One line of text for people: no control characters, not blank."""
    if text.isprintable():  # nothing of what follows is; most text ends here
        return None if text.strip() else ("blank", "It must not be blank.")
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        return "control_character", "Control characters and line breaks are not allowed here."
    if _BIDI_OVERRIDES.intersection(text):
        return "control_character", "Characters that override the direction of text are not allowed."
    return None if text.strip() else ("blank", "It must not be blank.")


def _prose(text: str) -> Complaint:
    """Text for people with line breaks and tabs."""
    return _line(text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


@cache
def _country(code: str) -> Complaint:
    known = pycountry.countries.get(alpha_2=code)
    return None if known else ("unknown_country", f"{code} is no country code of ISO 3166-1 (alpha-2).")


@cache
def _currency(code: str) -> Complaint:
    known = pycountry.currencies.get(alpha_3=code)
    return None if known else ("unknown_currency", f"{code} is no currency code of ISO 4217.")


@cache
def _language(tag: str) -> Complaint:
    return None if langcodes.tag_is_valid(tag) else ("unknown_language", "It is no language tag of BCP 47.")


@cache
def _zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def _timezone(name: str) -> Complaint:
    if name in _zones():
        return None
    return (
        "unknown_timezone",
        "Name an IANA zone such as Europe/Zurich; abbreviations such as CET are refused.",
    )


def _email(address: str) -> Complaint:
    """An address; of most only the domain needs more than a look, and many people share one."""
    local_part, _, domain = address.rpartition("@")
    if address.isascii() and len(local_part) <= 64 and _PLAIN_LOCAL_PART.fullmatch(local_part):
        return _mail_domain(domain)
    return _mailbox(address)


@lru_cache(maxsize=4096)
def _mail_domain(domain: str) -> Complaint:
    return _mailbox(f"a@{domain}")


def _mailbox(address: str) -> Complaint:
    try:
        email_validator.validate_email(address, check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as error:
        return "bad_email", str(error)
    return None


def _url(url: str) -> Complaint:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
    except ValueError:
        usable = False
    return None if usable and _line(url) is None else ("bad_url", "Give an http or https address.")


def _near(moment: date) -> Complaint:
    """A time that every zone and every calendar can show."""
    return None if 1900 <= moment.year <= 2200 else ("out_of_range", "Give a time between the years 1900 and 2200.")


def as_uuid(text: str) -> UUID | None:
    """The id that a text is, in the one spelling that we answer (RFC 9562 section 4); None for any other text."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def _slug(slug: str) -> Complaint:
    """A slug stands where an id can stand: one that reads like an id could take the place of something else."""
    return ("reads_like_an_id", "Choose a slug that is no UUID.") if as_uuid(slug) else None


Line = Annotated[str, Meta(min_length=1, max_length=300, extra={"check": _line})]
Sentence = Annotated[str, Meta(min_length=1, max_length=1000, extra={"check": _line})]
"""One line that says something, such as a paragraph of a mail."""
Prose = Annotated[str, Meta(min_length=1, max_length=5000, extra={"check": _prose})]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", extra={"check": _country})]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", extra={"check": _currency})]
LanguageTag = Annotated[
    str,
    Meta(min_length=2, max_length=35, pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", extra={"check": _language}),
]
TimeZoneName = Annotated[str, Meta(min_length=1, max_length=64, extra={"check": _timezone})]
Email = Annotated[
    str,
    Meta(min_length=3, max_length=254, extra={"check": _email}, extra_json_schema={"format": "email"}),
]
HttpUrl = Annotated[
    str, Meta(min_length=8, max_length=2000, extra={"check": _url}, extra_json_schema={"format": "uri"})
]
Slug = Annotated[str, Meta(min_length=2, max_length=60, pattern="^[a-z0-9]+(-[a-z0-9]+)*$", extra={"check": _slug})]
Term = Annotated[str, Meta(min_length=1, max_length=60, pattern="^[a-z0-9_]+$")]
"""A value of one of the series' vocabularies."""
ExternalId = Annotated[str, Meta(min_length=1, max_length=100, extra={"check": _line})]
Capacity = Annotated[int, Meta(ge=0, le=2_000_000)]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]
Instant = Annotated[datetime, Meta(tz=True, extra={"check": _near})]
"""RFC 3339 with an offset; answered in UTC."""
Day = Annotated[date, Meta(extra={"check": _near})]
MAX_LANGUAGES = 20
LocalizedLine = Annotated[dict[LanguageTag, Line], Meta(min_length=1, max_length=MAX_LANGUAGES)]
"""One line of text in at least one language, keyed by BCP 47."""
LocalizedProse = Annotated[dict[LanguageTag, Prose], Meta(min_length=1, max_length=MAX_LANGUAGES)]
LinePatch = Annotated[dict[LanguageTag, Line | None], Meta(max_length=MAX_LANGUAGES)]
"""Changes of such a text: a language that is absent is kept, null takes one away."""
ProsePatch = Annotated[dict[LanguageTag, Prose | None], Meta(max_length=MAX_LANGUAGES)]
DecimalText = Annotated[str, Meta(max_length=21, pattern=r"^(0|[1-9]\d{0,14})(\.\d{1,2})?$")]


def choose_language(tags: Collection[str], language: str) -> str:
    """Of the languages that a text is in, the one for a reader of `language` (lookup of RFC 4647 section 3.4).

    Tags differ in no more than case; a reader of `zh` also reads `zh-Hans`. Else English, else any.
    """
    known = {tag.lower(): tag for tag in tags}
    for wanted in (language.lower(), "en"):
        parts = wanted.split("-")
        for length in range(len(parts), 0, -1):
            if (tag := "-".join(parts[:length])) in known:
                return known[tag]
        if regional := [tag for tag in known if tag.startswith(f"{parts[0]}-")]:
            return known[min(regional)]
    return min(tags, key=lambda tag: (len(tag), tag))


Mode = Literal["in_person", "online"]
"""How a person takes part."""


class Money(Struct, frozen=True, forbid_unknown_fields=True):
    """An amount as a decimal string, with its currency; an unknown amount is absent, never 0."""

    amount: DecimalText
    currency: Currency
