"""Speakers: what is kept of them, who sees it, and that their consent decides."""

from typing import Any
from uuid import uuid4

from tests.client import Client, pointers
from tests.factories import make_edition, make_registration, make_speaker

SPEAKERS = "/v1/editions/grf-2023/speakers"
SPAN = {"from": "2023-12-13T08:00:00Z", "until": "2023-12-13T10:00:00Z"}


async def make_entity(client: Client, name: str = "Mayors") -> dict[str, Any]:
    """An entity that can be spoken for."""
    admin = await client.as_role("admin")
    return await admin.made("/v1/entities", {"name": name, "category": "ngo"})


async def test_speaker_is_kept_as_given_and_unpublished_by_default(client: Client, manager: Client) -> None:
    entity = await make_entity(client)
    body = {
        "display_name": "محمد تجربة",
        "honorific": "H.E.",
        "function": "Mayor",
        "entity": entity["id"],
        "country": "CH",
        "biography": {"en": "Line\nline", "zh": "简介"},
        "external_id": "sp-1",
        "registration": (await make_registration(await client.as_role("admin")))["id"],
        "email": "m.tajriba@person.example",
        "language": "ar",
        "availabilities": [
            {"from": "2023-12-14T08:00:00Z", "until": "2023-12-14T10:00:00Z"},
            {"from": "2023-12-13T08:00:00+01:00", "until": "2023-12-13T11:00:00Z"},
            {"from": "2023-12-13T10:00:00Z", "until": "2023-12-13T12:00:00Z"},
        ],
    }

    answer = await manager.post(SPEAKERS, body)

    speaker = answer.json()
    times = [("2023-12-13T07:00:00Z", "2023-12-13T12:00:00Z"), ("2023-12-14T08:00:00Z", "2023-12-14T10:00:00Z")]
    assert speaker == body | {
        "id": speaker["id"], "published": False, "version": 1, "photo": None,
        "availabilities": [{"from": begin, "until": end} for begin, end in times],
    }  # fmt: skip
    assert answer.headers["Location"] == f"{SPEAKERS}/{speaker['id']}"
    assert (await manager.get(f"{SPEAKERS}/{speaker['id']}")).json() == speaker


async def test_speaker_with_many_faults_is_refused_with_each(manager: Client) -> None:
    structure = await manager.post(
        SPEAKERS,
        {
            "display_name": "a\r\nb",
            "country": "XX",
            "entity": "x",
            "biography": {},
            "published": 1,
            "age": 4,
            "email": "x@y@z",
            "language": "zzzzzzzzzz",
            "availabilities": [{"from": "2023-12-13T08:00:00"}],
        },
    )
    reference = await manager.post(SPEAKERS, {"display_name": "Amal", "entity": str(uuid4())})

    assert pointers(structure) == {
        ("/display_name", "control_character"),
        ("/country", "unknown_country"),
        ("/entity", "bad_format"),
        ("/biography", "too_short"),
        ("/published", "wrong_type"),
        ("/age", "unknown_field"),
        ("/email", "bad_email"),
        ("/language", "bad_format"),
        ("/availabilities/0/from", "timezone_missing"),
        ("/availabilities/0/until", "missing"),
    }
    backwards = {"from": "2023-12-13T08:00:00Z", "until": "2023-12-13T08:00:00Z"}
    span = await manager.post(SPEAKERS, {"display_name": "Amal", "availabilities": [backwards]})
    assert pointers(span) == {("/availabilities/0/until", "not_after_from")}
    assert pointers(reference) == {("/entity", "unknown_reference")}
    assert (await manager.get(SPEAKERS)).json()["items"] == []


async def test_only_who_looks_after_speakers_sees_those_who_have_not_agreed(client: Client, manager: Client) -> None:
    private = {"email": "leak@person.example", "language": "fr", "availabilities": [SPAN]}
    hidden = await make_speaker(manager, display_name="Nadia Hidden", external_id="h", **private)
    registration = (await make_registration(await client.as_role("admin")))["id"]
    named = await make_speaker(manager, published=True, registration=registration, **private)
    shown = {name: item for name, item in named.items() if name not in (*private, "registration")}
    assert len(named) == len(shown) + 4
    edition = (await client.get("/v1/editions/grf-2023")).json()
    other = await make_edition(client, slug="grf-other")
    strangers = [client, await client.as_person("someone@person.example")]
    strangers += [await client.as_role(role, edition["id"]) for role in ("analyst", "registrar", "checkin_staff")]
    strangers.append(await client.as_role("organizer", other["id"], email="stranger@staff.example"))
    strangers.append(await client.as_client(edition["id"], "programme:read"))

    for stranger in strangers:
        listed = (await stranger.get(SPEAKERS, params={"count": "true"})).json()
        assert (listed["items"], listed["total"]) == ([shown], 1)
        assert (await stranger.get(SPEAKERS, params={"external_id": "h"})).json()["items"] == []
        assert (await stranger.get(f"{SPEAKERS}/{hidden['id']}")).status_code == 404
        assert (await stranger.get(f"{SPEAKERS}/{named['id']}")).json() == shown
    for insider in (manager, await client.as_role("organizer", edition["id"])):
        assert (await insider.get(SPEAKERS)).json()["items"] == [hidden, named]
    assert (await manager.get(f"/v1/editions/grf-other/speakers/{named['id']}")).status_code == 404


async def test_speakers_of_a_draft_edition_are_seen_by_its_staff_only(client: Client) -> None:
    edition = await make_edition(client, "draft")
    manager = await client.as_role("programme_manager", edition["id"])
    speaker = await make_speaker(manager, published=True)

    assert (await client.get(SPEAKERS)).status_code == 404
    assert (await client.get(f"{SPEAKERS}/{speaker['id']}")).status_code == 404
    assert (await manager.get(SPEAKERS)).json()["items"] == [speaker]


async def test_patch_merges_clears_and_needs_the_version_that_was_read(manager: Client) -> None:
    speaker = await make_speaker(manager, honorific="Dr", biography={"en": "A", "fr": "B"})
    path = f"{SPEAKERS}/{speaker['id']}"

    change = {"honorific": None, "biography": {"fr": None, "ar": "ج"}}
    changed = await manager.patch(path, change, version=1)

    assert changed.json() == speaker | {"honorific": None, "biography": {"en": "A", "ar": "ج"}, "version": 2}
    stale = await manager.patch(path, {"published": True}, version=1)
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"')
    missing = await manager.request("PATCH", path, json={"published": True})
    assert missing.status_code == 428
    assert pointers(await manager.patch(path, {"biography": {"en": None, "ar": None}})) == {("/biography", "too_short")}
    assert pointers(await manager.patch(path, {"display_name": None})) == {("/display_name", "wrong_type")}
    assert (await manager.get(path)).json() == changed.json()
    assert pointers(await manager.patch(path, {"availabilities": None, "email": "x@y@z"})) == {
        ("/availabilities", "wrong_type"),
        ("/email", "bad_email"),
    }
    assert (await manager.patch(path, {"biography": None})).json()["biography"] is None


async def test_external_id_is_unique_in_its_edition(client: Client, manager: Client) -> None:
    await make_speaker(manager, external_id="sp-1")
    other = await make_edition(client, slug="grf-other")

    again = await manager.post(SPEAKERS, {"display_name": "Other", "external_id": "sp-1"})

    assert (again.status_code, again.json()["code"]) == (409, "external_id_taken")
    elsewhere = await client.as_role("organizer", other["id"])
    assert (await make_speaker(elsewhere, edition="grf-other", external_id="sp-1"))["external_id"] == "sp-1"


async def test_speakers_are_listed_in_pages_and_by_entity(client: Client, manager: Client) -> None:
    entity = await make_entity(client)
    made = [await make_speaker(manager, display_name=f"S {n}", entity=entity["id"] if n else None) for n in range(3)]

    first = (await manager.get(SPEAKERS, params={"limit": "2", "count": "true"})).json()
    second = (await manager.get(SPEAKERS, params={"cursor": first["next_cursor"]})).json()

    assert (first["items"] + second["items"], first["total"]) == (made, 3)
    assert (await manager.get(SPEAKERS, params={"entity": entity["id"]})).json()["items"] == made[1:]


async def test_analyst_cannot_change_speakers(client: Client, manager: Client) -> None:
    speaker = await make_speaker(manager, published=True)
    edition = (await client.get("/v1/editions/grf-2023")).json()
    analyst = await client.as_role("analyst", edition["id"])

    assert (await analyst.patch(f"{SPEAKERS}/{speaker['id']}", {"published": False})).status_code == 403
    assert (await client.patch(f"{SPEAKERS}/{speaker['id']}", {"published": False})).status_code == 401
    assert (await client.get(f"{SPEAKERS}/{speaker['id']}")).json()["published"] is True
