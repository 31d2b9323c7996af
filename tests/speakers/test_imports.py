"""Imports of speakers and of their appearances, which are told apart by session, speaker and role."""

from typing import Any
from uuid import uuid4

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import make_appearance, make_edition, make_session, make_speaker, publish_programme
from tests.programme.test_imports import read_all, send, send_table, told

EDITION = "/v1/editions/grf-2023"
SPEAKERS, APPEARANCES = f"{EDITION}/speakers", f"{EDITION}/appearances"


async def appearances_of(manager: Client, session: dict[str, Any]) -> list[dict[str, Any]]:
    """Who appears in a session."""
    items: list[dict[str, Any]] = (
        await manager.get(f"{EDITION}/sessions/{session['id']}/appearances", params={"limit": "200"})
    ).json()["items"]
    return items


async def test_speakers_are_made_changed_and_left_as_they_are(client: Client, manager: Client) -> None:
    admin = await client.as_role("admin")
    entity = await admin.made("/v1/entities", {"name": "Mayors", "category": "ngo", "external_id": "org"})
    table = (
        "external_id,display_name,honorific,entity,country,biography_ar,biography_en,published\n"
        "خ-١,محمد تجربة,H.E.,external:org,CH,سيرة,Life,TRUE\n"
        "b,Amal Probe,,,,,,\n"
    ).encode()

    made, again = await send_table(manager, SPEAKERS, table), await send_table(manager, SPEAKERS, table)
    changed = await send(manager, SPEAKERS, {"external_id": "b", "country": "TN"}, {"external_id": "خ-١"})

    assert told(made.json()) == [("created", [])] * 2
    assert told(again.json()) == [("unchanged", [])] * 2
    assert told(changed) == [("updated", []), ("unchanged", [])]
    speakers = await read_all(manager, SPEAKERS)
    first = speakers["خ-١"]
    assert (first["display_name"], first["entity"], first["published"]) == ("محمد تجربة", entity["id"], True)
    assert first["biography"] == {"ar": "سيرة", "en": "Life"}
    assert (speakers["b"]["display_name"], speakers["b"]["country"], speakers["b"]["version"]) == (
        "Amal Probe",
        "TN",
        2,
    )


async def test_bad_speakers_are_refused_with_their_faults(manager: Client) -> None:
    results = await send(
        manager,
        SPEAKERS,
        {"external_id": "a", "display_name": "a\r\nb", "country": "XX", "published": 1, "age": 4},
        {"external_id": "b", "display_name": "B", "entity": str(uuid4())},
        {"external_id": "c", "display_name": "C", "entity": "external:nobody"},
        {"external_id": "d"},
        {"external_id": "e", "display_name": "E"},
    )

    assert set(told(results)[0][1]) == {
        "/display_name control_character", "/country unknown_country", "/published wrong_type", "/age unknown_field",
    }  # fmt: skip
    assert told(results)[1:] == [
        ("refused", ["/entity unknown_reference"]),
        ("refused", ["/entity unknown_reference"]),
        ("refused", ["/display_name missing"]),
        ("created", []),
    ]
    assert set(await read_all(manager, SPEAKERS)) == {"e"}


async def test_speaker_whose_consent_is_taken_back_by_a_row_is_not_named_any_more(
    client: Client, manager: Client
) -> None:
    speaker = await make_speaker(manager, external_id="a", published=True)
    await make_appearance(manager, await make_session(manager), speaker)
    await publish_programme(manager)
    before = await client.get(f"{EDITION}/programme")

    await send(manager, SPEAKERS, {"external_id": "a", "published": False}, dry_run="true")
    rehearsed = await client.get(f"{EDITION}/programme")
    await send(manager, SPEAKERS, {"external_id": "a", "published": False})

    assert ("Amal Probe" in before.text, "Amal Probe" in rehearsed.text) == (True, True)
    assert "Amal Probe" not in (await client.get(f"{EDITION}/programme")).text


async def test_appearances_are_made_changed_and_left_as_they_are(manager: Client) -> None:
    session = await make_session(manager, external_id="s")
    amal, bo = await make_speaker(manager, external_id="a"), await make_speaker(manager, external_id="b")
    table = (
        "session,speaker,role,order,on_behalf_of,allotted_seconds\n"
        f"external:s,external:b,chair,,,\n{session['id']},external:a,panellist,5,السودان,180\n"
    ).encode()

    made, again = await send_table(manager, APPEARANCES, table), await send_table(manager, APPEARANCES, table)
    changed = await send(
        manager,
        APPEARANCES,
        {"session": "external:s", "speaker": amal["id"], "role": "panellist", "on_behalf_of": None, "order": None},
        {"session": "external:s", "speaker": "external:a", "role": "keynote"},
    )

    assert told(made.json()) == [("created", [])] * 2
    assert told(again.json()) == [("unchanged", [])] * 2
    assert told(changed) == [("updated", []), ("created", [])]
    found = [(a["speaker"], a["role"], a["order"], a["on_behalf_of"]) for a in await appearances_of(manager, session)]
    assert found == [(bo["id"], "chair", 1, None), (amal["id"], "panellist", 5, None), (amal["id"], "keynote", 6, None)]


async def test_bad_appearances_are_refused_and_keep_no_good_one_out(client: Client, manager: Client) -> None:
    await make_edition(client, slug="grf-other")
    session, speaker = await make_session(manager, external_id="s"), await make_speaker(manager, external_id="a")
    elsewhere = await make_session(await client.as_role("admin"), edition="grf-other", external_id="other")
    good = {"session": "external:s", "speaker": "external:a", "role": "chair"}
    rows: list[Any] = [
        good,
        {"session": session["id"], "speaker": speaker["id"], "role": "chair", "order": 3},
        good | {"session": "external:other", "speaker": "external:nobody", "role": "singer"},
        good | {"session": elsewhere["id"]},
        good | {"speaker": str(uuid4())},
        good | {"role": "keynote", "order": 0, "seconds": 9},
        {},
        7,
    ]

    results = await send(manager, APPEARANCES, *rows)
    refused = await manager.request(
        "POST", f"{APPEARANCES}:import", json={"rows": rows[3:5]}, params={"atomic": "true"}
    )

    assert told(results) == [
        ("created", []),
        ("refused", ["/role duplicate"]),
        ("refused", ["/session unknown_reference", "/speaker unknown_reference", "/role unknown_value"]),
        ("refused", ["/session unknown_reference"]),
        ("refused", ["/speaker unknown_reference"]),
        ("refused", told(results)[5][1]),
        ("refused", ["/speaker missing", "/role missing", "/session missing"]),
        ("refused", [" wrong_type"]),
    ]
    assert set(told(results)[5][1]) == {"/seconds unknown_field", "/order too_small"}
    assert pointers(refused) == {("/rows/0/session", "unknown_reference"), ("/rows/1/speaker", "unknown_reference")}
    assert len(await appearances_of(manager, session)) == 1


async def test_dry_run_writes_nothing_and_only_who_writes_the_programme_imports(
    client: Client, manager: Client, conn: Connection
) -> None:
    edition = (await client.get(EDITION)).json()
    registrar = await client.as_role("registrar", edition["id"])
    await make_session(manager, external_id="s")
    await make_speaker(manager, external_id="a")
    appearance = {"session": "external:s", "speaker": "external:a", "role": "chair"}

    speakers = await send(manager, SPEAKERS, {"external_id": "b", "display_name": "B"}, dry_run="true")
    appearances = await send(manager, APPEARANCES, appearance, dry_run="true")
    denied = [
        (await registrar.post(f"{collection}:import", {"rows": [appearance]})).status_code
        for collection in (SPEAKERS, APPEARANCES)
    ]

    assert (told(speakers), told(appearances), denied) == ([("created", [])], [("created", [])], [403, 403])
    counts = "SELECT (SELECT count(*) FROM speakers), (SELECT count(*) FROM appearances)"
    assert tuple(await conn.fetchrow(counts)) == (1, 0)
