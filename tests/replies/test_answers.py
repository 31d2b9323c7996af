"""Which answer counts, whose it is, and what follows from it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from forum import outbox
from forum.db import Connection
from forum.jobs import InviteRegistration
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import bookings_of, make_booking, make_registration, make_session, publish_programme
from tests.post import Post, link_in, text_of
from tests.replies.conftest import AMINA, BEI, EDITION, answer_of, deliver, fates, questions, reply

OK = (250, "2.0.0 OK")


async def replan(conn: Connection) -> None:
    """Ask for everybody's invitations to be brought in line, as a release does."""
    people = await conn.fetch("SELECT edition_id, id FROM registrations")
    await outbox.publish(conn, *(InviteRegistration(*row, of_release=True) for row in people))


async def test_answer_is_kept_with_its_instant_and_the_last_one_counts(
    conn: Connection, inbox: str, clock: Timeline, table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any]
) -> None:
    for minute, answer in enumerate(("TENTATIVE", "DECLINED", "ACCEPTED")):
        clock.forward(minutes=1)
        assert await deliver(inbox, reply(table, answer, stamp=f"20231101T100{minute}00Z")) == OK
        assert await answer_of(conn, amina) == answer.lower()

    row = await conn.fetchrow("SELECT answered_at, sequence FROM calendar_answers")
    assert tuple(row) == (clock(), 0)
    assert await fates(conn) == [("recorded", None)] * 3


@pytest.mark.parametrize(
    ("changes", "fate"),
    [
        ({"sender": BEI, "attendee": AMINA}, ("refused", "sender_is_not_attendee")),
        ({"sender": BEI, "attendee": BEI}, ("refused", "not_invited")),
        ({"sender": AMINA.upper()}, ("recorded", None)),
        ({"sequence": 7}, ("recorded", None)),
        ({"answer": "NEEDS-ACTION"}, ("ignored", "no_answer")),
        ({"method": "METHOD:COUNTER"}, ("ignored", "not_a_reply")),
    ],
)
async def test_answer_is_of_who_was_invited_and_sends_it(
    conn: Connection, inbox: str, table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any],
    changes: dict[str, Any], fate: tuple[str, str | None],
) -> None:  # fmt: skip
    assert await deliver(inbox, reply(table, **changes)) == OK

    assert await fates(conn) == [fate]
    assert await answer_of(conn, amina) == ("declined" if fate[0] == "recorded" else None)
    assert len(await questions(conn)) == (fate[0] == "recorded")


async def test_who_was_not_sent_an_invitation_yet_has_nothing_to_answer(
    conn: Connection, organizer: Client, inbox: str, table: dict[str, Any], amina: dict[str, Any]
) -> None:
    await make_booking(organizer, table, amina)

    await deliver(inbox, reply(table))

    assert await fates(conn) == [("refused", "not_invited")]


async def test_answer_to_an_older_invitation_is_stale_and_one_to_the_new_counts_whatever_its_stamp(
    conn: Connection, organizer: Client, inbox: str, post: Post, table: dict[str, Any], amina: dict[str, Any],
    booking: dict[str, Any], clock: Timeline,
) -> None:  # fmt: skip
    await deliver(inbox, reply(table, "ACCEPTED", stamp="20231101T120000Z"))
    times = {"starts_at": "2023-12-14T08:00:00Z", "ends_at": "2023-12-14T09:00:00Z"}
    await organizer.patch(f"{EDITION}/sessions/{table['id']}", times)
    await publish_programme(organizer)
    await deliver(inbox, reply(table, "TENTATIVE", stamp="20231101T130000Z"))
    assert await answer_of(conn, amina) == "tentative"  # of the move she was not told yet
    await replan(conn)
    await post.deliver()
    clock.forward(minutes=1)

    await deliver(inbox, reply(table, "DECLINED", stamp="20231101T140000Z"))
    assert await answer_of(conn, amina) == "tentative"
    clock.forward(minutes=1)
    await deliver(inbox, reply(table, "ACCEPTED", sequence=1, stamp="20231101T110000Z"))

    assert await answer_of(conn, amina) == "accepted"
    assert await fates(conn) == [("recorded", None)] * 2 + [("stale", "older_sequence"), ("recorded", None)]
    assert await questions(conn) == []


async def test_answer_given_before_the_last_one_changes_nothing_and_one_of_the_same_moment_does(
    conn: Connection, inbox: str, clock: Timeline, table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any]
) -> None:
    await deliver(inbox, reply(table, "ACCEPTED", stamp="20231101T100000Z"))
    for answer, stamp, fate in (
        ("DECLINED", "20231101T095959Z", ("stale", "older_stamp")),
        ("ACCEPTED", "20231101T100000Z", ("unchanged", "same_answer")),
        ("TENTATIVE", "20231101T100000Z", ("recorded", None)),
    ):
        clock.forward(minutes=1)
        await deliver(inbox, reply(table, answer, stamp=stamp, prodid="PRODID:other"))
        assert (await fates(conn))[-1] == fate
    await deliver(inbox, reply(table, "ACCEPTED", stamp="20231101T100000Z"))  # the first mail, once more

    assert await answer_of(conn, amina) == "tentative"


async def test_stamp_far_ahead_keeps_no_later_answer_out_for_long(
    conn: Connection, inbox: str, clock: Timeline, table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any]
) -> None:
    await deliver(inbox, reply(table, "ACCEPTED", stamp="20991231T000000Z"))
    clock.forward(days=2)
    await deliver(inbox, reply(table, "TENTATIVE", stamp="20231103T090000Z"))

    assert await answer_of(conn, amina) == "tentative"


async def test_same_mail_twice_changes_nothing(
    conn: Connection, inbox: str, clock: Timeline, table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any]
) -> None:
    mail = reply(table)
    await deliver(inbox, mail)
    before = await conn.fetch("SELECT * FROM calendar_answers")
    clock.forward(hours=1)

    assert await deliver(inbox, mail) == OK

    assert await conn.fetch("SELECT * FROM calendar_answers") == before
    assert (await fates(conn), await questions(conn)) == ([("recorded", None)], ["queued"])


@pytest.mark.parametrize("is_told", [False, True])
async def test_answer_to_a_session_that_was_cancelled_meanwhile_changes_nothing(
    conn: Connection, organizer: Client, inbox: str, post: Post, table: dict[str, Any], booking: dict[str, Any],
    is_told: bool,
) -> None:  # fmt: skip
    await organizer.made(f"{EDITION}/sessions/{table['id']}/cancel", None)
    if is_told:
        await post.deliver()

    assert await deliver(inbox, reply(table)) == OK

    assert await fates(conn) == [("refused", "session_cancelled")]
    assert (await conn.fetchval("SELECT count(*) FROM calendar_answers"), await questions(conn)) == (0, [])


async def test_who_gave_the_place_back_has_nothing_to_answer(
    conn: Connection, organizer: Client, inbox: str, post: Post, table: dict[str, Any], booking: dict[str, Any]
) -> None:
    await organizer.made(f"{bookings_of(table)}/{booking['id']}/cancel", {})
    await post.deliver()

    await deliver(inbox, reply(table))

    assert await fates(conn) == [("refused", "invitation_withdrawn")]


async def test_declined_seat_is_kept_until_its_holder_frees_it_by_the_link_of_one_mail(
    client: Client, conn: Connection, organizer: Client, inbox: str, post: Post, table: dict[str, Any],
    amina: dict[str, Any], booking: dict[str, Any],
) -> None:  # fmt: skip
    bei = await make_registration(organizer, BEI)
    waiting = await make_booking(organizer, table, bei)
    await post.deliver()
    await deliver(inbox, reply(table, stamp="20231101T100000Z"))
    await deliver(inbox, reply(table, stamp="20231101T110000Z"))

    (mail,) = await post.deliver()

    assert mail["Subject"] == "You declined: Round table"
    assert (AMINA in mail["To"], mail["From"]) == (True, "secretariat@forum.example")
    assert text_of(mail).splitlines()[:3:2] == [
        "Round table",
        "In your calendar you declined this session of Global Refugee Forum 2023. Your place is still yours.",
    ]
    assert (await organizer.get(f"{bookings_of(table)}/{booking['id']}")).json()["status"] == "confirmed"

    opened = await client.made("/v1/auth/registration-link", {"token": link_in(mail)})
    amina_herself = client.with_token(opened["token"])
    path = f"{EDITION}/registrations/{amina['id']}/declined-places"
    [place] = (await amina_herself.get(path, params={"count": "true"})).json()["items"]
    assert (place["session"], place["title"], place["booking"]) == (table["id"], {"en": "Round table"}, booking["id"])
    for stranger in (await client.as_person(BEI), await client.as_client(amina["edition_id"], "inbox:write")):
        assert (await stranger.get(path)).json()["items"] == []
        assert (await stranger.post(f"{path}/{table['id']}/free")).status_code == 404

    freed = await amina_herself.made(f"{path}/{table['id']}/free", None)

    assert (freed["id"], freed["status"]) == (booking["id"], "cancelled")
    assert (await organizer.get(f"{bookings_of(table)}/{waiting['id']}")).json()["status"] == "confirmed"
    assert (await amina_herself.get(path)).json()["items"] == []
    assert (await amina_herself.post(f"{path}/{table['id']}/free")).status_code == 404
    assert await questions(conn) == ["sent"]


async def test_each_decline_is_asked_after_once_and_not_when_the_person_comes_after_all(
    conn: Connection, organizer: Client, inbox: str, clock: Timeline, post: Post, table: dict[str, Any],
    amina: dict[str, Any], booking: dict[str, Any],
) -> None:  # fmt: skip
    await deliver(inbox, reply(table, "DECLINED", stamp="20231101T100000Z"))
    await deliver(inbox, reply(table, "ACCEPTED", stamp="20231101T100100Z"))
    assert await questions(conn) == ["superseded"]
    await deliver(inbox, reply(table, "DECLINED", stamp="20231101T100200Z"))
    assert len(await post.deliver()) == 1
    await deliver(inbox, reply(table, "DECLINED", stamp="20231101T100300Z"))
    assert await questions(conn) == ["superseded", "sent"]

    await organizer.made(f"{bookings_of(table)}/{booking['id']}/cancel", {})
    await post.deliver()
    again = await make_booking(organizer, table, amina)
    await post.deliver()
    await deliver(inbox, reply(table, "DECLINED", stamp="20231101T100400Z"))

    assert await questions(conn) == ["superseded", "sent", "queued"]
    assert await conn.fetchval("SELECT offered_booking_id FROM calendar_answers") == UUID(again["id"])


async def test_nobody_is_asked_about_a_session_that_has_begun_or_needs_no_booking(
    conn: Connection, organizer: Client, inbox: str, clock: Timeline, post: Post, table: dict[str, Any],
    amina: dict[str, Any], booking: dict[str, Any],
) -> None:  # fmt: skip
    plenary = await make_session(organizer, title={"en": "Plenary"}, access="registered")
    await publish_programme(organizer)
    await replan(conn)
    await post.deliver()
    await deliver(inbox, reply(plenary))
    clock.forward(days=43)
    await deliver(inbox, reply(table))

    assert await fates(conn) == [("recorded", None)] * 2
    assert await questions(conn) == []


async def test_thirty_answers_at_once_leave_the_latest_and_one_question(
    conn: Connection, inbox: str, table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any]
) -> None:
    answers = [("DECLINED", f"20231101T10{minute:02}00Z") for minute in range(15)] * 2

    taken = await asyncio.gather(*(deliver(inbox, reply(table, answer, stamp=stamp)) for answer, stamp in answers))

    assert set(taken) <= {OK, (421, "4.3.2 Too many connections")}
    row = await conn.fetchrow("SELECT answer, to_char(stamped_at, 'MI') FROM calendar_answers")
    assert tuple(row) == ("declined", "14")
    assert await conn.fetchval("SELECT count(*) FROM inbox_messages") == 15
    assert await questions(conn) == ["queued"]


async def test_staff_count_answers_and_find_the_places_that_may_become_free(
    client: Client, organizer: Client, inbox: str, post: Post, clock: Timeline, edition: dict[str, Any],
    table: dict[str, Any], amina: dict[str, Any], booking: dict[str, Any],
) -> None:  # fmt: skip
    path = f"{EDITION}/sessions/{table['id']}/answers"
    empty = {"accepted": 0, "declined": 0, "tentative": 0, "declined_and_booked": 0}
    assert (await organizer.get(path)).json() == {"items": [], "next_cursor": None, "counts": empty}
    await organizer.patch(f"{EDITION}/sessions/{table['id']}", {"in_person_capacity": 3})
    others = [await make_registration(organizer, f"{name}@delegates.example") for name in ("bei", "chidi")]
    for other in others:
        await make_booking(organizer, table, other)
    await post.deliver()
    for answer, name in (("DECLINED", "amina"), ("ACCEPTED", "bei"), ("TENTATIVE", "chidi")):
        await deliver(inbox, reply(table, answer, sender=f"{name}@delegates.example"))

    page = (await organizer.get(path, params={"limit": 2, "count": "true"})).json()
    rest = (await organizer.get(path, params={"cursor": page["next_cursor"]})).json()
    found = (await organizer.get(path, params={"answer": "declined", "booked": "true", "count": "true"})).json()

    counts = {"accepted": 1, "declined": 1, "tentative": 1, "declined_and_booked": 1}
    assert [page["counts"], rest["counts"], page["total"]] == [counts, counts, 3]
    assert [row["registration"] for row in page["items"] + rest["items"]] == [amina["id"], *(o["id"] for o in others)]
    assert (found["total"], found["items"]) == (
        1,
        [
            {
                "registration": amina["id"],
                "answer": "declined",
                "answered_at": "2023-11-01T09:00:00Z",
                "sequence": 0,
                "booking": booking["id"],
                "offered_at": "2023-11-01T09:00:00Z",
            }
        ],
    )
    analyst = await client.as_role("analyst", edition["id"])
    assert (await analyst.get(path)).status_code == 403
    assert (await organizer.get(path.replace(table["id"], amina["id"]))).status_code == 404
