"""Whoever registers themselves may name a delegation, and has none of its places until somebody of it agrees."""

from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, registration_fields
from tests.registrations.test_lines import EDITION, counters, make_delegation, make_hall

HEADERS = [{}, {"Idempotency-Key": "one"}]


async def register_self(client: Client, name: str, delegation: str | None, **changes: Any) -> dict[str, Any]:
    """What somebody gets who registers themselves."""
    address = f"{name}@delegates.example"
    person, headers = await client.as_person(address), changes.pop("headers", {})
    fields = registration_fields(address, delegation=delegation, **changes)
    answer = await person.post(REGISTRATIONS, fields, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("headers", HEADERS, ids=["at the desk", "alone"])
async def test_stranger_takes_nothing_of_a_delegation_until_its_focal_point_agrees(
    client: Client, conn: Connection, headers: dict[str, str]
) -> None:
    _, registrar = await make_hall(client, 5, approval="automatic")
    own, other = await make_delegation(registrar, 1), await make_delegation(registrar, 1, "State of Chad")
    edition = (await registrar.get(EDITION)).json()
    focal_point = await client.as_focal_point(own, edition["id"])
    stranger = await client.as_focal_point(other, edition["id"], "other@staff.example")

    asked = await register_self(client, "amina", own, headers=headers)

    assert (asked["status"], asked["waits_for"], asked["source"]) == ("submitted", None, "self")
    assert await conn.fetchval("SELECT sum(taken)::integer FROM quotas") == 0
    assert (await counters(conn))["in_person"] == (0, 0)
    path = f"{REGISTRATIONS}/{asked['id']}"
    assert (await stranger.post(f"{path}/approve")).status_code == 404
    amina = await client.as_person("amina@delegates.example")
    assert (await amina.post(f"{path}/approve")).status_code == 403
    listed = (await focal_point.get(REGISTRATIONS, params={"status": "submitted"})).json()["items"]
    assert [one["id"] for one in listed] == [asked["id"]]
    assert (await focal_point.made(f"{path}/approve", {}))["status"] == "approved"
    second = await register_self(client, "bei", own)
    assert (await registrar.made(f"{REGISTRATIONS}/{second['id']}/approve", {}))["status"] == "waitlisted"
    third = await register_self(client, "chidi", own)
    assert (await focal_point.made(f"{REGISTRATIONS}/{third['id']}/decline", {}))["status"] == "declined"


@pytest.mark.parametrize(
    ("quota", "mode", "has_focal_point", "status"),
    [
        (None, "in_person", False, "approved"),
        (3, "in_person", False, "submitted"),
        (3, "online", False, "submitted"),
        (None, "in_person", True, "submitted"),
        (None, "online", True, "submitted"),
    ],
)
async def test_delegation_is_guarded_by_its_focal_point_or_its_quota(
    client: Client, quota: int | None, mode: str, has_focal_point: bool, status: str
) -> None:
    _, registrar = await make_hall(client, 5, approval="automatic")
    delegation = await make_delegation(registrar, quota)
    edition = (await registrar.get(EDITION)).json()
    if has_focal_point:
        await client.as_focal_point(delegation, edition["id"])
    frontend = await client.as_client(edition["id"], "registrations:create")

    asked = await register_self(client, "amina", delegation, mode=mode)
    free = await register_self(client, "bei", None, mode=mode)
    sent = await frontend.made(REGISTRATIONS, registration_fields("c@d.example", delegation=delegation, mode=mode))

    assert (asked["status"], free["status"], sent["status"]) == (status, "approved", "approved")


async def test_who_waits_for_a_word_may_come_online_meanwhile_once_it_is_given(
    client: Client, conn: Connection, clock: Timeline
) -> None:
    _, registrar = await make_hall(client, 0, approval="automatic")
    delegation = await make_delegation(registrar, 1)
    edition = (await registrar.get(EDITION)).json()
    focal_point = await client.as_focal_point(delegation, edition["id"])
    asked = await register_self(client, "amina", delegation, online_while_waiting=True)
    clock.forward(hours=1)

    agreed = await focal_point.made(f"{REGISTRATIONS}/{asked['id']}/approve", {})

    assert (asked["status"], asked["mode"]) == ("submitted", "in_person")
    assert (agreed["status"], agreed["mode"], agreed["waits_for"]) == ("approved", "online", "in_person")
    assert await counters(conn) == {"in_person": (0, 0), "online": (1, 0)}
