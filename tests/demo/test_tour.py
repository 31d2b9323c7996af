"""The tour itself: few people, every step; and what it says and does when a step fails or somebody ends it."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from forum.db import Connection
from forum.demo.caller import Caller, calling, crowd
from forum.demo.cast import SMALL
from forum.demo.checks import StepFailed, until, verify
from forum.demo.script import BEFORE, DURING
from forum.demo.tour import Tokens, Tour
from forum.settings import Settings
from tests.processes import command, run, wait_until

EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"


def tour(path: Path) -> Tour:
    """A tour of nothing yet."""
    console = Console(record=True, width=200)
    return Tour(console, Caller(httpx.AsyncClient()), Tokens("", "", "o@forum.example"), path, SMALL)


async def test_every_step_is_verified_with_few_people(settings: Settings, conn: Connection) -> None:
    await conn.execute(EMPTY)

    done = run("demo", "--once", "--small", "--port", "0", settings=settings, seconds=180)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == len(BEFORE) + len(DURING)
    assert "Every step was verified" in done.stdout
    registered = "SELECT count(*) FROM registrations r JOIN editions e ON e.id = r.edition_id WHERE e.slug = 'grf-2023'"
    assert await conn.fetchval(registered) == SMALL.in_person + SMALL.online + SMALL.late


async def test_database_in_use_is_left_alone(settings: Settings) -> None:
    done = run("demo", "--once", "--port", "0", settings=settings)

    assert (done.returncode, done.stderr) == (
        1,
        "Error: FORUM_DATABASE_URL must name an empty database: this one is in use.\n",
    )


async def test_ended_before_its_end_it_has_not_succeeded(settings: Settings, conn: Connection, tmp_path: Path) -> None:
    await conn.execute(EMPTY)
    log = tmp_path / "demo.log"

    with command("demo", "--once", "--small", "--port", "0", settings=settings, log=log) as running:
        wait_until(lambda: "publish the programme" in log.read_text(), 60)
        assert "Another demonstration runs" in run("demo", "--port", "0", settings=settings).stderr
        running.terminate()
        assert running.wait(30) == 130


async def test_step_that_fails_is_named_with_expected_and_found(tmp_path: Path) -> None:
    played: list[str] = []

    async def go_well(tour: Tour) -> str:
        played.append("go_well")
        return "As it should be."

    async def count_the_chairs(tour: Tour) -> str:
        await crowd(range(3), lambda number: asyncio.sleep(0, verify("chairs", 4, number)))
        return ""

    with pytest.raises(StepFailed) as failed:
        await tour(tmp_path).play([go_well, count_the_chairs, go_well])

    assert (str(failed.value), played) == ("count the chairs: chairs: expected 4, found 0", ["go_well"])


def test_of_two_objects_only_what_differs_is_shown() -> None:
    with pytest.raises(StepFailed, match=r"^seat: expected \{'row': 1\}, found \{'row': 2\}$"):
        verify("seat", {"row": 1, "hall": "A"}, {"row": 2, "hall": "A"})


async def test_waiting_ends_when_nothing_changes_any_more() -> None:
    numbers = iter([0, 1, 2])
    began = time.monotonic()

    async def read() -> int:
        return next(numbers, 2)

    with pytest.raises(StepFailed, match="mails: expected 3, found 2, and nothing changes any more"):
        await until("mails", 3, read, patience_seconds=0.3)
    assert time.monotonic() - began < 5


async def test_api_that_does_not_answer_fails_the_step() -> None:
    async with calling("http://127.0.0.1:9") as anybody:
        with pytest.raises(StepFailed, match="GET /me: no answer"):
            await anybody.get("/me")
