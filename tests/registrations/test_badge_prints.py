"""Badges on paper: what a reader that is not ours finds in the files, and who is given one."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from forum.http import Application
from tests.client import Client, pointers
from tests.factories import (
    REGISTRATIONS,
    badge_token,
    make_delegation,
    make_edition,
    make_entity,
    make_registration,
)
from tests.paper import Paper
from tests.printing.test_lines import SCRIPTS

EDITION = "/v1/editions/grf-2023"


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """An edition with a hundred places."""
    return await make_edition(client, title={"en": "Global Refugee Forum", "ar": "المنتدى العالمي للاجئين"})


async def badge_id(registrar: Client, registration: dict[str, Any]) -> str:
    """The id of the newest badge of a registration."""
    answer = await registrar.get(f"{EDITION}/badges", params={"registration": registration["id"]})
    return str(max(answer.json()["items"], key=lambda badge: int(badge["serial"]))["id"])


async def printed(caller: Client, badge: str) -> Paper:
    """A badge as it is printed."""
    answer = await caller.get(f"{EDITION}/badges/{badge}/badge.pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf"), answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    return Paper(answer.content)


async def test_badge_says_who_comes_and_can_be_scanned(registrar: Client) -> None:
    city = await make_entity(registrar, "Ville de Genève")
    state = await make_entity(registrar, "Confédération suisse", category="state")
    delegation = await make_delegation(registrar, state)
    person = {"given_name": "Éloïse", "family_name": "Ñandú-Đorđević", "language": "fr"}
    registration = await make_registration(
        registrar, person=person, entity=city["id"], delegation=delegation["id"], country="CH"
    )
    amina = await registrar.as_person("amina@delegates.example")

    paper = await printed(amina, await badge_id(registrar, registration))

    assert (len(paper), paper.size_mm(), paper.fonts_that_are_not_embedded) == (1, (105, 148), 0)
    text = paper.text()
    assert text.startswith("Global Refugee Forum 13–15 déc. 2023 · Geneva Éloïse Ñandú-Đorđević")
    assert "Ville de Genève · Confédération suisse Suisse 0" in text
    assert text.endswith("Ngo Membre de délégation")
    assert paper.code() == await badge_token(registrar, registration)


NAMES = {
    "ar": ("محمد", "المهاجر", "محمد المهاجر"),
    "he": ("דוד", "בן־גוריון", "דוד בן־גוריון"),
    "zh": ("小明", "王", "王小明"),
    "ru": ("Анна", "Иванова", "Анна Иванова"),
    "en": ("Amina", "حسين", "Amina حسين"),
}


async def test_names_are_in_their_own_scripts(registrar: Client) -> None:
    for language, (given, family, _) in NAMES.items():
        person = {"given_name": given, "family_name": family, "language": language}
        await make_registration(registrar, f"{language}@delegates.example", person=person)

    paper = Paper((await registrar.get(f"{EDITION}/badges.pdf")).content)

    texts = [paper.text(page) for page in range(len(paper))]
    assert [name for text, (_, _, name) in zip(texts, NAMES.values(), strict=True) if name not in text] == []
    assert paper.fonts_that_are_not_embedded == 0


async def test_long_names_stay_on_the_badge(registrar: Client) -> None:
    names = [(text * 20)[:120].strip() for text in SCRIPTS.values()]
    for n, name in enumerate(names):
        entity = await make_entity(registrar, name)
        person = {"given_name": name, "family_name": name}
        await make_registration(registrar, f"p{n}@delegates.example", person=person, entity=entity["id"])

    paper = Paper((await registrar.get(f"{EDITION}/badges.pdf")).content)

    for page, name in enumerate(names):
        copied = paper.text(page)
        assert min(copied.count(letter) - 3 * name.count(letter) for letter in set(name) - {" "}) >= 0
        assert all(left >= 6 and right <= 99 for left, _, right, _ in paper.ink_mm(page))
        assert paper.code(page)


async def test_same_badge_is_the_same_file(registrar: Client) -> None:
    badge = await badge_id(registrar, await make_registration(registrar))

    assert (await printed(registrar, badge)).data == (await printed(registrar, badge)).data


async def test_badge_is_for_its_owner_and_registrars_and_while_it_is_live(
    client: Client, registrar: Client, edition: dict[str, Any]
) -> None:
    registration = await make_registration(registrar)
    path = f"{EDITION}/badges/{await badge_id(registrar, registration)}/badge.pdf"
    others = [
        await client.as_person("bei@delegates.example"),
        await client.as_role("checkin_staff", edition["id"]),
        await client.as_client(edition["id"], "registrations:create"),
    ]

    assert [(await other.get(path)).status_code for other in others] == [404] * 3
    assert (await registrar.get(f"{EDITION}/badges/{uuid4()}/badge.pdf")).status_code == 404

    await registrar.made(f"{REGISTRATIONS}/{registration['id']}/revoke", {})
    assert (await registrar.get(path)).json()["code"] == "badge_revoked"


async def test_many_badges_come_file_by_file_in_the_order_of_their_serials(registrar: Client) -> None:
    for n in range(5):
        await make_registration(registrar, f"p{n}@delegates.example", person={"given_name": f"Guest{n}"})
    gone = (await registrar.get(REGISTRATIONS, params={"email": "p1@delegates.example"})).json()["items"][0]
    await registrar.made(f"{REGISTRATIONS}/{gone['id']}/withdraw", {})

    first = await registrar.get(f"{EDITION}/badges.pdf", params={"limit": 3})
    link = first.headers["Link"]
    second = await registrar.get(link.removeprefix("<").partition(">")[0])

    papers = [Paper(first.content), Paper(second.content)]
    names = [paper.text(page).partition("Guest")[2][0] for paper in papers for page in range(len(paper))]
    assert (names, [len(paper) for paper in papers]) == (["0", "2", "3", "4"], [3, 1])
    assert link.endswith('; rel="next"')
    assert "Link" not in second.headers


async def test_many_badges_are_chosen_like_the_list(registrar: Client) -> None:
    entity = await make_entity(registrar, country="CH")
    delegation = await make_delegation(registrar, entity)
    await make_registration(registrar, "a@delegates.example", delegation=delegation["id"], country="CH")
    await make_registration(registrar, "b@delegates.example", category="refugee_led", entity=entity["id"])
    await make_registration(registrar, "c@delegates.example", mode="online")

    async def pages(**wanted: str) -> int:
        answer = await registrar.get(f"{EDITION}/badges.pdf", params=wanted)
        if answer.status_code == 404:
            assert answer.json()["code"] == "no_badge"
            return 0
        return len(Paper(answer.content))

    assert await pages() == 2
    assert [await pages(status="approved"), await pages(status="submitted")] == [2, 0]
    assert [await pages(category="refugee_led"), await pages(category="state")] == [1, 0]
    assert [await pages(delegation=delegation["id"]), await pages(delegation=str(uuid4()))] == [1, 0]
    assert [await pages(entity=entity["id"]), await pages(country="CH"), await pages(country="FR")] == [1, 2, 0]
    assert pointers(await registrar.get(f"{EDITION}/badges.pdf", params={"cursor": "x"})) == {("cursor", "bad_cursor")}


async def test_many_badges_are_for_registrars(client: Client, registrar: Client, edition: dict[str, Any]) -> None:
    await make_registration(registrar)
    others = [
        await client.as_person("amina@delegates.example"),
        await client.as_role("checkin_staff", edition["id"]),
        await client.as_client(edition["id"], "registrations:create"),
    ]

    assert [(await other.get(f"{EDITION}/badges.pdf")).status_code for other in others] == [403] * 3


async def test_printing_lets_others_be_served_and_takes_only_so_many(registrar: Client, app: Application) -> None:
    badge = await badge_id(registrar, await make_registration(registrar))
    connections = registrar.pool.get_size() - registrar.pool.get_idle_size()

    asked = [asyncio.create_task(registrar.get(f"{EDITION}/badges/{badge}/badge.pdf")) for _ in range(20)]
    answers = await asyncio.gather(*asked)

    statuses = sorted(answer.status_code for answer in answers)
    assert (statuses.count(200), statuses.count(503)) == (statuses.index(503), 20 - statuses.index(503))
    assert statuses.count(200) >= 16
    assert registrar.pool.get_size() - registrar.pool.get_idle_size() == connections
