"""What is queued for whom: the difference between the entries that people should hold and those that they hold."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from forum import outbox
from forum.jobs import InviteRegistration
from forum.notifications.service import plan_edition
from tests.client import Client
from tests.factories import make_registration, make_session, publish_programme
from tests.workers.conftest import Plan

AMINA, BEI = "amina@delegates.example", "bei@delegates.example"
SESSIONS = "/v1/editions/grf-2023/sessions"


async def invited_session(manager: Client, **fields: Any) -> dict[str, Any]:
    """A session that stands in the calendar of everybody who is registered."""
    return await make_session(manager, access="registered", **fields)


async def move(manager: Client, session: dict[str, Any], starts_at: str) -> None:
    """The session starts at another time from the next release on."""
    answer = await manager.patch(f"{SESSIONS}/{session['id']}", {"starts_at": starts_at, "ends_at": None})
    assert answer.status_code == 200, answer.text
    await publish_programme(manager)


async def test_person_is_asked_to_what_is_dated_and_of_their_mode(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    hall = await invited_session(manager, mode="in_person", title={"en": "Hall"})
    await invited_session(manager, mode="online", title={"en": "Online"})
    await invited_session(manager, starts_at=None, ends_at=None, title={"en": "Undated"})
    await make_session(manager, access="open", title={"en": "Open to all"})
    await invited_session(manager, status="draft", title={"en": "Draft"})
    await publish_programme(manager)

    assert await plan(amina) == 1

    assert await plan.mails() == [(AMINA, "REQUEST", 0, "queued")]
    assert await plan.conn.fetchval("SELECT session_id FROM messages") == UUID(hall["id"])


async def test_planning_again_queues_nothing(manager: Client, plan: Plan, amina: dict[str, Any]) -> None:
    await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)

    assert await plan(amina) == 0
    await plan.mark("sent")
    assert await plan(amina) == 0


async def test_many_people_are_planned_at_once_and_others_left_alone(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    bei = await make_registration(manager, BEI)
    await make_registration(manager, "chidi@delegates.example")
    await invited_session(manager)
    await invited_session(manager, title={"en": "Another"})
    await publish_programme(manager)

    assert await plan(amina, bei) == 4

    assert sorted(await plan.mails()) == [(AMINA, "REQUEST", 0, "queued")] * 2 + [(BEI, "REQUEST", 0, "queued")] * 2


async def test_moved_session_is_an_update_with_a_raised_sequence(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    session = await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sent")
    await move(manager, session, "2023-12-14T08:00:00Z")

    assert await plan(amina) == 1

    assert await plan.mails() == [(AMINA, "REQUEST", 0, "sent"), (AMINA, "REQUEST", 1, "queued")]


async def test_two_moves_before_the_first_was_sent_collapse_into_the_latest(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    session = await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    for day in ("14", "15"):
        await move(manager, session, f"2023-12-{day}T08:00:00Z")
        await plan(amina)

    assert await plan.mails() == [
        (AMINA, "REQUEST", 0, "superseded"),
        (AMINA, "REQUEST", 1, "superseded"),
        (AMINA, "REQUEST", 2, "queued"),
    ]


async def test_corrected_title_is_no_news(manager: Client, plan: Plan, amina: dict[str, Any]) -> None:
    session = await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sent")
    await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": "Opening plenary."}})
    await publish_programme(manager)

    assert await plan(amina) == 0


async def test_cancelled_session_is_withdrawn_from_those_who_may_hold_it(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    session = await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sending")
    bei = await make_registration(manager, BEI)
    await plan(bei)
    await manager.made(f"{SESSIONS}/{session['id']}/cancel", None)
    await publish_programme(manager)

    assert await plan(amina, bei) == 1

    assert await plan.mails() == [
        (AMINA, "REQUEST", 0, "sending"),
        (BEI, "REQUEST", 0, "superseded"),
        (AMINA, "CANCEL", 1, "queued"),
    ]
    assert await plan(amina, bei) == 0


async def test_person_who_leaves_is_told_to_take_out_what_was_sent(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sent")
    await manager.made(f"/v1/editions/grf-2023/registrations/{amina['id']}/withdraw", None)

    assert await plan(amina) == 1

    assert [mail[1:] for mail in await plan.mails()] == [("REQUEST", 0, "sent"), ("CANCEL", 0, "queued")]


async def test_person_who_leaves_before_anything_was_sent_hears_nothing(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    await manager.made(f"/v1/editions/grf-2023/registrations/{amina['id']}/withdraw", None)

    assert await plan(amina) == 0

    assert [mail[3] for mail in await plan.mails()] == ["superseded"]


async def test_update_that_was_not_sent_is_replaced_by_the_withdrawal(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    session = await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sent")
    await move(manager, session, "2023-12-14T08:00:00Z")
    await plan(amina)
    await manager.made(f"/v1/editions/grf-2023/registrations/{amina['id']}/withdraw", None)
    await plan(amina)

    assert [mail[1:] for mail in await plan.mails()] == [
        ("REQUEST", 0, "sent"),
        ("REQUEST", 1, "superseded"),
        ("CANCEL", 1, "queued"),
    ]


async def test_switch_to_online_updates_what_is_hybrid_and_withdraws_what_is_in_the_hall(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    await invited_session(manager, title={"en": "Hybrid"})
    await invited_session(manager, mode="in_person", title={"en": "Hall"})
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sent")
    await manager.made(f"/v1/editions/grf-2023/registrations/{amina['id']}/switch-mode", {"mode": "online"})

    assert await plan(amina) == 2

    assert sorted(mail[1:] for mail in await plan.mails() if mail[3] == "queued") == [
        ("CANCEL", 0, "queued"),
        ("REQUEST", 0, "queued"),
    ]


async def test_withdrawal_waits_until_its_request_is_out(manager: Client, plan: Plan, amina: dict[str, Any]) -> None:
    session = await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    later = datetime.now(UTC) + timedelta(seconds=1)
    await outbox.batch_messages(plan.conn, later)
    await manager.made(f"{SESSIONS}/{session['id']}/cancel", None)
    await publish_programme(manager)
    await plan(amina)

    await outbox.batch_messages(plan.conn, later)
    assert [mail[1:] for mail in await plan.mails()] == [("REQUEST", 0, "sending"), ("CANCEL", 1, "queued")]

    await plan.conn.execute("UPDATE messages SET status = 'sent', sent_at = now() WHERE status = 'sending'")
    await outbox.batch_messages(plan.conn, later)
    assert [mail[1:] for mail in await plan.mails()] == [("REQUEST", 0, "sent"), ("CANCEL", 1, "sending")]


async def test_code_that_somebody_waits_for_goes_before_all_invitations(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    await invited_session(manager)
    await publish_programme(manager)
    await plan(amina)
    await outbox.queue_message(plan.conn, "sign_in", BEI, {"code": "12345678", "language": "en"}, plan.clock())

    assert await outbox.batch_messages(plan.conn, datetime.now(UTC) + timedelta(seconds=1)) == 2

    kinds = await plan.conn.fetch(
        "SELECT m.kind, (o.payload ->> 'urgent')::boolean FROM outbox o "
        "JOIN messages m ON m.batch_id = (o.payload ->> 'batch_id')::uuid ORDER BY m.kind"
    )
    assert [tuple(row) for row in kinds] == [("invitation", False), ("sign_in", True)]


async def test_release_asks_for_a_plan_for_those_who_are_or_were_invited(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    await invited_session(manager)
    await publish_programme(manager)
    left = await make_registration(manager, BEI)
    await plan(left)
    for registration in (left, await make_registration(manager, "never@delegates.example")):
        await manager.made(f"/v1/editions/grf-2023/registrations/{registration['id']}/withdraw", None)
    await plan.conn.execute("DELETE FROM outbox")

    assert await plan_edition(plan.conn, plan.edition_id) == 2

    jobs = await plan.conn.fetch("SELECT id, payload FROM outbox")
    asked = [outbox.Claimed(*row).job() for row in jobs]
    people = [UUID(registration["id"]) for registration in (amina, left)]
    wanted = [InviteRegistration(plan.edition_id, one, of_release=True) for one in people]
    assert sorted(asked, key=str) == sorted(wanted, key=str)
