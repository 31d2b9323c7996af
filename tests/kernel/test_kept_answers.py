"""Kept answers: sent again before routing, and only while a reader would get the same from the handler."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from forum.http import Application
from forum.kept import KeptAnswers
from forum.listening import listening
from forum.settings import Settings
from tests.client import Client
from tests.factories import make_edition, make_session, publish_programme

PATH = "/v1/editions/grf-2023/programme"


def kept(app: Application) -> int:
    """How many answers are kept."""
    answers: KeptAnswers = app.state.kept_answers
    return len(answers._known)


@pytest.fixture
async def manager(client: Client, app: Application, settings: Settings) -> AsyncIterator[Client]:
    """Somebody who publishes, on an application that hears of releases."""
    edition = await make_edition(client)
    manager = await client.as_role("programme_manager", edition["id"])
    await make_session(manager)
    await publish_programme(manager)
    assert settings.database_url
    async with listening(settings.database_url, [app.state.keeper]):
        async with asyncio.timeout(10):
            while not kept(app):  # until it listens, nothing is kept
                await client.get(PATH)
        yield manager


def routed(app: Application) -> int:
    """How many requests the router has seen."""
    seen = app.asgi_router.handle_routing.cache_info()
    return seen.hits + seen.misses


async def test_kept_answer_is_the_same_as_the_first(client: Client, app: Application, manager: Client) -> None:
    first = await client.get(PATH, params={"another": "question"})
    before = routed(app)
    again = await client.get(PATH)
    head = await client.request("HEAD", PATH)
    unchanged = await client.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert routed(app) == before
    differs = {"x-request-id"}
    shown = [(name, value) for name, value in first.headers.multi_items() if name not in differs]
    for answer in (again, head):
        assert [(name, value) for name, value in answer.headers.multi_items() if name not in differs] == shown
    assert (again.content, head.content, unchanged.status_code, unchanged.content) == (first.content, b"", 304, b"")


async def test_kept_answer_ends_with_the_next_release(client: Client, app: Application, manager: Client) -> None:
    await client.get(PATH)
    await make_session(manager, title={"en": "Added later"}, starts_at=None, ends_at=None)
    assert len((await client.get(PATH)).json()["sessions"]) == 1
    await publish_programme(manager)
    answer = (await client.get(PATH)).json()
    assert (answer["release"], len(answer["sessions"])) == (2, 2)


async def test_kept_answer_ends_when_nothing_is_heard_of_releases(
    client: Client, app: Application, manager: Client
) -> None:
    await client.get(PATH)
    before = routed(app)
    app.state.keeper.lose()
    assert (await client.get(PATH)).status_code == 200
    assert routed(app) == before + 1


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Authorization": "Bearer wrong"}, 401),
        ("GET", {"Host": "not valid"}, 400),
        ("DELETE", {}, 405),
    ],
)
async def test_kept_answer_is_for_the_same_public_question_only(
    client: Client, manager: Client, method: str, headers: dict[str, str], status: int
) -> None:
    assert (await client.get(PATH)).status_code == 200
    assert (await client.request(method, PATH, headers=headers)).status_code == status
    assert len((await client.get(PATH, params={"day": "2023-12-14"})).json()["sessions"]) == 0
    assert len((await client.get(PATH)).json()["sessions"]) == 1


async def test_kept_answers_are_few_however_many_questions_are_asked(
    client: Client, app: Application, manager: Client
) -> None:
    for number in range(205):
        assert (await client.get(PATH, params={"nothing": str(number)})).status_code == 200
    assert 0 < kept(app) <= 200
