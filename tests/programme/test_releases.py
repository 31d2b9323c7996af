"""Numbered releases: what is frozen, what readers see, and that they never see anything else."""

import gzip
from typing import Any

import asyncpg
import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import (
    make_appearance,
    make_edition,
    make_room,
    make_session,
    make_speaker,
    publish_programme,
    session_fields,
)

EDITION = "/v1/editions/grf-2023"
SESSIONS, PROGRAMME, PUBLISH = f"{EDITION}/sessions", f"{EDITION}/programme", f"{EDITION}/programme/publish"
PUBLIC_CACHING = "public, max-age=30, stale-while-revalidate=300"


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


async def sessions_of(client: Client, path: str = PROGRAMME, **query: str) -> list[dict[str, Any]]:
    """What readers see, in their order."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    sessions: list[dict[str, Any]] = answer.json()["sessions"]
    return sessions


async def titles(client: Client, path: str = PROGRAMME, **query: str) -> list[str]:
    """The English titles that readers see."""
    return [session["title"]["en"] for session in await sessions_of(client, path, **query)]


async def test_release_holds_confirmed_and_cancelled_sessions_and_no_draft(client: Client, manager: Client) -> None:
    room = await make_room(manager, venue="Palexpo", capacity=400, hearing_loop=True)
    track = await manager.made(f"{EDITION}/tracks", {"name": {"en": "Solutions"}})
    kept = await make_session(manager, title={"en": "Kept"}, room=room["id"], track=track["id"])
    gone = await make_session(
        manager, "cancelled", title={"en": "Gone"}, starts_at="2023-12-14T08:00:00Z", ends_at=None
    )
    await make_session(manager, "draft", title={"en": "Secret draft"})

    publication = await manager.made(PUBLISH, {"note": "First"})

    release = {"number": 1, "published_at": "2023-11-01T09:00:00Z", "note": "First", "session_count": 2}
    release |= {"content_sha256": publication["release"]["content_sha256"], "restored_from": None}
    assert publication == {
        "release": release,
        "added": sorted([kept["id"], gone["id"]]),
        "removed": [],
        "changed": [],
    }
    programme = (await client.get(PROGRAMME)).json()
    assert (programme["release"], programme["language"]) == (1, None)
    assert programme["edition"]["slug"] == "grf-2023"
    first, second = programme["sessions"]
    assert first == {
        "id": kept["id"],
        "title": {"en": "Kept"},
        "abstract": None,
        "type": "plenary",
        "track": {"id": track["id"], "name": {"en": "Solutions"}},
        "parent": None,
        "status": "confirmed",
        "starts_at": "2023-12-13T08:00:00Z",
        "ends_at": "2023-12-13T12:00:00Z",
        "held_on": None,
        "room": {name: room[name] for name in first["room"]},
        "mode": "hybrid",
        "access": "registered",
        "languages": {"floor": [], "interpretation": [], "sign": [], "captions": []},
        "organisers": [],
        "appearances": [],
        "calendar_sequence": 0,
        "revised_at": "2023-11-01T09:00:00Z",
    }
    assert (second["id"], second["status"], second["calendar_sequence"]) == (gone["id"], "cancelled", 1)
    assert (await client.get(f"{PROGRAMME}/releases")).json() == {"items": [release], "next_cursor": None}


async def test_edition_in_draft_is_not_published(client: Client) -> None:
    edition = await make_edition(client, "draft")
    organizer = await client.as_role("organizer", edition["id"])

    answer = await organizer.post(PUBLISH, {})

    assert (answer.status_code, answer.json()["code"]) == (409, "edition_is_draft")


async def test_readers_never_see_what_is_not_published(client: Client, manager: Client) -> None:
    room = await make_room(manager)
    session = await make_session(manager, room=room["id"])
    assert (await client.get(PROGRAMME)).status_code == 404
    await publish_programme(manager)
    before = (await client.get(PROGRAMME)).content

    path = f"{SESSIONS}/{session['id']}"
    await manager.patch(path, {"title": {"en": "Rumour"}, "starts_at": "2023-12-13T09:00:00Z"})
    await manager.post(f"{path}/cancel")
    await manager.patch(f"{EDITION}/rooms/{room['id']}", {"name": "Secret room"})
    await make_session(manager, title={"en": "New"}, starts_at="2023-12-14T08:00:00Z", ends_at=None)

    assert (await client.get(PROGRAMME)).content == before


async def test_rows_of_a_release_cannot_be_changed_or_deleted(manager: Client, conn: Connection) -> None:
    await make_session(manager)
    await publish_programme(manager)

    for table in ("releases", "release_sessions"):
        for sql in (f"UPDATE {table} SET number = number + 1", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(asyncpg.CheckViolationError, match=f"rows of {table} are immutable"):
                await conn.execute(sql)


async def test_dry_run_tells_what_would_change_and_changes_nothing(manager: Client, conn: Connection) -> None:
    session = await make_session(manager)

    first = await manager.made(f"{PUBLISH}?dry_run=true", {})

    nobody = {"people": 0, "messages": 0, "sessions": []}
    assert first == {"release": None, "added": [session["id"]], "removed": [], "changed": [], "told": nobody}
    release = await publish_programme(manager)
    await manager.patch(f"{SESSIONS}/{session['id']}", {"ends_at": "2023-12-13T11:00:00Z"})
    second = await manager.made(f"{PUBLISH}?dry_run=true", {"note": "Perhaps"})
    assert second["release"] == release
    assert [change["id"] for change in second["changed"]] == [session["id"]]
    assert await conn.fetchval("SELECT count(*) FROM releases") == 1
    assert await conn.fetchval("SELECT count(*) FROM outbox WHERE kind = 'invite_edition'") == 1


async def test_difference_names_each_field_before_and_after(client: Client, manager: Client) -> None:
    same = await make_session(manager, starts_at="2023-12-14T08:00:00Z", ends_at=None)
    moved = await make_session(manager, title={"en": "Renamed"})
    await publish_programme(manager)
    await manager.patch(
        f"{SESSIONS}/{moved['id']}",
        {"starts_at": "2023-12-13T08:30:00Z", "livestream_url": "https://stream.example/hidden"},
    )
    await manager.patch(f"{SESSIONS}/{same['id']}", {"livestream_url": "https://stream.example/hidden"})
    added = await make_session(manager, starts_at=None, ends_at=None)

    publication = await manager.made(PUBLISH, {})

    assert publication["added"] == [added["id"]]
    assert publication["removed"] == []
    assert publication["changed"] == [
        {
            "id": moved["id"],
            "fields": {
                "starts_at": {"before": "2023-12-13T08:00:00+00:00", "after": "2023-12-13T08:30:00+00:00"},
                "calendar_sequence": {"before": 0, "after": 1},
            },
        }
    ]


async def test_equal_content_is_not_published_twice(
    client: Client, manager: Client, conn: Connection, clock: Timeline
) -> None:
    session = await make_session(manager)
    first = await publish_programme(manager)
    clock.forward(hours=1)
    await manager.patch(f"{SESSIONS}/{session['id']}", {"livestream_url": "https://stream.example/hidden"})
    await make_session(manager, "draft")

    again = await manager.made(PUBLISH, {"note": "Nothing new"})

    assert again == {"release": first, "added": [], "removed": [], "changed": []}
    assert await conn.fetchval("SELECT count(*) FROM outbox WHERE kind = 'invite_edition'") == 1
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "Other"}})
    assert (await publish_programme(manager))["number"] == 2


async def test_change_of_the_edition_alone_is_a_release(client: Client, manager: Client) -> None:
    await make_session(manager)
    await publish_programme(manager)
    admin = await client.as_role("admin")
    await admin.patch(EDITION, {"venue": "Palais des Nations"})

    publication = await manager.made(PUBLISH, {})

    assert (publication["release"]["number"], publication["changed"]) == (2, [])
    assert (await client.get(PROGRAMME)).json()["edition"]["venue"] == "Palais des Nations"


async def test_session_is_as_old_as_what_is_published_of_it(client: Client, manager: Client, clock: Timeline) -> None:
    room = await make_room(manager)
    await make_session(manager, room=room["id"], title={"en": "In the room"})
    other = await make_session(manager, title={"en": "Elsewhere"}, starts_at="2023-12-14T08:00:00Z", ends_at=None)

    async def revised() -> list[str]:
        await publish_programme(manager)
        return [session["revised_at"] for session in await sessions_of(client)]

    assert await revised() == ["2023-11-01T09:00:00Z"] * 2
    clock.forward(hours=1)
    await manager.patch(f"{SESSIONS}/{other['id']}", {"livestream_url": "https://stream.example/hidden"})
    await manager.patch(f"{EDITION}/rooms/{room['id']}", {"name": "Renamed"})
    clock.forward(hours=1)
    assert await revised() == ["2023-11-01T11:00:00Z", "2023-11-01T09:00:00Z"]
    await manager.patch(f"{SESSIONS}/{other['id']}", {"title": {"en": "Renamed"}})
    clock.forward(hours=1)
    assert await revised() == ["2023-11-01T11:00:00Z", "2023-11-01T11:00:00Z"]


async def test_any_release_is_read_by_its_number_as_it_was(client: Client, manager: Client) -> None:
    room = await make_room(manager)
    session = await make_session(manager, room=room["id"])
    await publish_programme(manager)
    first = (await client.get(f"{PROGRAMME}/releases/1")).json()
    assert first == (await client.get(PROGRAMME)).json()
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "Second"}})
    await manager.patch(f"{EDITION}/rooms/{room['id']}", {"name": "Renamed"})
    await publish_programme(manager)

    assert (await client.get(f"{PROGRAMME}/releases/1")).json() == first
    assert await titles(client, f"{PROGRAMME}/releases/2") == ["Second"] == await titles(client)
    for absent in (f"{PROGRAMME}/releases/3", f"{PROGRAMME}/releases/{2**40}", f"{PROGRAMME}/releases/{-(2**40)}"):
        assert (await client.get(absent)).status_code == 404
    assert (await client.get(f"{PROGRAMME}/releases/1/difference", params={"from": 2**40})).status_code == 404
    pages = [(await client.get(f"{PROGRAMME}/releases", params={"limit": "1", "count": "true"})).json()]
    pages.append((await client.get(f"{PROGRAMME}/releases", params={"cursor": pages[0]["next_cursor"]})).json())
    assert [[release["number"] for release in page["items"]] for page in pages] == [[2], [1]]
    assert (pages[0]["total"], pages[1]["next_cursor"]) == (2, None)


async def test_answer_is_known_by_its_etag_plain_and_compressed(client: Client, manager: Client) -> None:
    await make_session(manager)
    await publish_programme(manager)

    plain = await client.get(PROGRAMME, headers={"Accept-Encoding": "identity"})
    packed = await client.http.send(client.http.build_request("GET", PROGRAMME, headers={"Accept-Encoding": "gzip"}))
    refused = await client.get(PROGRAMME, headers={"Accept-Encoding": "br, gzip;q=0"})

    assert (plain.headers["Cache-Control"], plain.headers["Vary"]) == (PUBLIC_CACHING, "Accept-Encoding")
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in refused.headers
    assert (packed.headers["Content-Encoding"], packed.json()) == ("gzip", plain.json())
    assert len(gzip.compress(plain.content)) < len(plain.content)
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert plain.headers["ETag"].startswith('"r1-all-')
    for etag in (plain.headers["ETag"], packed.headers["ETag"], f'"x", W/{plain.headers["ETag"]}', "*"):
        known = await client.get(PROGRAMME, headers={"If-None-Match": etag, "Accept-Encoding": "identity"})
        assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", plain.headers["ETag"])
        assert known.headers["Cache-Control"] == PUBLIC_CACHING
    other = await client.get(PROGRAMME, headers={"If-None-Match": '"r1-all"'})
    assert other.status_code == 200
    head = await client.request("HEAD", PROGRAMME, headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert (head.headers["ETag"], head.headers["Content-Length"]) == (plain.headers["ETag"], str(len(plain.content)))


async def test_etag_of_each_release_and_language_is_its_own(client: Client, manager: Client) -> None:
    session = await make_session(manager)
    await publish_programme(manager)
    first = [(await client.get(PROGRAMME, params=query)).headers["ETag"] for query in ({}, {"lang": "fr"})]
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "Second"}})
    await publish_programme(manager)
    second = [(await client.get(PROGRAMME, params=query)).headers["ETag"] for query in ({}, {"lang": "fr"})]

    assert len({*first, *second}) == 4


async def test_programme_in_one_language_falls_back_to_english_then_any(client: Client, manager: Client) -> None:
    track = await manager.made(f"{EDITION}/tracks", {"name": {"fr": "Solutions (fr)"}})
    await make_session(
        manager, title={"en": "One", "zh-Hans": "一"}, abstract={"en": "About", "fr": "À propos"}, track=track["id"]
    )
    await make_session(manager, title={"ru": "Два"}, starts_at="2023-12-14T08:00:00Z", ends_at=None)
    await publish_programme(manager)

    async def read(language: str) -> tuple[str, list[dict[str, str]]]:
        programme = (await client.get(PROGRAMME, params={"lang": language})).json()
        return programme["language"], [session["title"] for session in programme["sessions"]]

    assert await read("zh") == ("zh-Hans", [{"zh-Hans": "一"}, {"ru": "Два"}])
    assert await read("ZH-hans-cn") == await read("zh")
    assert await read("de") == ("en", [{"en": "One"}, {"ru": "Два"}])
    first = (await sessions_of(client, lang="fr-CH"))[0]
    assert (first["title"], first["abstract"], first["track"]["name"]) == (
        {"en": "One"},
        {"fr": "À propos"},
        {"fr": "Solutions (fr)"},
    )
    assert pointers(await client.get(PROGRAMME, params={"lang": "english please"})) == {("lang", "bad_parameter")}


async def test_programme_of_a_day_is_one_in_the_zone_of_the_edition(client: Client, manager: Client) -> None:
    for title, start, end in (
        ("Evening", "2023-12-13T20:00:00Z", "2023-12-13T23:00:00Z"),  # until midnight in Geneva
        ("Night", "2023-12-13T22:30:00Z", "2023-12-13T23:30:00Z"),
        ("Early", "2023-12-13T23:00:00Z", None),  # midnight in Geneva
    ):
        await make_session(manager, title={"en": title}, starts_at=start, ends_at=end)
    await make_session(manager, title={"en": "Day"}, starts_at=None, ends_at=None, held_on="2023-12-14")
    await make_session(manager, title={"en": "Some day"}, starts_at=None, ends_at=None)
    await publish_programme(manager)

    assert await titles(client, day="2023-12-13") == ["Evening", "Night"]
    assert await titles(client, day="2023-12-14") == ["Night", "Early", "Day"]
    assert await titles(client, day="2023-12-15") == []
    staff = [(await manager.get(SESSIONS, params={"day": f"2023-12-{day}"})).json()["items"] for day in (13, 14)]
    assert [[item["title"]["en"] for item in items] for items in staff] == [
        ["Evening", "Night"],
        ["Night", "Early", "Day"],
    ]
    assert pointers(await client.get(PROGRAMME, params={"day": "tomorrow"})) == {("day", "bad_parameter")}


async def test_programme_of_a_type_and_a_track(client: Client, manager: Client) -> None:
    track = await manager.made(f"{EDITION}/tracks", {"name": {"en": "Solutions"}})
    await make_session(manager, title={"en": "A"}, type="press", track=track["id"])
    await make_session(manager, title={"en": "B"}, starts_at="2023-12-14T08:00:00Z", ends_at=None)
    await publish_programme(manager)

    assert await titles(client, type="press") == ["A"]
    assert await titles(client, type="plenary") == ["B"]
    assert await titles(client, track=track["id"]) == ["A"]
    assert await titles(client, track=track["id"], type="plenary") == []


async def test_consent_taken_back_leaves_every_answer_at_once(client: Client, manager: Client) -> None:
    session = await make_session(manager)
    named = await make_speaker(manager, display_name="Amal Probe", published=True)
    unnamed = await make_speaker(manager, display_name="Nadia Hidden")
    invited = await make_speaker(manager, display_name="Ivo Invited", published=True)
    for speaker, status in ((named, "confirmed"), (unnamed, "confirmed"), (invited, "invited")):
        await make_appearance(manager, session, speaker, status)
    await publish_programme(manager)
    paths = [PROGRAMME, f"{PROGRAMME}?lang=en", f"{PROGRAMME}/releases/1", f"{EDITION}/speakers"]
    paths += [f"{EDITION}/programme.ics", f"{SESSIONS}/{session['id']}/calendar.ics"]
    before = {path: await client.get(path) for path in paths}
    assert [a["display_name"] for a in before[PROGRAMME].json()["sessions"][0]["appearances"]] == ["Amal Probe"]

    await manager.patch(f"{EDITION}/speakers/{named['id']}", {"published": False})

    for path in paths:
        answer = await client.get(path, headers={"If-None-Match": before[path].headers.get("ETag", "-")})
        assert b"Amal" not in answer.content
        assert b"Hidden" not in answer.content
        if b"Amal" in before[path].content:
            assert answer.status_code == 200, path
    assert (await client.get(f"{EDITION}/speakers/{named['id']}")).status_code == 404
    await manager.patch(f"{EDITION}/speakers/{named['id']}", {"published": True})
    assert (await client.get(PROGRAMME)).content == before[PROGRAMME].content


async def test_public_programme_tells_nothing_of_the_staff(client: Client, manager: Client) -> None:
    await make_session(manager, **session_fields(livestream_url="https://stream.example/raw", external_id="x-1"))
    await publish_programme(manager)

    text = (await client.get(PROGRAMME)).text

    assert "stream.example" not in text
    assert "x-1" not in text
    assert "manager@" not in text
