"""What is measured: the embedded servers, durable, the HTTP server on top of them, and a forum to read and write."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from msgspec import Struct, structs

from forum.db import Pool, open_connection, open_pool
from forum.embedded import services
from forum.migrations import migrate
from forum.registrations.service import ensure_badge_key
from forum.settings import Settings, as_environment
from tests.bench.load import Generator
from tests.client import Client
from tests.factories import edition_fields, make_series, publish_programme

NOW = datetime(2023, 12, 13, 9, tzinfo=UTC)
"""Where the clock of the measured forum starts: the first morning, when registration and gates are both open."""
ROOMS, SLOTS = 10, 30
ABSTRACT = (
    "Governments, cities, refugee-led organizations and the private sector take stock of the pledges of 2019, hear "
    "what has changed for refugees and host communities, and announce what each will do until the next review."
)
CREATE_BARE_TABLE = "CREATE SCHEMA bench CREATE TABLE rows (id uuid PRIMARY KEY, name text NOT NULL)"


class Stage(Struct):
    """Everything a measure needs."""

    settings: Settings
    pool: Pool
    http: httpx.AsyncClient
    generator: Generator
    port: int
    server_pid: int
    database_pid: int
    admin: Client


@contextmanager
def _servers() -> Iterator[tuple[Settings, int]]:
    """PostgreSQL and Valkey in a new folder, flushing to disk as in production."""
    with tempfile.TemporaryDirectory(prefix="forum-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        with services(data, durable=True) as found:
            pid = next(data.glob("**/postmaster.pid")).read_text().split()[0]
            yield Settings(found.database_url, found.redis_url, str(data), rehearsal_at=NOW), int(pid)


@asynccontextmanager
async def running_server(settings: Settings) -> AsyncIterator[tuple[int, int]]:
    """The HTTP server in its own process; its port and process id."""
    environment = os.environ | as_environment(settings)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.server", stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout
    try:
        port = int(await process.stdout.readline())
        yield port, process.pid
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """The stage, empty but for an administrator."""
    with _servers() as (settings, database_pid):
        async with _stage_on(settings, database_pid) as made:
            yield made


@asynccontextmanager
async def another_stage(other: Stage, name: str) -> AsyncIterator[Stage]:
    """A second HTTP server with a database of its own, on the same PostgreSQL."""
    await other.pool.execute(f"CREATE DATABASE {name}")
    url = urlsplit(other.settings.database_url or "")
    settings = structs.replace(other.settings, database_url=url._replace(path=f"/{name}").geturl())
    async with _stage_on(settings, other.database_pid) as made:
        yield made


@asynccontextmanager
async def _stage_on(settings: Settings, database_pid: int) -> AsyncIterator[Stage]:
    assert settings.database_url
    connection = await open_connection(settings.database_url)
    await migrate(connection)
    await ensure_badge_key(connection, NOW)
    await connection.execute(CREATE_BARE_TABLE)
    await connection.close()
    pool = await open_pool(settings.database_url, size=4)
    async with (
        pool,
        running_server(settings) as (port, pid),
        Generator() as generator,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        await _wait_until_ready(http)
        admin = await Client(http, pool, lambda: NOW).as_role("admin")
        await make_series(admin)
        yield Stage(settings, pool, http, generator, port, pid, database_pid, admin)


async def _wait_until_ready(http: httpx.AsyncClient) -> None:
    for _ in range(200):
        try:
            if (await http.get("/health/ready")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.05)
    raise RuntimeError("the server does not become ready")


async def make_live_edition(stage: Stage, slug: str, capacity: int) -> str:
    """An edition that is held now; its id."""
    fields = edition_fields(slug=slug, in_person_capacity=capacity)
    edition = await stage.admin.made("/v1/editions", fields)
    for move in ("announce", "open", "start"):
        await stage.admin.made(f"/v1/editions/{slug}/{move}", None)
    return str(edition["id"])


async def make_programme(stage: Stage, slug: str, count: int = ROOMS * SLOTS) -> list[str]:
    """Confirm and publish sessions in ten rooms; their ids."""
    path = f"/v1/editions/{slug}"
    rooms = [await stage.admin.made(f"{path}/rooms", {"name": f"Room {n}", "capacity": 200}) for n in range(ROOMS)]
    track = await stage.admin.made(f"{path}/tracks", {"name": {"en": "Education", "fr": "Éducation", "ar": "التعليم"}})
    made = []
    for number in range(count):
        starts_at = NOW + timedelta(hours=number // ROOMS)
        fields = {
            "title": {
                "en": f"Parallel high-level event {number}: solutions in host countries",
                "fr": f"Événement parallèle de haut niveau {number} : solutions dans les pays d'accueil",
                "ar": f"الفعالية الموازية رفيعة المستوى {number}: الحلول في البلدان المضيفة",
            },
            "abstract": {"en": ABSTRACT},
            "type": "side_event",
            "track": track["id"],
            "room": rooms[number % ROOMS]["id"],
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(minutes=55)).isoformat(),
            "mode": "hybrid",
        }
        session = await stage.admin.made(f"{path}/sessions", fields)
        await stage.admin.made(f"{path}/sessions/{session['id']}/confirm", None)
        made.append(str(session["id"]))
    await publish_programme(stage.admin, slug)
    return made
