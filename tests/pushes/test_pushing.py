"""Pushes as a push service on loopback gets them: for one browser, signed, once, and again when it says so."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, get_args

import pytest

from forum.db import Connection
from forum.jobs import AnyJob
from forum.pushes.service import rotate_push_key
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    make_registration,
    make_session,
    publish_programme,
)
from tests.post import Post
from tests.pushes.conftest import ADDRESS, NOTIFICATIONS, SUBSCRIPTIONS, push, subscribe
from tests.pushes.services import PushService
from workers.jobs import push_message
from workers.main import WorkerSettings


def test_worker_knows_a_function_for_every_kind_of_job() -> None:
    kinds = {job.__struct_config__.tag for job in get_args(AnyJob)}

    assert {function.__name__ for function in WorkerSettings.functions} == kinds


async def waiting(conn: Connection) -> list[tuple[int, float]]:
    """The pushes that wait: how often they were tried, and in how many seconds they are due."""
    rows = await conn.fetch(
        "SELECT (payload ->> 'attempts')::int, extract(epoch FROM next_try_at - now())::float FROM outbox "
        "WHERE kind = 'push_message' AND done_at IS NULL ORDER BY id"
    )
    return [(row[0] or 0, row[1]) for row in rows]


async def test_push_says_what_the_feed_says_and_only_its_browser_can_read_it(
    client: Client, organizer: Client, post: Post, service: PushService, clock: Timeline
) -> None:
    person, other = await client.as_person(ADDRESS), await client.as_person("bei@delegates.example")
    key = (await client.get("/v1/push-key")).json()
    browser, _ = await subscribe(person, service)
    await subscribe(other, service, "other")
    session = await make_session(organizer, access="registered")
    await publish_programme(organizer)
    registration = await make_registration(organizer, ADDRESS, person={"family_name": "Quastel"})
    before = time.time()

    await post.plan()
    await push(post)

    feed = (await person.get(NOTIFICATIONS)).json()["items"]
    said = {one["id"]: one for one in (browser.decrypt(pushed.body) for pushed in service.taken)}
    assert said.keys() == {item["id"] for item in feed}
    for item in feed:
        shown = {name: item[name] for name in ("id", "kind", "title", "text", "language", "created_at", "edition")}
        about = {name: item[name] for name in ("session_id", "registration_id") if item[name]}
        assert said[item["id"]] == shown | about | {"dir": "ltr", "tag": said[item["id"]]["tag"]}
    assert {one.get("session_id") for one in said.values()} == {session["id"], None}
    assert {one["registration_id"] for one in said.values()} == {registration["id"]}
    for pushed in service.taken:
        claims = pushed.claims(key["public_key"])
        assert claims["aud"] == service.url
        assert claims["sub"] == "mailto:desk@forum.test"
        assert before + 11 * 3600 < claims["exp"] < time.time() + 24 * 3600
        assert pushed.path == "/one"
        assert pushed.headers["host"] == service.url.partition("//")[2]
        assert (pushed.headers["content-encoding"], pushed.headers["urgency"]) == ("aes128gcm", "normal")
        assert int(pushed.headers["ttl"]) == 3 * 24 * 3600
        assert pushed.headers["topic"] == browser.decrypt(pushed.body)["tag"]
        assert len(pushed.headers["topic"]) == 32
        assert len(pushed.body) < 3000
        assert b"uastel" not in str(browser.decrypt(pushed.body)).encode()


async def test_job_that_runs_twice_or_in_two_workers_pushes_once(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection
) -> None:
    person = await client.as_person(ADDRESS)
    browser, _ = await subscribe(person, service)
    await make_registration(organizer, ADDRESS)
    await post.plan()
    ids = [row[0] for row in await conn.fetch("SELECT id FROM outbox WHERE kind = 'push_message'")]
    ctx = {"office": post.office, "job_id": "test"}

    await push_message(ctx, ids)
    await push_message(ctx, ids)
    assert len(service.taken) == len(ids) == 1
    await conn.execute("UPDATE outbox SET done_at = NULL WHERE id = ANY ($1)", ids)  # killed before it could commit
    await push_message(ctx, ids)

    assert len({pushed.headers["topic"] for pushed in service.taken}) == 1
    assert browser.decrypt(service.taken[0].body) == browser.decrypt(service.taken[1].body)


async def test_later_news_of_the_same_takes_the_place_of_what_was_not_pushed(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection
) -> None:
    person = await client.as_person(ADDRESS)
    browser, _ = await subscribe(person, service)
    registration = await make_registration(organizer, ADDRESS)
    await post.deliver()
    await organizer.post(f"{REGISTRATIONS}/{registration['id']}/switch-mode", {"mode": "online"})
    await post.plan()
    assert len(await waiting(conn)) == 2
    await push(post)

    (first,) = service.taken
    assert browser.decrypt(first.body)["text"] == "The way in which you take part was changed."
    await person.post(f"{REGISTRATIONS}/{registration['id']}/withdraw")
    await post.plan()
    item = (await person.get(NOTIFICATIONS)).json()["items"][0]
    await person.made(f"{NOTIFICATIONS}/{item['id']}/read", None)
    await push(post)
    assert (len(service.taken), await waiting(conn)) == (1, [])  # read meanwhile


@pytest.mark.parametrize("status", [b"404 Not Found", b"410 Gone"])
async def test_subscription_that_the_service_knows_no_more_is_deleted(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection, status: bytes
) -> None:
    person = await client.as_person(ADDRESS)
    await subscribe(person, service)
    _, kept = await subscribe(person, service, "two")
    service.answers["/one"] = status
    await make_registration(organizer, ADDRESS)

    await post.plan()
    await push(post)

    assert sorted(pushed.path for pushed in service.taken) == ["/one", "/two"]
    assert [item["id"] for item in (await person.get(SUBSCRIPTIONS)).json()["items"]] == [kept]
    assert await waiting(conn) == []


async def test_service_that_makes_us_wait_is_asked_again_after_growing_pauses_and_at_last_no_more(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection
) -> None:
    person = await client.as_person(ADDRESS)
    _, failing = await subscribe(person, service)
    service.answers["/one"] = b"503 Service Unavailable"
    await make_registration(organizer, ADDRESS)
    await post.plan()

    pauses = []
    await push(post)
    while rows := await waiting(conn):
        ((tries, seconds),) = rows
        assert tries == len(pauses) + 1
        pauses.append(round(seconds / 6) / 10)
        taken = len(service.taken)
        await push(post)  # not due yet
        assert len(service.taken) == taken
        await push(post, timedelta(seconds=seconds))

    assert pauses == [0.5, 2, 10, 30, 120, 360]
    assert len(service.taken) == 7
    (item,) = (await person.get(SUBSCRIPTIONS)).json()["items"]
    assert (item["id"], item["last_error"]) == (failing, "it answered 503")
    assert item["last_failed_at"] == "2023-11-01T09:00:00Z"
    assert service.url not in (await conn.fetchval("SELECT string_agg(last_error, '') FROM outbox") or "")


async def test_retry_after_is_honoured_as_seconds_and_as_a_date_and_delivers_in_the_end(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection
) -> None:
    person = await client.as_person(ADDRESS)
    browser, _ = await subscribe(person, service)
    service.answers["/one"] = b"429 Too Many Requests\r\nRetry-After: 1800"
    await make_registration(organizer, ADDRESS)
    await post.plan()
    await push(post)
    ((_, seconds),) = await waiting(conn)
    assert 1790 < seconds <= 1800

    until = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    service.answers["/one"] = f"503 Service Unavailable\r\nRetry-After: {until}".encode()
    await push(post, timedelta(seconds=1800))
    ((tries, seconds),) = await waiting(conn)
    assert (tries, 7180 < seconds <= 7200) == (2, True)
    del service.answers["/one"]
    await push(post, timedelta(hours=2))

    assert len(service.taken) == 3
    assert browser.decrypt(service.taken[-1].body)["kind"] == "registration"
    assert await waiting(conn) == []


async def test_service_that_is_away_holds_up_nobody_else(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection
) -> None:
    person = await client.as_person(ADDRESS)
    for name in ("a", "b"):
        new = {"endpoint": f"http://127.0.0.1:9/{name}", "keys": (await subscribe(person, service))[0].keys}
        await person.made(SUBSCRIPTIONS, new)
    await make_registration(organizer, ADDRESS)
    await post.plan()

    await push(post)

    assert [pushed.path for pushed in service.taken] == ["/one"]
    assert [tries for tries, _ in await waiting(conn)] == [1, 1]


async def test_reminder_is_urgent_and_kept_until_the_session_begins_and_not_pushed_after(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection, clock: Timeline
) -> None:
    person = await client.as_person(ADDRESS)
    session = await make_session(organizer, access="registered", starts_at="2023-12-13T08:00:00Z")
    await publish_programme(organizer)
    registration = await make_registration(organizer, ADDRESS)
    browser, _ = await subscribe(person, service, language="ar")
    clock.now = datetime(2023, 12, 13, 7, tzinfo=UTC)
    remind: dict[str, Any] = {"edition": registration["edition_id"], "registration": registration["id"]}
    for _ in range(2):
        await conn.execute(
            "INSERT INTO messages (edition_id, kind, recipient, person_id, session_id, registration_id, payload, "
            "created_at, next_try_at) "
            "SELECT $1, 'reminder', $2, person_id, $3, id, jsonb_build_object('release', 1, 'starts_at', "
            "$4::timestamptz, 'minutes', $5::int, 'mode', 'in_person'), $6, now() FROM registrations WHERE id = $7",
            remind["edition"], ADDRESS, session["id"], datetime(2023, 12, 13, 8, tzinfo=UTC), clock.now.minute + 60,
            clock.now, remind["registration"],
        )  # fmt: skip
        await push(post)
        clock.forward(hours=1, minutes=1)

    (pushed,) = service.taken
    assert (pushed.headers["urgency"], pushed.headers["ttl"]) == ("high", "3600")
    said = browser.decrypt(pushed.body)
    assert (said["kind"], said["language"], said["dir"]) == ("reminder", "ar", "rtl")
    assert await waiting(conn) == []


async def test_longest_title_stays_below_what_every_service_takes(
    client: Client, organizer: Client, post: Post, service: PushService
) -> None:
    person = await client.as_person(ADDRESS)
    browser, _ = await subscribe(person, service, language="ru")
    await make_session(organizer, access="registered", title={"ru": "🕊" * 300})
    await publish_programme(organizer)
    await make_registration(organizer, ADDRESS)

    await post.plan()
    await push(post)

    said = [browser.decrypt(pushed.body) for pushed in service.taken]
    assert max(len(pushed.body) for pushed in service.taken) < 3000
    (invitation,) = [one for one in said if one["kind"] == "invitation"]
    assert invitation["title"].endswith("🕊…")
    assert len(invitation["title"].encode()) <= 600


async def test_older_key_stays_good_for_who_subscribed_with_it(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection, clock: Timeline
) -> None:
    person = await client.as_person(ADDRESS)
    old = (await client.get("/v1/push-key")).json()
    await subscribe(person, service, "old")
    assert await rotate_push_key(conn, clock()) > old["id"]
    new = (await client.get("/v1/push-key")).json()
    await subscribe(person, service, "new")
    await subscribe(person, service, "late", key=old["id"])
    await make_registration(organizer, ADDRESS)

    await post.plan()
    await push(post)

    signed = {pushed.path: pushed for pushed in service.taken}
    assert old != new
    for path, key in (("/old", old), ("/new", new), ("/late", old)):
        assert signed[path].claims(key["public_key"])["aud"] == service.url
    assert [item["key"] for item in (await person.get(SUBSCRIPTIONS)).json()["items"]] == [
        old["id"],
        new["id"],
        old["id"],
    ]
