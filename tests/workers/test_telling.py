"""Who would be told what by a release, counted beforehand: what is planned afterwards is just that."""

from collections import Counter
from typing import Any

from tests.client import Client
from tests.factories import (
    make_booking,
    make_registration,
    make_session,
    publish_programme,
    registration_fields,
)
from tests.workers.conftest import Plan

PROGRAMME = "/v1/editions/grf-2023/programme"
SESSIONS = "/v1/editions/grf-2023/sessions"
AMINA = "amina@delegates.example"
Told = Counter[tuple[str, str, str]]


async def told(manager: Client, path: str = f"{PROGRAMME}/publish") -> tuple[dict[str, Any], Told]:
    """What a dry run tells: the totals, and how many people by session, message and mode."""
    answer = (await manager.made(f"{path}?dry_run=true", {}))["told"]
    rows = answer.pop("sessions")
    return answer, Counter({(row["session"], row["message"], row["mode"]): row["people"] for row in rows})


async def queued(plan: Plan) -> Told:
    """What waits to be sent, by session, method and mode."""
    rows = await plan.conn.fetch(
        "SELECT session_id::text, CASE payload ->> 'method' WHEN 'CANCEL' THEN 'CANCEL' ELSE 'REQUEST' END,"
        " payload ->> 'mode' FROM messages WHERE kind = 'invitation' AND status = 'queued'"
    )
    return Counter(tuple(row) for row in rows)


def by_method(counted: Told) -> Told:
    """An update is another REQUEST."""
    found: Told = Counter()
    for (session, message, mode), people in counted.items():
        found[session, "CANCEL" if message == "cancel" else "REQUEST", mode] += people
    return found


async def test_people_are_counted_by_session_message_and_mode_and_then_told_just_that(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    bei = await make_registration(manager, "bei@delegates.example")
    online = await manager.made(
        "/v1/editions/grf-2023/registrations", registration_fields("carl@delegates.example", mode="online")
    )
    left = await make_registration(manager, "dora@delegates.example")
    await manager.made(f"/v1/editions/grf-2023/registrations/{left['id']}/withdraw", None)
    people = (amina, bei, online, left)
    both = (await make_session(manager))["id"]
    hall = (await make_session(manager, mode="in_person", starts_at="2023-12-14T08:00:00Z", ends_at=None))["id"]
    await make_session(manager, access="open", starts_at="2023-12-14T10:00:00Z", ends_at=None)
    to_book = await make_session(manager, access="booking", starts_at="2023-12-14T12:00:00Z", ends_at=None)
    await make_booking(manager, to_book, bei)

    totals, first = await told(manager)
    await publish_programme(manager)
    await plan(*people)

    assert totals == {"people": 3, "messages": 6}
    assert first == {
        (both, "request", "in_person"): 2,
        (both, "request", "online"): 1,
        (hall, "request", "in_person"): 2,
        (to_book["id"], "request", "in_person"): 1,
    }
    assert await queued(plan) == by_method(first)
    assert await told(manager) == ({"people": 0, "messages": 0}, Counter())

    await plan.mark("sent")
    await manager.patch(f"{SESSIONS}/{both}", {"starts_at": "2023-12-13T09:00:00Z"})
    await manager.patch(f"{SESSIONS}/{to_book['id']}", {"title": {"en": "Another title"}})
    await manager.made(f"{SESSIONS}/{hall}/cancel", None)
    totals, second = await told(manager)
    await publish_programme(manager)
    await plan(*people)

    assert totals == {"people": 3, "messages": 5}
    assert second == {
        (both, "update", "in_person"): 2,
        (both, "update", "online"): 1,
        (hall, "cancel", "in_person"): 2,
    }
    assert await queued(plan) == by_method(second)


async def test_bringing_a_release_back_tells_people_what_a_calendar_believes(
    manager: Client, plan: Plan, amina: dict[str, Any]
) -> None:
    moved, typo = (
        await make_session(manager),
        await make_session(manager, starts_at="2023-12-14T08:00:00Z", ends_at=None),
    )
    await publish_programme(manager)
    await manager.patch(f"{SESSIONS}/{moved['id']}", {"starts_at": "2023-12-13T09:00:00Z"})
    await manager.patch(f"{SESSIONS}/{typo['id']}", {"title": {"en": "Opening plenery"}})
    added = await make_session(manager, starts_at="2023-12-15T08:00:00Z", ends_at=None)
    await publish_programme(manager)
    await plan(amina)
    await plan.mark("sent")

    _, counted = await told(manager, f"{PROGRAMME}/releases/1/restore")
    await manager.made(f"{PROGRAMME}/releases/1/restore", {})
    await plan(amina)

    assert counted == {(moved["id"], "update", "in_person"): 1, (added["id"], "cancel", "in_person"): 1}
    assert await queued(plan) == by_method(counted)
    waiting = "SELECT session_id::text, (payload ->> 'sequence')::int FROM messages WHERE status = 'queued'"
    assert dict(await plan.conn.fetch(waiting)) == {moved["id"]: 2, added["id"]: 1}
    assert [mail for mail in await plan.mails() if mail[0] != AMINA] == []


async def test_dry_run_leaves_nothing_behind(manager: Client, plan: Plan, amina: dict[str, Any]) -> None:
    session = await make_session(manager)
    await publish_programme(manager)
    await manager.patch(f"{SESSIONS}/{session['id']}", {"starts_at": "2023-12-13T09:00:00Z"})
    await publish_programme(manager)
    await plan(amina)
    await manager.patch(f"{SESSIONS}/{session['id']}", {"starts_at": "2023-12-13T10:00:00Z"})
    everything = (
        "SELECT (SELECT jsonb_agg(s) FROM sessions s), (SELECT jsonb_agg(r) FROM releases r),"
        " (SELECT count(*) FROM release_sessions), (SELECT jsonb_agg(o) FROM outbox o),"
        " (SELECT jsonb_agg(m) FROM messages m)"
    )
    before = await plan.conn.fetchrow(everything)

    for path in ("publish", "releases/1/restore"):
        answer = await manager.made(f"{PROGRAMME}/{path}?dry_run=true", {})
        assert (answer["release"]["number"], len(answer["changed"]), answer["told"]["people"]) == (2, 1, 1)

    assert await plan.conn.fetchrow(everything) == before
