"""Lists of registrations by any field, in any order, and page by page in each."""

from typing import Any

import pytest

from forum import exports
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_delegation, make_entity, make_registration, registration_fields
from tests.questions.conftest import make_question
from tests.registrations.test_exports import export


async def listed(reader: Client, **parameters: Any) -> str:
    """The letters of the people in a list of which each page has one, and as its table has them."""
    found, cursor = "", ""
    while cursor is not None:
        query = parameters | {"limit": 1, "count": True} | ({"cursor": cursor} if cursor else {})
        answer = await reader.get(REGISTRATIONS, params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += "".join(item["person"]["email"][0] for item in page["items"])
        cursor = page["next_cursor"]
    assert page["total"] == len(found)
    assert "".join(row["email"][0] for row in await export(reader, **parameters)) == found
    return found


async def test_every_field_is_a_filter(registrar: Client, clock: Timeline) -> None:
    lift = {"accessibility_needs": "A lift."}
    await make_registration(registrar, "a@delegates.example", consents=["photography"], **lift)
    clock.forward(hours=1)
    person = {"language": "ar", "timezone": "Africa/Cairo"}
    await make_registration(registrar, "b@delegates.example", person=person, counts_against_quota=False)
    await make_registration(registrar, "c@delegates.example", online_while_waiting=True)
    clock.forward(hours=1)
    await make_registration(registrar, "d@delegates.example")
    guest = {"registration": registration_fields("e@delegates.example", mode="online")}
    await registrar.made(f"{REGISTRATIONS}:invite", guest | {"expires_at": "2023-11-05T09:00:00Z"})

    assert await listed(registrar) == "abcde"
    assert await listed(registrar, waits_for="in_person") == "cd"
    assert await listed(registrar, waits_for="online") == await listed(registrar, has_offer=True) == "e"
    assert await listed(registrar, waits_for="in_person", mode="online") == "c"
    assert await listed(registrar, counts_against_quota=False) == await listed(registrar, language="ar") == "b"
    assert await listed(registrar, counts_against_quota=True) == "acde"
    assert await listed(registrar, timezone="Africa/Cairo") == "b"
    assert (
        await listed(registrar, consent="photography") == await listed(registrar, has_accessibility_needs=True) == "a"
    )
    assert await listed(registrar, has_offer=False, has_accessibility_needs=False) == "bcd"
    assert await listed(registrar, created_from="2023-11-01T10:00:00Z") == "bcde"
    assert await listed(registrar, created_before="2023-11-01T10:00:00Z") == "a"
    assert await listed(registrar, created_from="2023-11-01T10:00:00Z", created_before="2023-11-01T11:00:00Z") == "bc"
    assert await listed(registrar, source="invitation") == "e"


async def test_answers_are_filters_and_sensitive_ones_for_the_staff_only(
    client: Client, registrar: Client, edition: dict[str, Any]
) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    await make_question(organizer, "meal", "choices", values=("vegan", "halal"))
    await make_question(organizer, "visits", "integer")
    await make_question(organizer, "health", "text", is_sensitive=True)
    delegation = (await make_delegation(registrar, await make_entity(registrar)))["id"]
    for letter, answers in (
        ("a", {"meal": ["vegan", "halal"], "health": "well"}),
        ("b", {"meal": ["halal"], "visits": 3}),
        ("c", {}),
    ):
        await make_registration(registrar, f"{letter}@delegates.example", delegation=delegation, answers=answers)
    focal_point = await client.as_focal_point(delegation, edition["id"])

    answered = {
        ("meal", None): "ab", ("meal", "vegan"): "a", ("meal", "halal"): "ab", ("meal", "veg"): "",
        ("visits", "3"): "b", ("health", None): "a", ("health", "well"): "a", ("none", None): "",
    }  # fmt: skip
    for (key, answer), letters in answered.items():
        wanted = {"question": key} | ({"answer": answer} if answer else {})
        page = (await registrar.get(REGISTRATIONS, params=wanted)).json()
        assert "".join(item["person"]["email"][0] for item in page["items"]) == letters, wanted
        page = (await focal_point.get(REGISTRATIONS, params=wanted | {"count": True})).json()
        assert page["total"] == (0 if key == "health" else len(letters)), wanted
    lone = await registrar.get(REGISTRATIONS, params={"answer": "vegan"})
    assert pointers(lone) == {("question", "missing")}


async def test_every_order_is_kept_from_page_to_page(
    registrar: Client, clock: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    names = {"a": "Zúñiga", "b": "álvarez", "c": "Alvarez", "d": "Émile", "e": "x" * 300}
    ids = {}
    for letter, name in names.items():
        made = await make_registration(registrar, f"{letter}@delegates.example", person={"family_name": name})
        ids[letter] = made["id"]
    for letter in "cae":
        clock.forward(seconds=0.25)
        await registrar.post(f"{REGISTRATIONS}/{ids[letter]}/withdraw")

    assert await listed(registrar) == await listed(registrar, sort="created_at") == "abcde"
    assert await listed(registrar, sort="-created_at") == "edcba"
    assert await listed(registrar, sort="family_name") == "bcdea"
    assert await listed(registrar, sort="-family_name") == "aedcb"
    assert await listed(registrar, sort="status_changed_at") == "bcade"
    assert await listed(registrar, sort="-status_changed_at") == "edacb"
    assert await listed(registrar, sort="-family_name", status="withdrawn") == "aec"


async def test_person_who_moves_between_two_pages_hides_nobody_else(registrar: Client, clock: Timeline) -> None:
    first, *_ = [await make_registration(registrar, f"{letter}@delegates.example") for letter in "abcd"]
    page = (await registrar.get(REGISTRATIONS, params={"sort": "status_changed_at", "limit": 2})).json()

    clock.forward(minutes=1)
    await registrar.post(f"{REGISTRATIONS}/{first['id']}/withdraw")
    query = {"sort": "status_changed_at", "limit": 9, "cursor": page["next_cursor"]}
    rest = (await registrar.get(REGISTRATIONS, params=query)).json()["items"]

    letters = "".join(item["person"]["email"][0] for item in (*page["items"], *rest))
    assert letters == "abdac"
    assert [item["status_changed_at"][11:16] for item in rest] == ["09:00", "09:01", "09:01"]


async def test_unknown_order_and_cursor_of_another_order_are_refused(registrar: Client) -> None:
    for letter in "ab":
        await make_registration(registrar, f"{letter}@delegates.example")
    page = (await registrar.get(REGISTRATIONS, params={"limit": 1})).json()

    for sort in ("email", "", "family_name,created_at", "--created_at"):
        answer = await registrar.get(REGISTRATIONS, params={"sort": sort})
        assert {where for where, _ in pointers(answer)} == {"sort"}
    for sort in ("family_name", "-status_changed_at"):
        answer = await registrar.get(REGISTRATIONS, params={"sort": sort, "cursor": page["next_cursor"]})
        assert pointers(answer) == {("cursor", "bad_cursor")}
    for name in ("created_from", "created_before"):
        answer = await registrar.get(REGISTRATIONS, params={name: "2023-02-30T00:00:00Z"})
        assert pointers(answer) == {(name, "bad_parameter")}
