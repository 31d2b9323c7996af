"""PostgreSQL goes away and comes back under load: the API says so meanwhile, and recovers by itself."""

import asyncio
import os
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import httpx
import pytest

from forum.embedded import Services, services
from forum.migrations import migrate
from forum.settings import Settings
from tests.processes import command, wait_until

Request = Callable[[], Awaitable[httpx.Response]]


class Database:
    """A server of the test's own, that it can stop and start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.found: Services | None = None

    def start(self) -> Services:
        """Start it, and answer where it is."""
        self.found = self._stack.enter_context(services(self.folder, durable=False))
        return self.found

    def stop(self) -> None:
        """Stop it, as `systemctl stop` would."""
        self._stack.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[Database]:
    """A server of this module's own."""
    with tempfile.TemporaryDirectory(prefix="forum-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = Database(Path(folder) / "data")
        yield made
        made.stop()


@pytest.fixture
async def database(own_server: Database) -> Database:
    """The server, running, with nothing in it."""
    own_server.stop()
    connection = await asyncpg.connect(own_server.start().database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    return own_server


async def migrated(database: Database) -> Services:
    """Where the server answers, once it has every table."""
    assert database.found
    connection = await asyncpg.connect(database.found.database_url)
    await migrate(connection)
    await connection.close()
    return database.found


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket for the API to listen on."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


async def until_answered(request: Request, status: int, seconds: float = 15.0) -> httpx.Response:
    """Ask again and again until the answer has that status."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if (answer := await request()).status_code == status:
                return answer
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"no {status} in time"
        await asyncio.sleep(0.02)


async def test_api_outlives_the_loss_of_the_database_under_load(
    database: Database, listening: socket.socket, tmp_path: Path
) -> None:
    found = await migrated(database)
    settings = Settings(database_url=found.database_url, redis_url=found.redis_url, data_dir=str(tmp_path))
    host, port = listening.getsockname()
    seen: Counter[int] = Counter()
    problems: set[tuple[str | None, str]] = set()
    accepted: list[str] = []
    stop = asyncio.Event()

    async def load(http: httpx.AsyncClient, client: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            address = f"person-{client}-{number}@x.example"
            answer = (
                await http.get("/v1/editions")
                if number % 2
                else await http.post("/v1/auth/codes", json={"email": address})
            )
            seen[answer.status_code] += 1
            if answer.status_code == 503:
                problems.add((answer.headers.get("Retry-After"), answer.json()["code"]))
            elif number % 2 == 0:
                accepted.append(address)

    serve = command("serve", "--descriptor", str(listening.fileno()), settings=settings, log=tmp_path / "api.log",
                    descriptors=[listening.fileno()])  # fmt: skip
    with serve as api:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=15) as http:
            await until_answered(lambda: http.get("/health/ready"), 200)
            clients = [asyncio.create_task(load(http, client)) for client in range(8)]
            await asyncio.sleep(0.2)
            await asyncio.to_thread(database.stop)
            down = await until_answered(lambda: http.get("/health/ready"), 503)
            assert (await http.get("/health/live")).status_code == 200
            assert (down.headers["Retry-After"], down.json()["code"]) == ("2", "unavailable")
            before = seen[503]
            await asyncio.to_thread(wait_until, lambda: seen[503] >= before + 16)
            await asyncio.to_thread(database.start)
            await until_answered(lambda: http.get("/health/ready"), 200)
            well = seen[200] + seen[202]
            await asyncio.to_thread(wait_until, lambda: seen[200] + seen[202] >= well + 16)
            stop.set()
            await asyncio.gather(*clients)
        assert api.poll() is None

    assert set(seen) == {200, 202, 503}
    assert problems == {("2", "unavailable")}
    connection = await asyncpg.connect(found.database_url)
    rows = await connection.fetch("SELECT recipient FROM messages")
    await connection.close()
    assert set(accepted) <= {row[0] for row in rows}


async def test_api_starts_without_a_database_and_serves_once_it_is_there(
    database: Database, listening: socket.socket, tmp_path: Path
) -> None:
    found = database.found
    assert found
    database.stop()
    settings = Settings(database_url=found.database_url, redis_url=found.redis_url, data_dir=str(tmp_path))
    host, port = listening.getsockname()

    serve = command("serve", "--descriptor", str(listening.fileno()), settings=settings, log=tmp_path / "api.log",
                    descriptors=[listening.fileno()])  # fmt: skip
    with serve:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=15) as http:
            await until_answered(lambda: http.get("/health/live"), 200)
            assert (await http.get("/health/ready")).status_code == 503
            assert (await http.get("/v1/editions")).headers["Retry-After"] == "2"
            await asyncio.to_thread(database.start)
            behind = await until_answered(lambda: http.get("/health/ready"), 503)
            assert behind.json()["code"] == "unavailable"
            await migrated(database)
            await until_answered(lambda: http.get("/health/ready"), 200)
            assert (await http.get("/v1/editions")).json() == {"items": [], "next_cursor": None}


async def test_worker_outlives_the_loss_of_database_and_queue(database: Database, tmp_path: Path) -> None:
    found = await migrated(database)
    settings = Settings(database_url=found.database_url, redis_url=found.redis_url, data_dir=str(tmp_path))

    async def arrive(count: int) -> None:
        connection = await asyncpg.connect(found.database_url)
        await connection.execute(
            "INSERT INTO messages (kind, recipient, payload, created_at, next_try_at) VALUES ('sign_in', "
            '\'a@x.example\', \'{"code": "12345678", "language": "en"}\', now(), now())'
        )
        await connection.close()
        inbox = settings.mail_path / "new"
        await asyncio.to_thread(wait_until, lambda: inbox.exists() and len(os.listdir(inbox)) >= count)

    with command("worker", settings=settings, log=tmp_path / "worker.log") as worker:
        await arrive(1)
        await asyncio.to_thread(database.stop)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(database.start)
        await arrive(2)
        assert worker.poll() is None
    assert "Traceback" not in (tmp_path / "worker.log").read_text()
