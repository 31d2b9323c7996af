"""Who has a place in a session that is to be booked holds its calendar entry, for as long as they have it."""

from typing import Any
from uuid import UUID

import pytest

from forum import outbox
from forum.db import Connection
from forum.jobs import InviteRegistration
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import bookings_of, make_booking, make_registration, make_session, publish_programme
from tests.workers.conftest import Plan

AMINA, BEI = "amina@delegates.example", "bei@delegates.example"


@pytest.fixture
async def session(manager: Client) -> dict[str, Any]:
    """A published session with one place in the hall."""
    made = await make_session(manager, access="booking", in_person_capacity=1)
    await publish_programme(manager)
    return made


async def asked_for(conn: Connection) -> list[str]:
    """For whom invitations are to be planned, and forget it."""
    rows = await conn.fetch(
        "WITH gone AS (DELETE FROM outbox RETURNING id, payload) SELECT payload ->> 'registration_id' FROM gone "
        "WHERE payload ->> 'kind' = 'invite_registration' ORDER BY id"
    )
    return [row[0] for row in rows]


async def test_place_brings_the_entry_and_its_loss_takes_it_away(
    manager: Client, plan: Plan, amina: dict[str, Any], session: dict[str, Any], clock: Timeline
) -> None:
    bei = await make_registration(manager, BEI)
    assert await plan(amina, bei) == 0
    booking = await make_booking(manager, session, amina)
    await make_booking(manager, session, bei)

    assert await plan(amina, bei) == 1
    await plan.mark("sent")
    assert await plan(amina, bei) == 0
    clock.forward(hours=1)
    await manager.made(f"{bookings_of(session)}/{booking['id']}/cancel", None)
    assert await plan(amina, bei) == 2

    assert sorted(await plan.mails()) == [
        (AMINA, "CANCEL", 0, "queued"), (AMINA, "REQUEST", 0, "sent"), (BEI, "REQUEST", 0, "queued"),
    ]  # fmt: skip
    stamps = await plan.conn.fetch("SELECT payload ->> 'stamp' FROM messages WHERE status = 'queued'")
    assert {row[0] for row in stamps} == {"2023-11-01T10:00:00+00:00"}


async def test_who_books_again_is_asked_again(
    manager: Client, plan: Plan, amina: dict[str, Any], session: dict[str, Any], clock: Timeline
) -> None:
    booking = await make_booking(manager, session, amina)
    await plan(amina)
    await plan.mark("sent")
    await manager.made(f"{bookings_of(session)}/{booking['id']}/cancel", None)
    await plan(amina)
    await plan.mark("sent")
    clock.forward(hours=1)
    await make_booking(manager, session, amina)

    assert await plan(amina) == 1

    assert [mail[1] for mail in await plan.mails()] == ["REQUEST", "CANCEL", "REQUEST"]


async def test_cancelled_session_is_taken_out_before_the_next_release_and_once(
    manager: Client, plan: Plan, amina: dict[str, Any], session: dict[str, Any]
) -> None:
    await make_booking(manager, session, amina)
    await plan(amina)
    await plan.mark("sent")
    await manager.made(f"/v1/editions/grf-2023/sessions/{session['id']}/cancel", None)

    assert await plan(amina) == 1
    await plan.mark("sent")
    await publish_programme(manager)
    assert await plan(amina) == 0

    assert [mail[1] for mail in await plan.mails()] == ["REQUEST", "CANCEL"]


async def test_everybody_whose_place_changes_hands_is_planned_for(
    manager: Client, conn: Connection, amina: dict[str, Any], session: dict[str, Any]
) -> None:
    bei, chidi = [await make_registration(manager, address) for address in (BEI, "chidi@delegates.example")]
    await asked_for(conn)

    await make_booking(manager, session, amina)
    for waiting in (bei, chidi):
        await make_booking(manager, session, waiting)
    assert await asked_for(conn) == [amina["id"]]

    await manager.made(f"/v1/editions/grf-2023/registrations/{amina['id']}/withdraw", {})
    assert set(await asked_for(conn)) == {amina["id"], bei["id"]}

    await manager.patch(f"/v1/editions/grf-2023/sessions/{session['id']}", {"in_person_capacity": 2})
    assert await asked_for(conn) == [chidi["id"]]

    await manager.made(f"/v1/editions/grf-2023/sessions/{session['id']}/cancel", None)
    assert set(await asked_for(conn)) == {bei["id"], chidi["id"]}


async def test_job_that_the_database_publishes_is_the_one_that_workers_know(
    manager: Client, conn: Connection, amina: dict[str, Any], session: dict[str, Any], edition: dict[str, Any]
) -> None:
    await asked_for(conn)
    await make_booking(manager, session, amina)
    ids = [row["id"] for row in await conn.fetch("SELECT id FROM outbox")]

    async with conn.transaction():
        [claimed] = await outbox.claim_jobs(conn, ids)

    assert claimed.job() == InviteRegistration(UUID(edition["id"]), UUID(amina["id"]))
