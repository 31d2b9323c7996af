"""Whatever the staff does in whatever order: no release puts two sessions into one room, no release changes, and the
later release is the later one to every calendar.

One of the rooms is joined from another, or is not, as the staff wants it.
"""

from itertools import combinations, count
from typing import Any, Literal

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import Client
from tests.factories import make_edition, session_fields

EDITIONS = count(1)
ROOMS = SESSIONS = (0, 1, 2)
Move = tuple[Literal["move"], int, int, int, int]
Restore = tuple[Literal["restore"], int]
Step = (
    Move | Restore | tuple[Literal["confirm", "cancel"], int] | tuple[Literal["join"], bool] | tuple[Literal["publish"]]
)
MOVES: st.SearchStrategy[Move] = st.tuples(
    st.just("move"), st.sampled_from(SESSIONS), st.sampled_from(ROOMS), st.integers(8, 10), st.integers(1, 2)
)
CHANGES = st.tuples(st.sampled_from(["confirm", "confirm", "cancel"]), st.sampled_from(SESSIONS))
RESTORES: st.SearchStrategy[Restore] = st.tuples(st.just("restore"), st.integers(1, 4))
JOINS = st.tuples(st.just("join"), st.booleans())
STEPS: st.SearchStrategy[Any] = st.lists(
    st.one_of(MOVES, CHANGES, JOINS, st.just(("publish",)), RESTORES), min_size=6, max_size=16
)


def overlap(one: dict[str, Any], other: dict[str, Any], joined: set[str]) -> bool:
    """Whether two published sessions are confirmed for one room, or rooms that are joined, at one time."""
    rooms = {one["room"]["id"], other["room"]["id"]}
    if {one["status"], other["status"]} != {"confirmed"} or (len(rooms) > 1 and rooms != joined):
        return False
    return bool(one["starts_at"] < other["ends_at"] and other["starts_at"] < one["ends_at"])


def entry(session: dict[str, Any]) -> tuple[Any, ...]:
    """What a published session's calendar entry is about."""
    return session["starts_at"], session["ends_at"], session["room"]["id"], session["status"]


def assert_later(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Every entry that a release had is in the next, under a higher sequence where it differs, else under the same or a
    higher one."""
    found = {session["id"]: session for session in after}
    for old in before:
        new = found[old["id"]]
        assert new["calendar_sequence"] >= old["calendar_sequence"] + (entry(old) != entry(new)), (old, new)


def hours(start: int, length: int) -> dict[str, str]:
    """A slot on the first day."""
    return {"starts_at": f"2023-12-13T{start:02}:00:00Z", "ends_at": f"2023-12-13T{start + length:02}:00:00Z"}


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
async def test_releases_stay_true_whatever_is_done(client: Client, steps: list[Step]) -> None:
    slug = f"grf-{next(EDITIONS)}"
    edition = await make_edition(client, slug=slug)
    manager = await client.as_role("programme_manager", edition["id"], email=f"{slug}@staff.example")
    base = f"/v1/editions/{slug}"
    rooms = [(await manager.made(f"{base}/rooms", {"name": f"Room {n}"}))["id"] for n in ROOMS]
    body = session_fields(room=rooms[0], **hours(8, 2))
    sessions = [(await manager.made(f"{base}/sessions", body))["id"] for _ in SESSIONS]
    seen: dict[int, bytes] = {}
    joined: set[str] = set()
    joins: list[tuple[int, set[str]]] = []

    for step in [*steps, ("publish",)]:
        match step:
            case ("move", session, room, start, length):
                change = {"room": rooms[room]} | hours(start, length)
                answer = await manager.patch(f"{base}/sessions/{sessions[session]}", change)
            case ("publish",) | ("restore", _):
                what = "publish" if step[0] == "publish" else f"releases/{step[1]}/restore"
                answer = await manager.post(f"{base}/programme/{what}", {})
                if answer.status_code == 404:
                    assert step[1] not in seen
                    continue
                number = answer.json()["release"]["number"]
                now = (await client.get(f"{base}/programme")).content
                assert now == seen.setdefault(number, now)
                if step[0] == "publish":  # what is restored was true when it was published
                    joins.append((number, joined))
            case ("join", wanted):
                parts = rooms[1:2] if wanted else []
                answer = await manager.patch(f"{base}/rooms/{rooms[2]}", {"parts": parts})
                if answer.status_code == 200:
                    joined = set(rooms[1:]) if wanted else set()
            case (verb, session):
                answer = await manager.post(f"{base}/sessions/{sessions[session]}/{verb}")
        assert answer.status_code in (200, 409), answer.text

    for number, content in seen.items():
        release = await client.get(f"{base}/programme/releases/{number}")
        assert release.content == content
        for together in [together for published, together in joins if published == number]:
            pairs = combinations(release.json()["sessions"], 2)
            assert [pair for pair in pairs if overlap(*pair, together)] == []
    assert sorted(seen) == list(range(1, len(seen) + 1))
    for number in range(2, len(seen) + 1):
        before, after = (msgspec.json.decode(seen[one])["sessions"] for one in (number - 1, number))
        assert_later(before, after)
