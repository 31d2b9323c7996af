"""A publication is one step to every reader: the release before it or the release after it, whole."""

import asyncio

import pytest

from tests.client import Client
from tests.factories import make_edition, make_session, publish_programme

EDITION = "/v1/editions/grf-2023"
PROGRAMME, SESSIONS = f"{EDITION}/programme", f"{EDITION}/sessions"
COUNT, RELEASES = 20, 6


@pytest.fixture
async def manager(client: Client) -> Client:
    """A programme manager of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("programme_manager", edition["id"])


async def test_reader_sees_the_old_or_the_new_release_and_never_a_mixture(client: Client, manager: Client) -> None:
    made = [await make_session(manager, title={"en": "Release 1"}) for _ in range(COUNT)]
    await publish_programme(manager)
    seen: list[list[tuple[int, frozenset[str]]]] = []
    done = asyncio.Event()

    async def read() -> None:
        mine: list[tuple[int, frozenset[str]]] = []
        while not done.is_set():
            programme = (await client.get(PROGRAMME)).json()
            assert len(programme["sessions"]) == COUNT
            mine.append((programme["release"], frozenset(one["title"]["en"] for one in programme["sessions"])))
        seen.append(mine)

    async def publish() -> None:
        for number in range(2, RELEASES + 1):
            for session in made:
                await manager.patch(f"{SESSIONS}/{session['id']}", {"title": {"en": f"Release {number}"}})
            await publish_programme(manager)
        await manager.made(f"{PROGRAMME}/releases/1/restore", {})
        done.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(read())
        group.create_task(publish())

    for mine in seen:
        numbers = [number for number, _ in mine]
        assert numbers == sorted(numbers)
        assert all(found == {f"Release {number if number <= RELEASES else 1}"} for number, found in mine)
    assert {number for mine in seen for number, _ in mine} >= {1, RELEASES}


async def test_publications_at_once_are_numbered_one_after_the_other(client: Client, manager: Client) -> None:
    session = await make_session(manager, title={"en": "A"})
    await publish_programme(manager)
    await manager.patch(f"{SESSIONS}/{session['id']}", {"starts_at": "2023-12-13T09:00:00Z"})
    paths = ["publish", "releases/1/restore"] * 4 + ["publish?dry_run=true", "releases/1/restore?dry_run=true"]

    answers = await asyncio.gather(*(manager.post(f"{PROGRAMME}/{path}", {}) for path in paths))

    assert {answer.status_code for answer in answers} == {200}
    listed = (await client.get(f"{PROGRAMME}/releases")).json()["items"]
    numbers = [release["number"] for release in listed]
    assert numbers == list(range(len(numbers), 0, -1))
    sequences = []
    for number in reversed(numbers):
        (entry,) = (await client.get(f"{PROGRAMME}/releases/{number}")).json()["sessions"]
        sequences.append(entry["calendar_sequence"])
    assert sequences == sorted({*sequences})
