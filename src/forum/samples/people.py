"""Plainly artificial people and delegations in the numbers of the Global Refugee Forum 2023.

168 government delegations and 427 others, 4,200 people in person and 10,000 online from 120 countries: the figures are
the forum's (https://www.unhcr.org/news/speeches-and-statements/summary-global-refugee-forum-2023-co-hosts-and-co-convenors),
everything else is made up. Which countries came is not known: here it is 168 member States in the order of their codes.
Nobody is meant: family names are words for "sample" or invented, and addresses end with a domain that cannot exist.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from random import Random
from typing import Final

import msgspec
from msgspec import Struct

from forum.samples import read_sample

GOVERNMENT_DELEGATIONS: Final = 168
OTHER_DELEGATIONS: Final = 427
IN_PERSON: Final = 4_200
ONLINE: Final = 10_000
ONLINE_COUNTRIES: Final = 120
DOMAIN: Final = "delegates.example"


class Kind(Struct, frozen=True):
    """How many delegations there are of a category, and what they call themselves."""

    category: str
    words: str
    number: int


class Ingredients(Struct, frozen=True):
    """What people and delegations are made of; names and countries by language."""

    about: str
    given: dict[str, list[str]]
    family: dict[str, list[str]]
    speaking: dict[str, list[str]]
    kinds: list[Kind]
    syllables: list[str]
    member_states: list[str]


_MADE_OF: Final = msgspec.json.decode(read_sample("people"), type=Ingredients)


class SampleDelegation(Struct, frozen=True):
    """An entity that sends a delegation."""

    name: str
    category: str
    country: str


class SamplePerson(Struct, frozen=True):
    """Somebody who asks to take part."""

    given_name: str
    family_name: str
    email: str
    language: str
    timezone: str
    country: str
    category: str
    delegation: int | None
    """Its place in `delegations()`; people online come for themselves."""


@cache
def delegations() -> tuple[SampleDelegation, ...]:
    """The 168 government delegations, then the 427 others."""
    governments = [
        SampleDelegation(f"Sample delegation of {country}", "state", country)
        for country in _MADE_OF.member_states[:GOVERNMENT_DELEGATIONS]
    ]
    kinds = [kind for kind in _MADE_OF.kinds for _ in range(kind.number)]
    others = [
        SampleDelegation(f"{_invent(index)} {kind.words} (sample {index:03})", kind.category, _country(index * 7))
        for index, kind in enumerate(kinds, 1)
    ]
    return (*governments, *others)


def people_in_person(count: int = IN_PERSON, seed: int = 2023) -> Iterator[SamplePerson]:
    """People for the hall: every delegation sends one, then governments send four times as many as others."""
    dice = Random(seed)  # noqa: S311 - repeatable, not secret
    sending = delegations()
    weights = [4 if one.category == "state" else 1 for one in sending]
    more = dice.choices(range(len(sending)), weights, k=max(0, count - len(sending)))
    order = [*range(len(sending)), *more][:count]
    dice.shuffle(order)
    for number, index in enumerate(order, 1):
        yield _person(dice, f"hall{number}", sending[index].country, sending[index].category, index)


def people_online(count: int = ONLINE, seed: int = 2024) -> Iterator[SamplePerson]:
    """People who follow from home, from 120 countries."""
    dice = Random(seed)  # noqa: S311 - repeatable, not secret
    categories = [*(kind.category for kind in _MADE_OF.kinds), "state"]
    for number in range(1, count + 1):
        yield _person(dice, f"line{number}", _country(number % ONLINE_COUNTRIES), dice.choice(categories), None)


def people_waiting(count: int, seed: int = 2025, among: int | None = None) -> Iterator[SamplePerson]:
    """People who ask for the hall when it is full, sent by the first `among` of the delegations, or by any."""
    dice = Random(seed)  # noqa: S311 - repeatable, not secret
    for number in range(1, count + 1):
        index = dice.randrange(among or len(delegations()))
        sender = delegations()[index]
        yield _person(dice, f"late{number}", sender.country, sender.category, index)


def _person(dice: Random, address: str, country: str, category: str, delegation: int | None) -> SamplePerson:
    language = next((tag for tag, countries in _MADE_OF.speaking.items() if country in countries), "en")
    return SamplePerson(
        given_name=dice.choice(_MADE_OF.given[language]),
        family_name=dice.choice(_MADE_OF.family[language]),
        email=f"{address}@{DOMAIN}",
        language=language,
        timezone=_zones().get(country, "UTC"),
        country=country,
        category=category,
        delegation=delegation,
    )


def _country(index: int) -> str:
    return _MADE_OF.member_states[index % GOVERNMENT_DELEGATIONS]


def _invent(index: int) -> str:
    """A word that means nothing, another one for each index below 4,096."""
    a, b, c = index // 256 % 16, index // 16 % 16, index % 16
    return "".join(_MADE_OF.syllables[n] for n in (c, a, b)).capitalize()


@cache
def _zones() -> dict[str, str]:
    """The first IANA zone of each country, as the tz database lists them."""
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {country: zone for country, _, zone, *_ in reversed(rows)}
