"""An edition turns virtual: nobody loses a place or their turn, badges are void, and every counter is right."""

from collections import Counter
from typing import Any
from uuid import UUID

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    badge_token,
    bookings_of,
    make_booking,
    make_delegation,
    make_entity,
    make_registration,
    make_room,
    make_session,
    publish_programme,
    scan_fields,
)
from tests.post import text_of
from tests.revisions.conftest import EDITION, REASON, REVISE, Mailroom

VIRTUAL = {"mode": "online", "reason": REASON}

RECOUNT = """
SELECT (SELECT jsonb_object_agg(mode, taken) FROM places),
       (SELECT jsonb_object_agg(m.mode, (
           SELECT count(*) FROM registrations r
           WHERE (r.status, r.mode) = ('approved', m.mode)
              OR (r.offer_expires_at IS NOT NULL AND r.waits_for = m.mode)))
        FROM places m),
       (SELECT coalesce(jsonb_agg(taken ORDER BY session_id, mode), '[]') FROM session_places),
       (SELECT coalesce(jsonb_agg((
           SELECT count(*) FROM bookings b
           WHERE b.session_id = p.session_id AND b.mode = p.mode AND b.status = 'confirmed')
           ORDER BY session_id, mode), '[]')
        FROM session_places p),
       (SELECT coalesce(jsonb_agg(taken ORDER BY delegation_id, mode), '[]') FROM quotas),
       (SELECT coalesce(jsonb_agg((
           SELECT count(*) FROM registrations r
           WHERE (r.delegation_id, r.mode, r.status) = (q.delegation_id, q.mode, 'approved') AND r.counts_against_quota)
           ORDER BY delegation_id, mode), '[]')
        FROM quotas q)
"""


async def require_right_counters(conn: Connection) -> None:
    """What is counted is what there is: at the edition, in sessions and in delegations."""
    row = await conn.fetchrow(RECOUNT)
    assert row is not None
    assert (row[0], row[2], row[4]) == (row[1], row[3], row[5])
    line = "SELECT count(*) FROM registrations WHERE waits_for = $1 AND offer_expires_at IS NULL"
    blocks = "SELECT coalesce(sum(waiting), 0) FROM line_blocks WHERE mode = $1"
    for mode in ("in_person", "online"):
        assert await conn.fetchval(line, mode) == await conn.fetchval(blocks, mode)


async def standing(organizer: Client) -> dict[str, tuple[str, str, int | None]]:
    """How everybody stands, by the first word of their address."""
    items = (await organizer.get(REGISTRATIONS, params={"limit": 200})).json()["items"]
    return {
        item["person"]["email"].partition("@")[0]: (item["status"], item["mode"], item["waitlist_position"])
        for item in items
    }


async def test_everybody_takes_part_online_and_keeps_their_turn(
    organizer: Client, conn: Connection, edition: dict[str, Any]
) -> None:
    await organizer.patch(EDITION, {"in_person_capacity": 3, "online_capacity": 1})
    delegation = await make_delegation(organizer, await make_entity(organizer))
    path = f"{EDITION}/delegations/{delegation['id']}"
    quotas = await organizer.patch(path, {"in_person_quota": 2, "online_quota": 0})
    assert quotas.status_code == 200, quotas.text
    for name in ("hall1", "hall2"):
        fields = {"delegation": delegation["id"], "consents": ["photography"]}
        await make_registration(organizer, f"{name}@x.example", **fields)
    await make_registration(organizer, "hall3@x.example")
    await make_registration(organizer, "line1@x.example")
    await make_registration(organizer, "online1@x.example", mode="online")
    await make_registration(organizer, "online2@x.example", mode="online")
    await make_registration(organizer, "line2@x.example")
    gone = await make_registration(organizer, "gone@x.example")
    await organizer.post(f"{REGISTRATIONS}/{gone['id']}/withdraw")
    consents = await conn.fetch("SELECT id, consents FROM registrations ORDER BY id")

    answer = await organizer.post(REVISE, VIRTUAL)

    assert answer.status_code == 200, answer.text
    assert (answer.json()["switched"], answer.json()["badges_revoked"], answer.json()["people"]) == (5, 3, 7)
    assert await standing(organizer) == {
        "hall1": ("approved", "online", None),
        "hall2": ("approved", "online", None),
        "hall3": ("approved", "online", None),
        "online1": ("approved", "online", None),
        "line1": ("waitlisted", "online", 1),
        "online2": ("waitlisted", "online", 2),
        "line2": ("waitlisted", "online", 3),
        "gone": ("withdrawn", "in_person", None),
    }
    await require_right_counters(conn)
    assert await conn.fetchval("SELECT count(*) FROM badges WHERE revoked_at IS NULL") == 0
    kept = await conn.fetchrow("SELECT taken, kept_over_capacity FROM places WHERE mode = 'online'")
    assert tuple(kept or ()) == (4, 3)
    over = await conn.fetchrow("SELECT taken, kept_over_quota FROM quotas WHERE mode = 'online'")
    assert tuple(over or ()) == (2, 2)
    assert await conn.fetch("SELECT id, consents FROM registrations ORDER BY id") == consents
    reasons = await conn.fetch(
        "SELECT DISTINCT reason FROM registration_transitions WHERE number > 1 AND mode = 'online'"
    )
    assert [row[0] for row in reasons] == ["The edition is held online."]
    await organizer.patch(EDITION, {"online_capacity": 6})
    assert Counter(status for status, _, _ in (await standing(organizer)).values()) == Counter(
        approved=6, waitlisted=1, withdrawn=1
    )
    await require_right_counters(conn)


async def test_offered_places_and_online_while_waiting_are_kept(organizer: Client, conn: Connection) -> None:
    await organizer.patch(EDITION, {"in_person_capacity": 1, "online_capacity": 1, "promotion": "offer"})
    first = await make_registration(organizer, "first@x.example")
    await make_registration(organizer, "offered@x.example")
    both = await make_registration(organizer, "both@x.example", mode="online")
    await organizer.post(f"{REGISTRATIONS}/{both['id']}/switch-mode", {"mode": "in_person"})
    await organizer.post(f"{REGISTRATIONS}/{first['id']}/withdraw")
    offer = "SELECT offer_expires_at FROM registrations WHERE offer_expires_at IS NOT NULL"
    offered_until = await conn.fetchval(offer)
    assert offered_until

    answer = await organizer.post(REVISE, VIRTUAL)

    assert answer.status_code == 200, answer.text
    assert await standing(organizer) == {
        "first": ("withdrawn", "in_person", None),
        "offered": ("waitlisted", "online", None),
        "both": ("approved", "online", None),
    }
    assert await conn.fetchval(offer) == offered_until
    await require_right_counters(conn)
    waits = await conn.fetchval("SELECT count(*) FROM registrations WHERE waits_for IS NOT NULL")
    assert waits == 1


async def test_sessions_leave_their_rooms_and_bookings_go_along(organizer: Client, conn: Connection) -> None:
    room = await make_room(organizer, capacity=2)
    hall = await make_session(organizer, access="booking", room=room["id"], mode="in_person", online_capacity=2)
    people = {name: await make_registration(organizer, f"{name}@x.example") for name in ("a", "b", "c")}
    for person in people.values():
        await make_booking(organizer, hall, person)
    before = (await organizer.get(bookings_of(hall))).json()["items"]
    assert [one["status"] for one in before] == ["confirmed", "confirmed", "waitlisted"]

    answer = await organizer.post(REVISE, VIRTUAL)

    assert answer.status_code == 200, answer.text
    assert [(one["before"]["mode"], one["after"]["mode"], one["loses_room"]) for one in answer.json()["sessions"]] == [
        ("in_person", "online", True)
    ]
    session = (await organizer.get(f"{EDITION}/sessions/{hall['id']}")).json()
    assert (session["mode"], session["room"], session["status"]) == ("online", None, "confirmed")
    assert session["calendar_sequence"] == hall["calendar_sequence"] + 1
    after = (await organizer.get(bookings_of(hall))).json()["items"]
    assert [(one["id"], one["mode"], one["status"], one["waitlist_position"]) for one in after] == [
        (one["id"], "online", one["status"], one["waitlist_position"]) for one in before
    ]
    await require_right_counters(conn)
    await organizer.patch(f"{EDITION}/sessions/{hall['id']}", {"online_capacity": 3})
    assert {one["status"] for one in (await organizer.get(bookings_of(hall))).json()["items"]} == {"confirmed"}
    await require_right_counters(conn)


async def test_one_mail_says_it_all_and_the_badge_opens_no_gate(
    client: Client, organizer: Client, mailroom: Mailroom, edition: dict[str, Any], conn: Connection, clock: Timeline
) -> None:
    await make_session(organizer, access="registered")
    await publish_programme(organizer)
    amina = await make_registration(organizer)
    badge = await badge_token(organizer, amina)
    await mailroom.deliver()

    await organizer.post(REVISE, VIRTUAL)
    [mail] = await mailroom.deliver()

    text = text_of(mail)
    assert "How it is held: Online" in text
    assert "Before: In person and online" in text
    assert "badges are no longer valid" in text
    assert "How you take part: Online" in text
    assert [part.get_content_type() for part in mail.walk()].count("text/calendar") == 1
    assert await mailroom.again() == []
    clock.now = clock.now.replace(month=12, day=13)
    gate = await client.as_client(edition["id"], "scans:record", kind="device")
    scan = (await gate.post(f"{EDITION}/scans", scan_fields(badge, "s1", "08:00"))).json()
    assert (scan["result"], scan["reason"]) == ("denied", "wrong_mode")
    states = await conn.fetch("SELECT kind, status FROM messages WHERE registration_id = $1", UUID(amina["id"]))
    assert Counter(tuple(row) for row in states) == Counter(
        {("registration", "sent"): 1, ("invitation", "sent"): 2, ("revision", "sent"): 1}
    )
