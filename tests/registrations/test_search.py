"""Registrations found by words of a name or an address, however they are written."""

from collections.abc import Iterator

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import REGISTRATIONS, make_registration

PEOPLE = {
    "a": ("José María", "Muñoz-Łukasz"),
    "b": ("Søren", "O’Brien"),
    "c": ("Алёна", "Йорданова"),
    "d": ("أحمد", "مُحمّد العَلــي"),
    "e": ("İsmail", "Işık"),
    "f": ("Zoë", "100%_Straße"),
    "g": (None, "Νίκος"),
    "h": ("علی", "کریمی"),
    "i": ("Nguyễn", "Đặng"),
    "j": ("משֶׁה", "כהן"),
    "k": ("田中", "さくら"),
}


async def found(registrar: Client, q: str) -> str:
    """The letters of the people found, in order."""
    answer = await registrar.get(REGISTRATIONS, params={"q": q, "count": True})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    letters = [item["person"]["email"].partition("@")[0][-1] for item in page["items"]]
    assert page["total"] == len(letters)
    return "".join(letters)


@pytest.fixture
async def people(registrar: Client) -> None:
    """People of many scripts."""
    for letter, (given, family) in PEOPLE.items():
        await make_registration(
            registrar, f"p.{letter}@delegates.example", person={"given_name": given, "family_name": family}
        )


CASES = {
    "jose maria": "a",
    "MUNOZ josé": "a",
    "lukasz": "a",
    "soren o'brien": "b",
    "O`BRIEN".replace("`", "‘"): "b",
    "алена": "c",
    "АЛЁНА ЙОРДАНОВА": "c",
    "иорданова": "c",
    "احمد": "d",
    "محمد العلي": "d",
    "أحمد مُحمد": "d",
    "ismail": "e",
    "ISIK": "e",
    "ışık": "e",
    "zoe strasse": "f",
    "STRASSE": "f",
    "νικος": "g",
    "ΝΊΚΟΣ": "g",
    "علي": "dh",
    "كريمي": "h",
    "nguyen dang": "i",
    "משה": "j",
    "田中": "k",
    "ﾀﾅｶ": "",
    "p.b@delegates": "b",
    "P.B@DELEGATES.EXAMPLE": "b",
    "%": "f",
    "_": "f",
    "0%_s": "f",
    "\\": "",
    "jose soren": "",
    "\u0301": "",
    "'; DROP TABLE registrations": "",
}


async def test_people_are_found_however_they_are_written(people: None, registrar: Client) -> None:
    answers = {q: await found(registrar, q) for q in CASES}

    assert answers == CASES


async def test_words_narrow_other_filters(people: None, registrar: Client) -> None:
    online = await make_registration(
        registrar, "o@delegates.example", mode="online", person={"given_name": "Jose", "language": "fr"}
    )

    async def ids(**parameters: str) -> list[str]:
        answer = await registrar.get(REGISTRATIONS, params=parameters)
        return [item["id"] for item in answer.json()["items"]]

    assert await ids(q="jose", mode="online") == await ids(q="jose", language="fr") == [online["id"]]
    assert len(await ids(q="jose", source="registrar")) == 2
    assert await ids(q="jose", source="self") == await ids(q="jose", consent="photography") == []


async def test_consent_given_is_found(registrar: Client) -> None:
    await make_registration(registrar)
    given = await make_registration(registrar, "b@delegates.example", consents=["photography", "publish_name"])

    answer = await registrar.get(REGISTRATIONS, params={"consent": "photography", "count": True})

    assert ([item["id"] for item in answer.json()["items"]], answer.json()["total"]) == ([given["id"]], 1)


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"q": ""}, ("q", "bad_parameter")),
        ({"q": "  "}, ("q", "blank")),
        ({"q": "x" * 201}, ("q", "bad_parameter")),
        ({"format": "pdf"}, ("format", "bad_parameter")),
        ({"source": "nobody"}, ("source", "bad_parameter")),
        ({"consent": "marketing"}, ("consent", "bad_parameter")),
    ],
)
async def test_bad_question_is_refused(registrar: Client, parameters: dict[str, str], fault: tuple[str, str]) -> None:
    assert pointers(await registrar.get(REGISTRATIONS, params=parameters)) == {fault}


async def test_words_are_searched_by_registrars_only(client: Client, people: None) -> None:
    owner = await client.as_person("p.a@delegates.example")

    assert (await owner.get(REGISTRATIONS, params={"q": "jose"})).status_code == 403


def _letters() -> Iterator[str]:
    return (chr(point) for block in (range(0x20, 0x250), range(0x370, 0x700)) for point in block)


async def test_folding_twice_is_folding_once(conn: Connection) -> None:
    rows = await conn.fetch(
        "SELECT letter FROM unnest($1::text[]) letter WHERE fold_text(fold_text(letter)) <> fold_text(letter)",
        list(_letters()),
    )

    assert [row["letter"] for row in rows] == []
