"""Parts of the published programme: by room, language, speaker, instant and words, and what is new since a release."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.http import Application
from forum.listening import listening
from forum.programme.kept import MAX_PARTS, KeptRelease
from forum.settings import Settings
from tests.client import Client, pointers
from tests.factories import make_appearance, make_edition, make_room, make_session, make_speaker, publish_programme

EDITION = "/v1/editions/grf-2023"
PROGRAMME, SESSIONS = f"{EDITION}/programme", f"{EDITION}/sessions"


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


async def titles(client: Client, path: str = PROGRAMME, **query: str) -> list[str]:
    """The first titles of the sessions that readers see."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [next(iter(session["title"].values())) for session in answer.json()["sessions"]]


def at(hour: int, hours: int = 1) -> dict[str, str]:
    """A slot on 13 December."""
    return {"starts_at": f"2023-12-13T{hour:02}:00:00Z", "ends_at": f"2023-12-13T{hour + hours:02}:00:00Z"}


async def test_programme_of_a_room_a_language_and_a_speaker(client: Client, manager: Client) -> None:
    room = await make_room(manager)
    spoken = {"floor": ["en-GB"], "interpretation": ["fr"], "captions": ["es"]}
    first = await make_session(manager, title={"en": "A"}, room=room["id"], languages=spoken, **at(8))
    await make_session(manager, title={"en": "B"}, languages={"floor": ["enm"], "sign": ["fr"]}, **at(9))
    speakers = [await make_speaker(manager, published=published) for published in (True, False)]
    for speaker in speakers:
        await make_appearance(manager, first, speaker)
    await publish_programme(manager)

    assert await titles(client) == ["A", "B"]
    assert await titles(client, room=room["id"]) == ["A"]
    for language, found in (("en", ["A"]), ("EN-gb", ["A"]), ("fr", ["A"]), ("es", []), ("enm", ["B"])):
        assert await titles(client, language=language) == found, language
    assert pointers(await client.get(PROGRAMME, params={"language": "e1n"})) == {("language", "bad_parameter")}
    assert [await titles(client, speaker=speaker["id"]) for speaker in speakers] == [["A"], []]
    feeds = [(await client.get(f"{EDITION}/programme.ics", params=query)).text for query in
             ({}, {"room": room["id"]}, {"language": "enm"})]  # fmt: skip
    assert [feed.count("BEGIN:VEVENT") for feed in feeds] == [2, 1, 1]
    await manager.patch(f"{EDITION}/speakers/{speakers[0]['id']}", {"published": False})
    assert await titles(client, speaker=speakers[0]["id"]) == []


async def test_programme_at_an_instant_is_what_runs_then(client: Client, manager: Client) -> None:
    await make_session(manager, title={"en": "Until nine"}, **at(8))
    await make_session(manager, title={"en": "From nine"}, **at(9))
    await make_session(manager, title={"en": "Instant"}, starts_at="2023-12-13T09:00:00Z", ends_at=None)
    await make_session(manager, title={"en": "Day"}, starts_at=None, ends_at=None, held_on="2023-12-13")
    await make_session(manager, "cancelled", title={"en": "Gone"}, **at(8, 3))
    await publish_programme(manager)

    assert await titles(client, at="2023-12-13T08:59:59Z") == ["Until nine"]
    assert sorted(await titles(client, at="2023-12-13T10:00:00+01:00")) == ["From nine", "Instant"]
    assert await titles(client, at="2023-12-13T10:00:00Z") == []
    assert pointers(await client.get(PROGRAMME, params={"at": "2023-12-13T10:00:00"})) == {("at", "bad_parameter")}


async def test_programme_since_a_release_is_what_differs_from_it(
    client: Client, manager: Client, conn: Connection
) -> None:
    made = [await make_session(manager, title={"en": name}, **at(hour)) for name, hour in (("A", 8), ("B", 9))]
    await publish_programme(manager)
    await manager.patch(f"{SESSIONS}/{made[0]['id']}", {"title": {"en": "A2"}})
    await publish_programme(manager)
    await make_session(manager, title={"en": "C"}, **at(10))
    await publish_programme(manager)

    async def since(number: int, **query: str) -> tuple[list[str], list[str]]:
        answer = (await client.get(PROGRAMME, params={"since_release": number, **query})).json()
        return [session["title"]["en"] for session in answer["sessions"]], answer["removed"]

    assert await since(1) == (["A2", "C"], [])
    assert await since(2) == (["C"], [])
    assert await since(3) == ([], [])
    assert await since(0) == (["A2", "B", "C"], [])
    assert await since(1, q="c") == (["C"], [])
    assert "removed" not in (await client.get(PROGRAMME)).json()
    for number, code in (("4", "unknown_release"), ("-1", "bad_parameter"), ("x", "bad_parameter")):
        answer = await client.get(PROGRAMME, params={"since_release": number})
        assert pointers(answer) == {("since_release", code)}
    assert pointers(await client.get(PROGRAMME, params={"q": "a\0b"})) == {("q", "control_character")}
    await conn.execute("DELETE FROM sessions WHERE id = $1", made[1]["id"])  # as nothing in Forum does
    await publish_programme(manager)
    assert await since(3) == ([], [made[1]["id"]])


TEXTS = {
    "Éducation et Œuvres": ["education", "ÉDUCATION œuvres", "oeuvres educ"],
    "La niñez y la protección": ["ninez", "PROTECCION niñez"],
    "Ещё одна встреча": ["еще", "ЕЩЁ ВСТРЕЧА", "встреч"],
    "الإِدماجُ والأُسرة": ["الادماج", "اسرة", "الإدماج", "الأســرة"],
    "难民教育与就业": ["教育", "就业", "难民 教育"],
    "Plan 50% for Ⅻ cities": ["50%", "xii", "plan cities"],
}


async def test_search_finds_in_six_languages_whatever_accents_vowels_and_case(client: Client, manager: Client) -> None:
    for hour, text in enumerate(TEXTS, 6):
        await make_session(manager, title={"en": text}, **at(hour))
    await publish_programme(manager)

    found = {(text, q): await titles(client, q=q) for text, asked in TEXTS.items() for q in asked}

    assert found == {(text, q): [text] for text, asked in TEXTS.items() for q in asked}
    for nothing in ("education 教育", "nothing at all", "_", "\\"):
        assert await titles(client, q=nothing) == []
    assert pointers(await client.get(PROGRAMME, params={"q": "  "})) == {("q", "bad_parameter")}
    assert pointers(await client.get(PROGRAMME, params={"q": "x" * 201})) == {("q", "bad_parameter")}


async def test_search_looks_through_abstracts_rooms_and_those_who_are_named(client: Client, manager: Client) -> None:
    room = await make_room(manager, name="Salle Ζωή")
    session = await make_session(
        manager, title={"en": "A", "fr": "Séance"}, abstract={"ru": "О беженцах"}, room=room["id"], **at(8)
    )
    speaker = await make_speaker(manager, display_name="Amal Próba", published=True)
    await make_appearance(manager, session, speaker, on_behalf_of="Réseau des villes")
    await make_appearance(manager, session, await make_speaker(manager, display_name="Nadia Hidden"))
    await make_session(manager, title={"en": "B"}, **at(9))
    await publish_programme(manager)

    for q in ("seance", "беженцах", "ζωη", "proba", "reseau villes"):
        assert await titles(client, q=q) == ["A"], q
    assert await titles(client, q="hidden") == []
    await manager.patch(f"{EDITION}/speakers/{speaker['id']}", {"published": False})
    assert await titles(client, q="proba") == []
    assert await titles(client, q="seance", room=room["id"], lang="fr") == ["Séance"]


async def test_etag_answers_before_anything_is_looked_up(
    client: Client, manager: Client, app: Application, settings: Settings, pool: Pool
) -> None:
    await make_session(manager, title={"en": "A"}, **at(8))
    await publish_programme(manager)
    queries: list[dict[str, str]] = [
        {"q": "a"},
        {"since_release": "0"},
        {"at": "2023-12-13T08:30:00Z"},
        {"type": "press"},
    ]
    assert settings.database_url
    async with listening(settings.database_url, [app.state.keeper]):
        edition_id = next(iter(app.state.edition_ids.values()))
        while app.state.keeper.find(edition_id) is None:
            await client.get(PROGRAMME)
        etags = [(await client.get(PROGRAMME, params=query)).headers["ETag"] for query in queries]
        app.state.kept_answers = type(app.state.kept_answers)()
        release: KeptRelease = app.state.keeper.find(edition_id)
        release.texts, release.changes = None, {}
        release._parts.clear()
        async with AsyncExitStack() as stack:
            for _ in range(pool.get_max_size()):
                await stack.enter_async_context(pool.acquire())
            known = [
                await client.get(PROGRAMME, params=query, headers={"If-None-Match": etag})
                for query, etag in zip(queries, etags, strict=True)
            ]

    assert [answer.status_code for answer in known] == [304] * 4
    assert len({*etags}) == 4
    assert (release.texts, release.changes) == (None, {})
    assert all(part.made is None for part in release._parts.values())


async def test_questions_without_end_fill_no_memory(
    client: Client, manager: Client, app: Application, settings: Settings
) -> None:
    rooms = [await make_room(manager, name=f"Room {number}") for number in range(3)]
    for number, room in enumerate(rooms):
        await make_session(manager, title={"en": "A"}, room=room["id"], **at(8 + number))
    await publish_programme(manager)
    assert settings.database_url
    async with listening(settings.database_url, [app.state.keeper]):
        edition_id = next(iter(app.state.edition_ids.values()))
        while app.state.keeper.find(edition_id) is None:
            await client.get(PROGRAMME)
        release: KeptRelease = app.state.keeper.find(edition_id)
        before = len(app.state.kept_answers._known)
        for minute in range(30):
            await client.get(PROGRAMME, params={"at": f"2023-12-13T08:{minute:02}:00Z"})
            await client.get(PROGRAMME, params={"q": f"a{minute}"})
            await client.get(PROGRAMME, params={"type": "plenary", "room": rooms[minute % 3]["id"]})
        assert (len(release._parts), len(app.state.kept_answers._known)) == (3, before)
        for number in range(MAX_PARTS + 5):
            await client.get(PROGRAMME, params={"type": f"t{number}", "lang": "en"})
        assert len(release._parts) == MAX_PARTS
        assert await titles(client) == ["A"] * 3


async def test_parts_are_kept_within_a_number_of_bytes(
    client: Client, manager: Client, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [await make_room(manager, name=f"Room {number}") for number in range(4)]
    for number, room in enumerate(rooms):
        await make_session(manager, title={"en": "A"}, room=room["id"], **at(8 + number))
    await publish_programme(manager)
    one = len((await client.get(PROGRAMME, params={"room": rooms[0]["id"]})).content)
    monkeypatch.setattr("forum.programme.kept.MAX_BYTES_OF_PARTS", int(one * 2.5))
    shown: list[Any] = [await client.get(PROGRAMME, params={"room": room["id"]}) for room in rooms]
    release: KeptRelease = next(iter(app.state.keeper._kept.values()))

    assert [len(answer.json()["sessions"]) for answer in shown] == [1] * 4
    assert sum(part.made is not None for part in release._parts.values()) <= 3
