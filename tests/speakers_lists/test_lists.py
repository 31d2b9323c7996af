"""A list as a whole: its sessions, its window, who sees it, and that it may be too long."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_session
from tests.speakers_lists.conftest import EDITION, WINDOW, Json, ask, list_of, make_list, put_list


async def test_list_is_made_with_the_statement_seconds_of_the_edition(manager: Client, plenary: Json) -> None:
    answer = await put_list(manager, plenary, version=0)

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert answer.json() == WINDOW | {
        "id": answer.json()["id"], "session": plenary["id"], "continued_in": [], "delegation_seconds": 180,
        "group_seconds": 300, "extra_seconds": 60, "changeover_seconds": 30, "published": False, "allotted_seconds": 0,
        "available_seconds": 4 * 3600, "version": 1, "open": True, "warnings": [],
    }  # fmt: skip
    assert (await manager.get(list_of(plenary))).json() == answer.json()


async def test_list_is_the_same_from_each_of_its_sessions(manager: Client, plenary: Json, second_plenary: Json) -> None:
    made = await make_list(manager, plenary, continued_in=[second_plenary["id"]])

    assert (await manager.get(list_of(second_plenary))).json() == made
    assert (made["available_seconds"], made["session"]) == (7 * 3600, plenary["id"])
    shorter = await manager.patch(list_of(second_plenary), {"continued_in": [], "extra_seconds": 90}, 1)
    assert (shorter.status_code, shorter.json()["continued_in"], shorter.json()["extra_seconds"]) == (200, [], 90)
    assert (await manager.get(list_of(second_plenary))).status_code == 404


async def test_change_needs_the_version_that_is_there(manager: Client, plenary: Json) -> None:
    await make_list(manager, plenary)

    stale = await put_list(manager, plenary, version=0)
    patched = await manager.patch(list_of(plenary), {"published": True}, 7)
    unconditional = await manager.request("PUT", list_of(plenary), json=WINDOW)

    assert [answer.status_code for answer in (stale, patched, unconditional)] == [412, 412, 428]
    assert (await manager.patch(list_of(plenary), {"published": True}, 1)).json()["version"] == 2


async def test_session_has_one_list(manager: Client, plenary: Json, second_plenary: Json) -> None:
    await make_list(manager, second_plenary)

    answer = await put_list(manager, plenary, continued_in=[second_plenary["id"]])

    assert (answer.status_code, answer.json()["code"], answer.json()["id"]) == (
        409, "session_has_list", second_plenary["id"],
    )  # fmt: skip
    assert (await manager.get(list_of(plenary))).status_code == 404


async def test_lists_made_at_once_for_the_same_sessions_leave_one(
    manager: Client, plenary: Json, second_plenary: Json
) -> None:
    pairs = [(plenary, second_plenary), (second_plenary, plenary)] * 8
    answers = await asyncio.gather(*(put_list(manager, one, version=0, continued_in=[]) for one, _ in pairs))
    spread = await asyncio.gather(*(put_list(manager, one, continued_in=[other["id"]]) for one, other in pairs))

    assert sorted(answer.status_code for answer in answers) == [200, 200] + [412] * 14
    assert {answer.status_code for answer in spread} <= {409, 422}  # the second one begins later
    assert [(await manager.get(list_of(one))).json()["version"] for one in (plenary, second_plenary)] == [1, 1]


async def test_every_fault_of_a_list_is_named(manager: Client, plenary: Json, second_plenary: Json) -> None:
    bad = await put_list(
        manager, plenary, opens_at="2023-12-02T08:00:00Z", closes_at="2023-12-01T08:00:00Z", delegation_seconds=0,
        group_seconds="300", extra_seconds=-1, changeover_seconds=9999, published=None, continued_in=["x"], color="red",
    )  # fmt: skip
    crossed = await put_list(
        manager, plenary, opens_at=WINDOW["closes_at"], continued_in=[second_plenary["id"], second_plenary["id"]]
    )
    lost = await put_list(manager, second_plenary, continued_in=[str(uuid4()), second_plenary["id"], plenary["id"]])
    no_window = await manager.request("PUT", list_of(plenary), json={"opens_at": "CET"}, headers={"If-Match": "*"})

    assert pointers(bad) == {
        ("/delegation_seconds", "too_small"), ("/group_seconds", "wrong_type"), ("/extra_seconds", "too_small"),
        ("/changeover_seconds", "too_large"), ("/published", "wrong_type"), ("/continued_in/0", "bad_format"),
        ("/color", "unknown_field"),
    }  # fmt: skip
    assert pointers(crossed) == {("/closes_at", "not_after_start"), ("/continued_in/1", "duplicate")}
    assert pointers(lost) == {
        ("/continued_in/0", "unknown_reference"), ("/continued_in/1", "duplicate"), ("/continued_in/2", "not_in_order"),
    }  # fmt: skip
    assert pointers(no_window) == {("/opens_at", "bad_format"), ("/closes_at", "missing")}
    assert (await manager.get(list_of(plenary))).status_code == 404


async def test_patch_that_leaves_a_bad_window_is_refused(manager: Client, plenary: Json) -> None:
    await make_list(manager, plenary)

    answer = await manager.patch(list_of(plenary), {"closes_at": WINDOW["opens_at"]})

    assert pointers(answer) == {("/closes_at", "not_after_start")}


async def test_session_of_another_edition_has_no_list_here(client: Client, manager: Client, plenary: Json) -> None:
    await make_edition(client, slug="grf-2027")
    admin = await client.as_role("admin")
    elsewhere = await make_session(admin, edition="grf-2027")

    assert (await put_list(manager, elsewhere)).status_code == 404
    assert pointers(await put_list(manager, plenary, continued_in=[elsewhere["id"]])) == {
        ("/continued_in/0", "unknown_reference")
    }


async def test_more_than_the_sessions_have_is_a_warning(manager: Client, plenary: Json, clock: Timeline) -> None:
    await make_list(manager, plenary, delegation_seconds=3600, group_seconds=7200)
    for name in ("A", "B"):
        assert (await ask(manager, plenary, name))["warnings"] == []

    last = await ask(manager, plenary, "C", on_behalf_of="Group of 77", needs_more_time=True)

    assert last["warnings"] == [
        {"code": "overflows", "detail": "More seconds are allotted than the sessions have.", "overflow_seconds": 60}
    ]
    there = (await manager.get(list_of(plenary))).json()
    assert (there["warnings"], there["allotted_seconds"]) == (last["warnings"], 4 * 3600 + 60)


@pytest.mark.parametrize(
    ("status", "published", "seen"),
    [("confirmed", False, (404, 404)), ("confirmed", True, (200, 200)), ("draft", True, (404, 404))],
)
async def test_list_is_seen_by_everybody_once_it_is_published(
    client: Client, manager: Client, status: str, published: bool, seen: tuple[int, int]
) -> None:
    session = await make_session(manager, status)
    await make_list(manager, session, published=published)
    stranger = await client.as_person("stranger@else.example")

    assert (
        (await client.get(list_of(session))).status_code,
        (await stranger.get(list_of(session))).status_code,
    ) == seen
    assert (await client.get(f"{list_of(session)}/live")).status_code == seen[0]
    assert (await manager.get(f"{list_of(session)}/live")).status_code == 200


async def test_who_may_ask_for_the_floor_sees_an_unpublished_list(
    client: Client, manager: Client, delegate: Client, chad: Json, edition: Json, plenary: Json
) -> None:
    await make_list(manager, plenary)
    focal = await client.as_focal_point(chad["id"], edition["id"])

    assert [(await who.get(list_of(plenary))).status_code for who in (delegate, focal)] == [200, 200]


async def test_only_who_looks_after_the_programme_changes_a_list(
    client: Client, manager: Client, registrar: Client, delegate: Client, plenary: Json
) -> None:
    await make_list(manager, plenary)
    other = await make_edition(client, slug="grf-2027")
    stranger: Any = await client.as_role("programme_manager", other["id"], "other@staff.example")

    for caller in (registrar, delegate, stranger):
        assert (await put_list(caller, plenary)).status_code == 403
        assert (await caller.patch(list_of(plenary), {"published": True})).status_code == 403
    assert (await stranger.get(f"{EDITION}/sessions/{plenary['id']}/speakers-list")).status_code == 404
