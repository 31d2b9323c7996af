"""Who is confirmed to speak in a session holds its calendar entry, whoever else is asked to it."""

from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client
from tests.factories import make_appearance, make_booking, make_session, make_speaker, publish_programme
from tests.workers.conftest import Plan
from tests.workers.test_planning_bookings import asked_for


@pytest.fixture
async def briefing(manager: Client) -> dict[str, Any]:
    """A published session that no delegate is asked to."""
    made = await make_session(manager, access="media", mode="in_person", type="press")
    await publish_programme(manager)
    return made


async def move(manager: Client, appearance: dict[str, Any], what: str) -> None:
    """Confirm or withdraw an appearance."""
    path = f"/v1/editions/grf-2023/sessions/{appearance['session']}/appearances/{appearance['id']}"
    await manager.made(f"{path}/{what}", None)


async def test_confirmed_appearance_brings_the_entry_and_its_end_takes_it_away(
    manager: Client, conn: Connection, plan: Plan, amina: dict[str, Any], briefing: dict[str, Any]
) -> None:
    speaker = await make_speaker(manager, registration=amina["id"])
    appearance = await make_appearance(manager, briefing, speaker, "invited")
    await asked_for(conn)
    assert await plan(amina) == 0

    await move(manager, appearance, "confirm")
    assert await asked_for(conn) == [amina["id"]]
    assert await plan(amina) == 1
    await plan.mark("sent")
    assert await plan(amina) == 0

    await move(manager, appearance, "withdraw")
    assert await asked_for(conn) == [amina["id"]]
    assert await plan(amina) == 1
    assert [mail[1] for mail in await plan.mails()] == ["REQUEST", "CANCEL"]


async def test_two_roles_and_a_booking_are_one_entry(manager: Client, plan: Plan, amina: dict[str, Any]) -> None:
    table = await make_session(manager, access="booking", in_person_capacity=3)
    later = {"starts_at": "2023-12-14T12:00:00Z", "ends_at": "2023-12-14T13:00:00Z"}
    plenary = await make_session(manager, access="registered", mode="hybrid", **later)
    await publish_programme(manager)
    speaker = await make_speaker(manager, registration=amina["id"])
    for session in (table, plenary):
        for role in ("chair", "panellist"):
            await make_appearance(manager, session, speaker, role=role)
    assert await plan(amina) == 2

    await make_booking(manager, table, amina)

    assert await plan(amina) == 0


async def test_speaker_who_becomes_another_registrations_takes_the_entry_along(
    manager: Client, conn: Connection, plan: Plan, amina: dict[str, Any], briefing: dict[str, Any]
) -> None:
    speaker = await make_speaker(manager)
    await make_appearance(manager, briefing, speaker)
    assert await plan(amina) == 0
    await asked_for(conn)
    path = f"/v1/editions/grf-2023/speakers/{speaker['id']}"

    assert (await manager.patch(path, {"registration": amina["id"]})).status_code == 200
    assert await asked_for(conn) == [amina["id"]]
    assert await plan(amina) == 1
    await plan.mark("sent")

    assert (await manager.patch(path, {"registration": None})).status_code == 200
    assert await asked_for(conn) == [amina["id"]]
    assert await plan(amina) == 1
