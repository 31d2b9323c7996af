"""The servers that `forum up` runs are killed: they are started again, and what was answered with 2xx is kept."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import msgspec
import pytest

from forum.embedded import EmbeddedError, Kept
from forum.embedded.processes import processes_in
from forum.settings import Settings
from tests.commands.test_up import children_of
from tests.processes import command, wait_until


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' user can reach, also when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="forum-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def server(parent: int, program: str) -> int | None:
    """The process of a server that `forum up` has started."""
    return next((pid for pid, line in children_of(parent).items() if program in line.partition(" ")[0]), None)


def kill(parent: int, program: str) -> None:
    """Kill a server, and wait until another one runs."""
    killed = server(parent, program)
    assert killed
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: server(parent, program) not in (killed, None))


def ask_for_code(http: httpx.Client, number: int, seconds: float = 20) -> int:
    """Ask for a sign-in code until the API takes it; how often it was not to be had."""
    deadline, refused = time.monotonic() + seconds, 0
    while True:
        answer = http.post("/v1/auth/codes", json={"email": f"person-{number}@x.example"})
        if answer.status_code == 202:
            return refused
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert time.monotonic() < deadline
        refused += 1
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_up_starts_its_killed_servers_again_and_keeps_what_was_answered(folder: Path) -> None:
    settings, ready = Settings(data_dir=str(folder / "data"), relay_again_seconds=1), folder / "ready.json"
    inbox, log = folder / "data" / "mail" / "new", folder / "up.log"
    with command("up", "--port", "0", "--ready-file", str(ready), settings=settings, log=log) as up:
        wait_until(ready.exists, 60)
        with httpx.Client(base_url=msgspec.json.decode(ready.read_bytes())["url"], timeout=10) as http:
            assert ask_for_code(http, 1) == 0
            kill(up.pid, "postgres")
            ask_for_code(http, 2)
            wait_until(lambda: "PostgreSQL answers again." in log.read_text())
            kill(up.pid, "valkey")
            wait_until(lambda: "Valkey answers again." in log.read_text())
            ask_for_code(http, 3)
            wait_until(lambda: inbox.exists() and len(os.listdir(inbox)) == 3, 40)
            assert http.get("/health/ready").json() == {"status": "ok"}
        up.terminate()
        assert up.wait(30) == 0

    said = log.read_text()
    for name in ("PostgreSQL", "Valkey"):
        assert f"{name} has ended by itself (signal SIGKILL); it is started again in 0.5 s." in said
    assert "The API has ended" not in said
    assert "The worker has ended" not in said
    assert processes_in(folder / "data" / "servers" / "postgres") == []


def test_process_that_ends_again_and_again_is_given_up_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said, started = 100.0, list[str](), list[float]()
    monkeypatch.setattr("forum.embedded.keeping.time.monotonic", lambda: now)

    def start() -> subprocess.Popen[bytes]:
        started.append(now)
        process = subprocess.Popen([sys.executable, "-S", "-c", "raise SystemExit(3)"])
        process.wait()
        return process

    kept = Kept("The clerk", start, last_words=lambda: "its last words: no paper")

    def tend() -> None:
        nonlocal now
        while now < 200:
            kept.tend(said.append)
            now += 0.25

    with pytest.raises(EmbeddedError) as ended:
        tend()

    pauses = [0.5, 1, 2, 4, 8]
    assert said == [f"The clerk has ended by itself (exit code 3); it is started again in {p:g} s." for p in pauses]
    assert [later - earlier for earlier, later in pairwise(started)] == [pause + 0.25 for pause in pauses]
    assert str(ended.value) == (
        "The clerk has ended by itself (exit code 3), the 6th time in a row; its last words: no paper."
    )
