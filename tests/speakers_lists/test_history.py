"""What became of lists, requests and statements: written down whatever changed them, and read by the staff."""

from hashlib import sha256
from uuid import UUID

import asyncpg
import pytest

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_entity
from tests.speakers_lists.conftest import Json, ask, list_of, make_list, move_on


async def history(caller: Client, path: str, *names: str) -> list[tuple[object, ...]]:
    """Some fields of every line of a history, which is read line by line."""
    lines: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await caller.get(f"{path}/transitions", params={"limit": "1", "count": "true"} | cursor)).json()
        lines += page["items"]
        if page["next_cursor"] is None:
            assert page["total"] == len(lines)
            return [tuple(line[name] for name in names) for line in lines]
        cursor = {"cursor": page["next_cursor"]}


async def token_of(caller: Client, conn: Connection) -> str:
    """The id of the token with which somebody acts."""
    digest = sha256(caller.token.encode()).digest()
    return str(await conn.fetchval("SELECT id FROM tokens WHERE sha256 = $1", digest))


async def test_request_keeps_who_changed_its_status_rank_and_time_when_and_why(
    manager: Client, delegate: Client, plenary: Json, clock: Timeline, conn: Connection
) -> None:
    await make_list(manager, plenary)
    made = await delegate.made(f"{list_of(plenary)}/requests", {"rank": "minister", "language": "en"})
    path = f"{list_of(plenary)}/requests/{made['id']}"
    clock.forward(minutes=1)
    await manager.made(f"{path}/decline", {"reason": "Not credited"})
    clock.forward(minutes=1)
    await manager.patch(path, {"language": "fr"})  # no news
    await move_on(manager, plenary, made, "accept")
    await manager.patch(path, {"rank": "head_of_state", "allotted_seconds": 200})
    await manager.made(f"{path}/move", {"position": 1, "reason": "Asked to"})
    await move_on(manager, plenary, made, "start", "stop")

    staff, own = await token_of(manager, conn), await token_of(delegate, conn)
    late = "2023-11-01T09:02:00Z"
    assert await history(manager, path, "status", "rank", "allotted_seconds", "at", "by_token", "reason") == [
        ("requested", "minister", None, "2023-11-01T09:00:00Z", own, None),
        ("declined", "minister", None, "2023-11-01T09:01:00Z", staff, "Not credited"),
        ("accepted", "minister", None, late, staff, None),
        ("accepted", "head_of_state", 200, late, staff, None),
        ("started", "head_of_state", 200, late, staff, None),
        ("spoke", "head_of_state", 200, late, staff, None),
    ]
    assert (await delegate.get(f"{path}/transitions")).status_code == 403


async def test_registration_or_entity_that_goes_stands_in_the_history_of_the_request(
    client: Client, manager: Client, registrar: Client, delegate: Client, plenary: Json, edition: Json,
    conn: Connection, clock: Timeline,
) -> None:  # fmt: skip
    await make_list(manager, plenary)
    made = await delegate.made(f"{list_of(plenary)}/requests", {"rank": "minister", "language": "en"})
    gone, kept = await make_entity(registrar, "Gone"), await make_entity(registrar, "Kept")
    doubled = await ask(manager, plenary, "M", entity=gone["id"])
    await ask(manager, plenary, "N", entity=kept["id"])
    organizer = await client.as_role("organizer", edition["id"])
    clock.forward(minutes=5)

    await registrar.made(f"{REGISTRATIONS}/{made['registration']}/withdraw", {"reason": "Does not travel"})
    await organizer.made(f"/v1/entities/{gone['id']}/merge", {"into": kept["id"], "reason": "The same"})

    for one, who, reason in ((made, registrar, "Does not travel"), (doubled, organizer, "The same")):
        lines = await history(manager, f"{list_of(plenary)}/requests/{one['id']}", "status", "at", "by_token", "reason")
        assert lines[1:] == [("withdrawn", "2023-11-01T09:05:00Z", await token_of(who, conn), reason)]
        there = (await manager.get(f"{list_of(plenary)}/requests/{one['id']}")).json()
        assert there["ended_at"] == "2023-11-01T09:05:00Z"


async def test_list_and_statement_keep_what_they_were(
    manager: Client, delegate: Client, plenary: Json, second_plenary: Json, clock: Timeline, conn: Connection
) -> None:
    made = await make_list(manager, plenary, continued_in=[second_plenary["id"]])
    clock.forward(minutes=1)
    await manager.patch(list_of(plenary), {"published": True, "continued_in": [], "extra_seconds": 90})
    request = await delegate.made(f"{list_of(plenary)}/requests", {"rank": "minister", "language": "en"})
    path = f"{list_of(plenary)}/requests/{request['id']}/statement"
    text = {"If-Match": "*", "Content-Type": "text/plain"}
    for content in (b"We pledge.", b"We pledge more."):
        await delegate.request("PUT", path, content=content, headers=text)
    await manager.patch(path, {"published": True})

    staff, own = await token_of(manager, conn), await token_of(delegate, conn)
    first, later = "2023-11-01T09:00:00Z", "2023-11-01T09:01:00Z"
    fields = ("number", "session", "continued_in", "extra_seconds", "published", "at", "by_token")
    assert await history(manager, list_of(plenary), *fields) == [
        (1, made["session"], [second_plenary["id"]], 60, False, first, staff),
        (2, made["session"], [], 90, True, later, staff),
    ]
    assert await history(manager, path, "sha256", "bytes", "published", "at", "by_token") == [
        (sha256(b"We pledge.").hexdigest(), 10, False, later, own),
        (sha256(b"We pledge more.").hexdigest(), 15, False, later, own),
        (sha256(b"We pledge more.").hexdigest(), 15, True, later, staff),
    ]
    assert (await delegate.get(f"{list_of(plenary)}/transitions")).status_code == 403


async def test_of_who_is_erased_the_history_says_neither_why_nor_that_they_acted(
    client: Client, manager: Client, delegate: Client, plenary: Json, edition: Json, conn: Connection
) -> None:
    await make_list(manager, plenary)
    made = await delegate.made(f"{list_of(plenary)}/requests", {"rank": "minister", "language": "en"})
    path = f"{list_of(plenary)}/requests/{made['id']}"
    text = {"If-Match": "*", "Content-Type": "text/plain"}
    await delegate.request("PUT", f"{path}/statement", content=b"Secret words", headers=text)
    await manager.made(f"{path}/decline", {"reason": "Secret reason"})
    organizer = await client.as_role("organizer", edition["id"])

    await organizer.made(f"{REGISTRATIONS}/{made['registration']}/erase", {"reason": "asked_by_the_person"})

    staff = await token_of(manager, conn)
    assert await history(manager, path, "status", "by_token", "reason") == [
        ("requested", None, None), ("declined", staff, None),
    ]  # fmt: skip
    assert await history(manager, f"{path}/statement", "sha256") == []
    assert (
        await conn.fetchval("SELECT requested_by_token FROM speaking_requests WHERE id = $1", UUID(made["id"])) is None
    )


async def test_change_of_which_nobody_says_when_is_not_written(
    manager: Client, plenary: Json, conn: Connection
) -> None:
    await make_list(manager, plenary)
    made = await ask(manager, plenary)

    await conn.execute("SELECT set_config('forum.changed_at', '', true)")
    with pytest.raises(asyncpg.NotNullViolationError):
        await conn.execute("UPDATE speaking_requests SET rank = 'other' WHERE id = $1", UUID(made["id"]))
