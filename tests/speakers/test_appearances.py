"""Appearances: who is in a session, in which order, and that nobody is in two places at once."""

import asyncio
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from forum.speakers.service import MOVES
from tests.client import Client, pointers
from tests.factories import make_appearance, make_edition, make_session, make_speaker

SESSIONS = "/v1/editions/grf-2023/sessions"
SLOT = {"starts_at": "2023-12-13T08:00:00Z", "ends_at": "2023-12-13T09:00:00Z"}


def path_of(appearance: dict[str, Any]) -> str:
    """Where an appearance is."""
    return f"{SESSIONS}/{appearance['session']}/appearances/{appearance['id']}"


async def test_appearance_is_an_invitation_that_comes_last(client: Client, manager: Client) -> None:
    session = await make_session(manager, "draft")
    first, second = await make_speaker(manager), await make_speaker(manager, display_name="Second")
    path = f"{SESSIONS}/{session['id']}/appearances"

    one = await manager.made(path, {"speaker": first["id"], "role": "chair", "order": 5})
    two = await manager.made(
        path, {"speaker": second["id"], "role": "statement", "on_behalf_of": "Cities", "allotted_seconds": 180}
    )

    assert one == {
        "id": one["id"],
        "session": session["id"],
        "speaker": first["id"],
        "role": "chair",
        "order": 5,
        "on_behalf_of": None,
        "allotted_seconds": None,
        "status": "invited",
        "invited_at": None,
        "version": 1,
    }
    assert (two["order"], two["on_behalf_of"], two["allotted_seconds"]) == (6, "Cities", 180)
    moved = (await manager.patch(path_of(two), {"order": 1}, version=1)).json()
    assert (await manager.get(path)).json()["items"] == [moved, one]
    page = (await manager.get(path, params={"limit": "1", "count": "true"})).json()
    assert (page["items"], page["total"]) == ([moved], 2)
    assert (await manager.get(path, params={"cursor": page["next_cursor"]})).json()["items"] == [one]
    assert (await client.get(path)).status_code == 401


async def test_speaker_appears_once_in_a_role_and_the_refusal_names_the_other(manager: Client) -> None:
    session, speaker = await make_session(manager, "draft"), await make_speaker(manager)
    path = f"{SESSIONS}/{session['id']}/appearances"
    first = await make_appearance(manager, session, speaker, "invited", role="chair")

    again = await manager.post(path, {"speaker": speaker["id"], "role": "chair"})
    other = await make_appearance(manager, session, speaker, "invited", role="keynote")
    into = await manager.patch(path_of(other), {"role": "chair"})

    for answer in (again, into):
        assert (answer.status_code, answer.json()["code"], answer.json()["id"]) == (409, "already_appears", first["id"])
    assert (await manager.patch(path_of(other), {"role": "keynote", "order": 9})).status_code == 200
    parallel = await asyncio.gather(
        *(manager.post(path, {"speaker": speaker["id"], "role": "moderator"}) for _ in range(8))
    )
    made = [answer.json()["id"] for answer in parallel if answer.status_code == 201]
    assert len(made) == 1
    assert {answer.json()["id"] for answer in parallel if answer.status_code == 409} == set(made)


async def test_appearance_needs_a_session_and_a_speaker_of_its_edition(client: Client, manager: Client) -> None:
    session, speaker = await make_session(manager, "draft"), await make_speaker(manager)
    other = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("organizer", other["id"])
    foreign = await make_speaker(stranger, edition="grf-other")
    body = {"speaker": speaker["id"], "role": "chair"}

    assert (await manager.post(f"{SESSIONS}/{uuid4()}/appearances", body)).status_code == 404
    assert (
        await stranger.post(f"/v1/editions/grf-other/sessions/{session['id']}/appearances", body)
    ).status_code == 404
    for unknown in (foreign["id"], str(uuid4())):
        answer = await manager.post(f"{SESSIONS}/{session['id']}/appearances", body | {"speaker": unknown})
        assert pointers(answer) == {("/speaker", "unknown_reference")}
    assert pointers(
        await manager.post(f"{SESSIONS}/{session['id']}/appearances", {"role": "star", "order": 0, "status": "spoke"})
    ) == {
        ("/speaker", "missing"),
        ("/role", "unknown_value"),
        ("/order", "too_small"),
        ("/status", "unknown_field"),
    }


@pytest.mark.parametrize("moves", list(permutations(MOVES, 2)))
async def test_appearance_moves_as_the_table_says_and_else_names_what_is_allowed(
    manager: Client, moves: tuple[str, ...]
) -> None:
    session, speaker = await make_session(manager, "draft"), await make_speaker(manager)
    appearance = await make_appearance(manager, session, speaker, "invited")
    status, version = "invited", 1
    for move in (moves[0], moves[0], moves[1]):
        answer = await manager.post(f"{path_of(appearance)}/{move}")
        sources, target = MOVES[move]  # type: ignore[index]
        if status in sources:
            status, version = target, version + 1
            assert (answer.status_code, answer.json()) == (200, appearance | {"status": status, "version": version})
        else:
            problem = answer.json()
            assert (problem["status"], problem["code"]) == (409, "wrong_status")
            assert problem["allowed"] == [name for name, (states, _) in MOVES.items() if status in states]


async def test_change_of_an_appearance_needs_the_version_that_was_read(manager: Client) -> None:
    session, speaker = await make_session(manager, "draft"), await make_speaker(manager)
    appearance = await make_appearance(manager, session, speaker, "invited", on_behalf_of="Cities")

    changed = await manager.patch(path_of(appearance), {"on_behalf_of": None, "allotted_seconds": 90}, version=1)

    assert changed.json() == appearance | {"on_behalf_of": None, "allotted_seconds": 90, "version": 2}
    assert (await manager.patch(path_of(appearance), {"order": 3}, version=1)).status_code == 412
    assert (await manager.request("PATCH", path_of(appearance), json={"order": 3})).status_code == 428
    assert pointers(await manager.patch(path_of(appearance), {"speaker": speaker["id"], "role": None})) == {
        ("/speaker", "unknown_field"),
        ("/role", "wrong_type"),
    }


async def test_twenty_simultaneous_confirms_of_one_speaker_leave_exactly_one(manager: Client) -> None:
    speaker = await make_speaker(manager)
    sessions = [await make_session(manager, **SLOT) for _ in range(20)]
    invited = [await make_appearance(manager, session, speaker, "invited") for session in sessions]

    answers = await asyncio.gather(*(manager.post(f"{path_of(appearance)}/confirm") for appearance in invited))

    winners = [answer.json()["session"] for answer in answers if answer.status_code == 200]
    refusals = [answer.json() for answer in answers if answer.status_code != 200]
    assert len(winners) == 1
    assert [(refusal["status"], refusal["code"], refusal["id"]) for refusal in refusals] == (
        [(409, "speaker_double_booked", winners[0])] * 19
    )
    for appearance in invited:
        shown = (await manager.get(path_of(appearance))).json()
        assert shown["status"] == ("confirmed" if shown["session"] in winners else "invited")


async def test_speaker_may_be_confirmed_where_times_only_touch_or_are_not_known(manager: Client) -> None:
    speaker = await make_speaker(manager)
    sessions = [
        await make_session(manager, **SLOT),
        await make_session(manager, starts_at="2023-12-13T09:00:00Z", ends_at=None),
        await make_session(manager, starts_at=None, ends_at=None),
        await make_session(manager, starts_at=None, ends_at=None, held_on="2023-12-13"),
        await make_session(manager, "draft", **SLOT),
        await make_session(manager, "cancelled", **SLOT),
    ]

    for session in sessions:
        assert (await make_appearance(manager, session, speaker))["status"] == "confirmed"
    for session, move in ((sessions[4], "confirm"), (sessions[5], "confirm")):
        answer = await manager.post(f"{SESSIONS}/{session['id']}/{move}")
        assert (answer.status_code, answer.json()["id"]) == (409, sessions[0]["id"])


@pytest.fixture
async def organizer(client: Client, manager: Client) -> Client:
    """An organizer of the edition, who may go on in spite of a conflict."""
    edition = (await manager.get("/v1/editions/grf-2023")).json()
    return await client.as_role("organizer", edition["id"])


async def put_level(organizer: Client, **levels: str) -> None:
    """Let the edition decide otherwise about some conflicts."""
    path = "/v1/editions/grf-2023/programme/conflict-rules"
    rules = {name: level for name, level in (await organizer.get(path)).json().items() if name != "version"}
    answer = await organizer.request("PUT", path, json=rules | levels, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def test_organizer_confirms_who_is_elsewhere_in_one_step_and_the_reason_is_kept(
    manager: Client, organizer: Client
) -> None:
    speaker = await make_speaker(manager)
    first, second = await make_session(manager, **SLOT), await make_session(manager, **SLOT)
    await make_appearance(manager, first, speaker)
    invited = await make_appearance(manager, second, speaker, "invited", role="chair")
    path, wanted = f"{path_of(invited)}/confirm", {"override": "true", "reason": "Speaks first, then walks over"}

    refused = await organizer.post(path)
    barred = await manager.post(path, params=wanted)
    silent = [await organizer.post(path, params=wanted | {"reason": reason}) for reason in ("", " ", "a\r\nb")]
    passed = await organizer.post(path, params=wanted)
    again = await organizer.post(path, params=wanted)

    assert (refused.status_code, refused.json()["code"], refused.json()["id"]) == (
        409, "chair_double_booked", first["id"],
    )  # fmt: skip
    assert barred.status_code == 403
    assert [pointers(answer) for answer in silent] == [
        {("reason", "missing")}, {("reason", "missing")}, {("reason", "control_character")},
    ]  # fmt: skip
    assert (passed.status_code, passed.json()["status"]) == (200, "confirmed")
    assert [(clash["rule"], clash["sessions"]) for clash in passed.json()["warnings"]] == [
        ("chair_double_booked", [second["id"], first["id"]])
    ]
    assert (again.status_code, again.json()["code"]) == (409, "wrong_status")
    kept = (await organizer.get("/v1/editions/grf-2023/programme/conflict-overrides")).json()["items"]
    assert [(one["session"], one["other_session"], one["subject"], one["reason"]) for one in kept] == [
        (second["id"], first["id"], speaker["id"], "Speaks first, then walks over")
    ]


async def test_conflict_that_the_edition_warns_of_is_told_with_the_confirmation(
    manager: Client, organizer: Client
) -> None:
    await put_level(organizer, speaker_double_booked="warn")
    speaker = await make_speaker(manager)
    first, second = await make_session(manager, **SLOT), await make_session(manager, **SLOT)
    await make_appearance(manager, first, speaker)
    invited = await make_appearance(manager, second, speaker, "invited")

    confirmed = await manager.made(f"{path_of(invited)}/confirm", None)
    chair = await manager.patch(path_of(invited), {"role": "chair"})

    assert [(clash["rule"], clash["level"]) for clash in confirmed["warnings"]] == [("speaker_double_booked", "warn")]
    assert (chair.status_code, chair.json()["code"], chair.json()["id"]) == (409, "chair_double_booked", first["id"])
    assert (await manager.get(path_of(invited))).json()["role"] == "panellist"
    wanted = {"override": "true", "reason": "Nobody else can"}
    passed = await organizer.patch(path_of(invited), {"role": "chair"}, params=wanted)
    assert (passed.status_code, passed.json()["role"]) == (200, "chair")
