"""What the property of calendars has found, each by itself: what is held, and what is news of it."""

from typing import Any
from uuid import UUID

from forum import outbox
from forum.clock import system_clock
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_appearance, make_registration, make_session, make_speaker, publish_programme
from tests.mailboxes import Mailbox
from tests.sinks import Sink
from tests.workers.conftest import Plan, Sender

AMINA = "amina@delegates.example"
SESSIONS = "/v1/editions/grf-2023/sessions"
REGISTRATIONS = "/v1/editions/grf-2023/registrations"
DUE = "UPDATE messages SET next_try_at = now() - interval '1 s' WHERE status = 'queued'"


def calendar(server: Sink) -> Mailbox:
    """Amina's calendar, after all that has arrived."""
    box = Mailbox(AMINA)
    for recipient, content in server.taken:
        assert recipient == AMINA
        box.receive(content)
    assert box.faults == []
    return box


async def retime(manager: Client, session: dict[str, Any], hour: int | None) -> None:
    """The session begins at another hour of the day, or nobody knows when, from the next release on."""
    starts_at = None if hour is None else f"2023-12-14T{hour:02}:00:00Z"
    answer = await manager.patch(f"{SESSIONS}/{session['id']}", {"starts_at": starts_at, "ends_at": None})
    assert answer.status_code == 200, answer.text
    await publish_programme(manager)


async def test_session_that_lost_its_date_is_withdrawn(
    manager: Client, plan: Plan, amina: dict[str, Any], send: Sender, server: Sink
) -> None:
    session = await make_session(manager, access="registered")
    await publish_programme(manager)
    await plan(amina)
    await send()

    await retime(manager, session, None)
    await plan(amina)
    await send()

    assert [mail[1:] for mail in await plan.mails()] == [("REQUEST", 0, "sent"), ("CANCEL", 1, "sent")]
    assert (len(server.taken), calendar(server).entries()) == (2, {})


async def test_invitation_that_was_deferred_goes_when_its_person_leaves_before_the_change_of_it_was_sent(
    manager: Client, plan: Plan, amina: dict[str, Any], send: Sender, server: Sink
) -> None:
    session = await make_session(manager, access="registered")
    await publish_programme(manager)
    await plan(amina)
    await outbox.batch_messages(plan.conn, system_clock())
    await retime(manager, session, 9)
    await plan(amina)
    server.answers = {AMINA: "451 4.3.0 not now"}
    await send()
    assert [mail[1:] for mail in await plan.mails()] == [("REQUEST", 0, "queued"), ("REQUEST", 1, "queued")]
    server.answers = {}

    await manager.made(f"{REGISTRATIONS}/{amina['id']}/withdraw", None)
    assert await plan(amina) == 0
    await plan.conn.execute(DUE)
    await send()

    assert server.taken == []


async def test_mail_server_that_was_lost_may_have_taken_what_is_then_withdrawn(
    manager: Client, plan: Plan, amina: dict[str, Any], send: Sender, server: Sink
) -> None:
    session = await make_session(manager, access="registered")
    await publish_programme(manager)
    await plan(amina)
    server.on_mail = lambda: [one.transport.abort() for one in server.connections] and None
    await send()
    server.on_mail = lambda: None
    await retime(manager, session, 9)
    await plan(amina)
    assert [mail[1:] for mail in await plan.mails()] == [("REQUEST", 0, "superseded"), ("REQUEST", 1, "queued")]

    await manager.made(f"{REGISTRATIONS}/{amina['id']}/withdraw", None)
    await plan(amina)
    await send()

    assert [mail[1:] for mail in await plan.mails()][1:] == [("REQUEST", 1, "superseded"), ("CANCEL", 1, "sent")]
    assert (len(server.taken), calendar(server).entries()) == (2, {})


async def test_who_registers_again_keeps_the_entry_and_is_told_what_differs(
    manager: Client, plan: Plan, amina: dict[str, Any], send: Sender, server: Sink, clock: Timeline
) -> None:
    await make_session(manager, access="registered")
    await publish_programme(manager)
    await plan(amina)
    await send()
    clock.forward(hours=1)
    await manager.made(f"{REGISTRATIONS}/{amina['id']}/withdraw", None)
    again = await make_registration(manager, AMINA)

    assert await plan(again, amina) == 0

    clock.forward(hours=1)
    await manager.made(f"{REGISTRATIONS}/{again['id']}/withdraw", None)
    online = await make_registration(manager, AMINA, mode="online")
    assert await plan(online) == 1
    assert await plan(amina, again) == 0
    await send()
    (entry,) = calendar(server).entries().values()
    assert (entry.place, len(server.taken)) == ("Online", 2)


async def test_later_news_to_an_address_waits_whichever_registration_it_is_for(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    await make_session(manager, access="registered")
    await publish_programme(manager)
    await plan(amina)
    await outbox.batch_messages(plan.conn, system_clock())
    await manager.made(f"{REGISTRATIONS}/{amina['id']}/withdraw", None)
    online = await make_registration(manager, AMINA, mode="online")
    await plan(online)

    await outbox.batch_messages(plan.conn, system_clock())

    assert [mail[1:] for mail in await plan.mails()] == [("REQUEST", 0, "sending"), ("REQUEST", 0, "queued")]


async def test_who_left_what_they_were_withdrawn_from_is_not_told_so_twice(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    session = await make_session(manager, access="registered")
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sent")
    await manager.made(f"{SESSIONS}/{session['id']}/cancel", None)
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sent")
    await manager.made(f"{SESSIONS}/{session['id']}/confirm", None)
    await publish_programme(manager)
    await plan(amina)
    await manager.made(f"{REGISTRATIONS}/{amina['id']}/withdraw", None)

    assert await plan(amina) == 0
    assert [mail[1] for mail in await plan.mails() if mail[3] == "sent"] == ["REQUEST", "CANCEL"]


async def test_speaker_is_told_when_their_session_is_online_instead_and_each_news_is_later(
    manager: Client, plan: Plan, amina: dict[str, Any], send: Sender, server: Sink
) -> None:
    session = await make_session(manager, access="media", mode="in_person", type="press")
    await publish_programme(manager)
    appearance = await make_appearance(manager, session, await make_speaker(manager, registration=amina["id"]))
    await plan(amina)
    await send()
    path, places = f"{SESSIONS}/{session['id']}", []
    for mode in ("online", "hybrid", "in_person"):
        await manager.patch(path, {"mode": mode})
        await publish_programme(manager)
        await plan(amina)
        await send()
        places += [entry.place for entry in calendar(server).entries().values()]
    assert (places, len(server.taken)) == (["Online", "Palexpo, Geneva", "Palexpo, Geneva"], 3)

    for move in ("withdraw", "confirm"):  # at the same moment, as far as the clock can tell
        await manager.made(f"{path}/appearances/{appearance['id']}/{move}", None)
        await plan(amina)
        await send()

    (held,) = calendar(server).held.values()
    assert (held.sequence, held.entry is None, len(server.taken)) == (0, False, 5)
    assert {row[0] for row in await plan.conn.fetch("SELECT person_id FROM messages")} == {
        await plan.conn.fetchval("SELECT person_id FROM registrations WHERE id = $1", UUID(amina["id"]))
    }
