"""The people of the sample: the numbers of 2023, every script, nobody real, and the same again each time."""

import unicodedata
from collections import Counter

import langcodes
import msgspec

from forum import bodies
from forum.codes import Country, TimeZoneName
from forum.registrations.types import NewPerson
from forum.samples import people

MADE = [*people.people_in_person(), *people.people_online(), *people.people_waiting(200)]


def test_numbers_are_those_of_2023() -> None:
    sending = people.delegations()
    hall, line = MADE[:4200], MADE[4200:14_200]

    assert Counter("state" if one.category == "state" else "other" for one in sending) == {"state": 168, "other": 427}
    assert len({one.country for one in sending if one.category == "state"}) == 168
    assert len({one.name for one in sending}) == 595
    assert {person.delegation for person in hall} == set(range(595))
    assert (len(line), len({person.country for person in line})) == (10_000, 120)


def test_addresses_are_each_somebodys_and_cannot_exist() -> None:
    addresses = [person.email for person in MADE]

    assert len(set(addresses)) == len(addresses) == 14_400
    assert {address.partition("@")[2] for address in addresses} == {"delegates.example"}


def test_every_delegation_is_of_a_category_of_the_series() -> None:
    series = msgspec.json.decode((people.files("forum.samples") / "series.json").read_bytes())["series"][0]
    known = {term["value"] for term in series["vocabularies"]["stakeholder_category"]}

    assert {one.category for one in people.delegations()} == known


def test_names_come_in_every_script() -> None:
    scripts = Counter(unicodedata.name(person.family_name[0]).split()[0] for person in MADE)

    assert set(scripts) == {"LATIN", "ARABIC", "CYRILLIC", "CJK"}
    assert min(scripts.values()) >= 50
    assert any(unicodedata.normalize("NFD", p.given_name) != p.given_name for p in MADE if p.language in ("es", "fr"))


def test_everybody_could_be_registered() -> None:
    for person in MADE[::97]:
        fields = {name: getattr(person, name) for name in NewPerson.__struct_fields__}
        assert bodies.decode(msgspec.json.encode(fields), NewPerson) == NewPerson(**fields)
        bodies.check(person.country, Country)
        bodies.check(person.timezone, TimeZoneName)
        assert langcodes.tag_is_valid(person.language)


def test_same_seed_makes_the_same_people() -> None:
    assert [*people.people_in_person(50)] == [*people.people_in_person(50)]
    assert [*people.people_in_person(50)] != [*people.people_in_person(50, seed=1)]
