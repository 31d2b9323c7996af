"""What the calendar of somebody who speaks answers is kept with their appearance, registered or not."""

import asyncio
from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_appearance, make_edition, make_speaker
from tests.post import Post
from tests.replies.conftest import AMINA, BEI, EDITION, answer_of, deliver, fates, reply

APPEARANCES = f"{EDITION}/appearances"


@pytest.fixture
async def appearance(organizer: Client, table: dict[str, Any], post: Post) -> dict[str, Any]:
    """What somebody from outside is confirmed for, and was mailed the invitation to."""
    speaker = await make_speaker(organizer, email=BEI)
    made = await make_appearance(organizer, table, speaker)
    await make_appearance(organizer, table, speaker, "invited", role="chair")
    await post.deliver()
    return made


async def answers(organizer: Client, **wanted: str) -> list[tuple[str, str, str | None]]:
    """In which role, with which status and what answer people appear."""
    rows = (await organizer.get(APPEARANCES, params=wanted)).json()["items"]
    return [(row["role"], row["status"], row["calendar_answer"]) for row in rows]


async def test_answer_of_a_speaker_stands_with_what_they_are_confirmed_for_and_moves_nothing(
    organizer: Client, conn: Connection, inbox: str, clock: Timeline, table: dict[str, Any], appearance: dict[str, Any]
) -> None:
    for answer, stamp, fate in (
        ("TENTATIVE", "20231101T100000Z", ("recorded", None)),
        ("DECLINED", "20231101T110000Z", ("recorded", None)),
        ("ACCEPTED", "20231101T103000Z", ("stale", "older_stamp")),
        ("DECLINED", "20231101T110000Z", ("unchanged", "same_answer")),
    ):
        clock.forward(minutes=1)
        await deliver(inbox, reply(table, answer, sender=BEI, stamp=stamp, prodid=f"PRODID:{fate[0]}"))
        assert (await fates(conn))[-1] == fate

    assert await answers(organizer, calendar_answer="declined") == [("panellist", "confirmed", "declined")]
    assert await answers(organizer, status="invited") == [("chair", "invited", None)]
    (row,) = (await organizer.get(APPEARANCES, params={"status": "confirmed"})).json()["items"]
    assert (row["calendar_answered_at"], row["version"]) == ("2023-11-01T09:02:00Z", appearance["version"] + 2)


async def test_speaker_answers_a_move_once_they_were_told_of_it_and_nothing_once_they_left(
    client: Client, organizer: Client, conn: Connection, inbox: str, clock: Timeline, post: Post, table: dict[str, Any],
    appearance: dict[str, Any],
) -> None:  # fmt: skip
    await deliver(inbox, reply(table, "ACCEPTED", sender=AMINA))
    clock.forward(minutes=1)
    await conn.execute("UPDATE messages SET payload = payload || '{\"sequence\": 1}'")
    await deliver(inbox, reply(table, "DECLINED", sender=BEI))
    clock.forward(minutes=1)
    other = await make_edition(client, slug="imrf-2022")
    elsewhere = await client.as_client(other["id"], "inbox:write")
    mail = reply(table, "ACCEPTED", sender=BEI, sequence=1)
    posted = await elsewhere.post("/v1/inbox", content=mail, headers={"Content-Type": "message/rfc822"})
    assert (posted.json()["reason"], await answers(organizer, calendar_answer="accepted")) == ("not_invited", [])
    await deliver(inbox, mail)
    assert await answers(organizer, status="confirmed") == [("panellist", "confirmed", "accepted")]
    clock.forward(minutes=1)

    await organizer.made(f"{EDITION}/sessions/{table['id']}/appearances/{appearance['id']}/withdraw", None)
    await deliver(inbox, reply(table, "DECLINED", sender=BEI, sequence=1, stamp="20231105T100000Z"))

    assert await fates(conn) == [
        ("refused", "not_invited"),
        ("stale", "older_sequence"),
        ("recorded", None),
        ("refused", "invitation_withdrawn"),
    ]
    assert await answers(organizer, status="withdrawn") == [("panellist", "withdrawn", "accepted")]


async def test_answers_at_once_leave_the_latest(
    conn: Connection, inbox: str, table: dict[str, Any], appearance: dict[str, Any]
) -> None:
    mails = [reply(table, "TENTATIVE", sender=BEI, stamp=f"20231101T10{minute:02}00Z") for minute in range(12)]

    await asyncio.gather(*(deliver(inbox, mail) for mail in reversed(mails)))

    stamps = await conn.fetch(
        "SELECT to_char(calendar_stamped_at, 'MI') FROM appearances WHERE calendar_answer IS NOT NULL"
    )
    assert [row[0] for row in stamps] == ["11"]


async def test_answer_of_a_registered_speaker_stands_with_both(
    organizer: Client, conn: Connection, inbox: str, table: dict[str, Any], amina: dict[str, Any],
    booking: dict[str, Any], post: Post,
) -> None:  # fmt: skip
    await make_appearance(organizer, table, await make_speaker(organizer, registration=amina["id"]))
    await make_appearance(organizer, table, await make_speaker(organizer, email=BEI), role="chair")

    await deliver(inbox, reply(table))

    assert await answer_of(conn, amina) == "declined"
    assert await answers(organizer) == [("panellist", "confirmed", "declined"), ("chair", "confirmed", None)]
