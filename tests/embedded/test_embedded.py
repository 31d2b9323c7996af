import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from arq.connections import RedisSettings, create_pool

from forum.embedded import EmbeddedError, Services, services
from forum.embedded.processes import processes_in

OWNER = """
import sys, time
from pathlib import Path
from forum.embedded import services
with services(Path(sys.argv[1])) as found:
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that the servers' user can reach, also when the tests run as root: not below pytest's own, which
    every other run of pytest closes to strangers again."""
    with tempfile.TemporaryDirectory(prefix="forum-test-", ignore_cleanup_errors=True) as found:
        Path(found).chmod(0o755)
        yield Path(found) / "data"


def ask(found: Services, sql: str) -> object:
    """One statement, on a connection of its own."""

    async def run() -> object:
        connection = await asyncpg.connect(found.database_url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


@contextmanager
def owner(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs the servers of `folder`."""
    running = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert running.stdout
    assert running.stdout.readline() == "ready\n"
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def test_servers_answer_and_keep_data_between_runs(folder: Path) -> None:
    async def ping(found: Services) -> bool:
        queue = await create_pool(RedisSettings.from_dsn(found.redis_url))
        try:
            return bool(await queue.ping())
        finally:
            await queue.aclose()

    with services(folder, durable=False) as found:
        ask(found, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert asyncio.run(ping(found))
    with services(folder, durable=False) as found:
        assert ask(found, "SELECT answer FROM kept") == 42
        assert ask(found, "SHOW listen_addresses") == ""

    assert processes_in(folder / "servers" / "postgres") == []
    assert not (folder / "servers" / "postgres" / "postmaster.pid").exists()


def test_second_process_shares_the_servers_and_leaves_them_running(folder: Path) -> None:
    with owner(folder) as running:
        with services(folder, durable=False) as found:
            assert ask(found, "SELECT 1") == 1
        with services(folder, durable=False) as found:
            assert ask(found, "SELECT 2") == 2
        assert running.poll() is None


def test_killed_owner_leaves_no_orphan_and_loses_nothing(folder: Path) -> None:
    with owner(folder) as running:
        with services(folder, durable=False) as found:
            ask(found, "CREATE TABLE kept AS SELECT 42 AS answer")
        running.send_signal(signal.SIGKILL)
        running.wait()

    with services(folder, durable=False) as found:
        assert ask(found, "SELECT answer FROM kept") == 42


def test_everything_killed_recovers(folder: Path) -> None:
    with owner(folder) as running:
        with services(folder, durable=False) as found:
            ask(found, "CREATE TABLE kept AS SELECT 42 AS answer")
        running.send_signal(signal.SIGKILL)
        for pid in processes_in((folder / "servers" / "postgres").resolve()):
            with contextlib.suppress(ProcessLookupError):  # the kernel was quicker: its parent is dead
                os.kill(pid, signal.SIGKILL)
        running.wait()

    with services(folder, durable=False) as found:
        assert ask(found, "SELECT answer FROM kept") == 42


def test_stale_lock_that_names_a_living_stranger_is_disarmed(folder: Path) -> None:
    with services(folder, durable=False):
        pass
    lock = folder / "servers" / "postgres" / "postmaster.pid"
    lock.write_text(f"{os.getppid()}\n{lock.parent}\n1700000000\n5432\n\n\n")

    with services(folder, durable=False) as found:
        assert ask(found, "SELECT 1") == 1


def test_folder_of_another_version_is_refused_with_words(folder: Path) -> None:
    with services(folder, durable=False):
        pass
    (folder / "servers" / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedError, match=r"was made by PostgreSQL 9; this is PostgreSQL \d+"), services(folder):
        pass


def test_folder_that_cannot_be_made_is_refused_with_words(folder: Path) -> None:
    folder.write_text("not a folder")

    with pytest.raises(EmbeddedError, match="Choose another FORUM_DATA_DIR"), services(folder / "data"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its rights")
def test_chosen_folder_below_a_private_one_is_refused_as_root(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with pytest.raises(EmbeddedError, match="cannot enter"), services(tmp_path / "inner" / "data", chosen=True):
        pass
