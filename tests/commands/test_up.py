"""`forum up`: everything from nothing, kept running, and gone without a trace when it is asked to stop."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from forum.embedded.processes import processes_in
from forum.settings import Settings
from tests.processes import command, wait_until


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' user can reach, also when the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="forum-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def children_of(pid: int) -> dict[int, str]:
    """The live processes that a process has started, with their command lines (Linux)."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
            if int(words[1]) == pid and words[0] != "Z":
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_up_comes_up_writes_mails_recovers_and_leaves_nothing(folder: Path) -> None:
    settings, ready = Settings(data_dir=str(folder / "data")), folder / "ready.json"
    up = command("up", "--port", "0", "--ready-file", str(ready), settings=settings, log=folder / "up.log")
    with up as parent:
        wait_until(ready.exists, 60)
        told = msgspec.json.decode(ready.read_bytes())
        assert told["mail_dir"] == str(folder / "data" / "mail")
        with httpx.Client(base_url=told["url"], timeout=10) as http:
            assert http.get("/health/ready").json() == {"status": "ok"}
            http.post("/v1/auth/codes", json={"email": "a@x.example"})
            inbox = Path(told["mail_dir"]) / "new"
            wait_until(lambda: inbox.exists() and len(os.listdir(inbox)) == 1)

        family = children_of(parent.pid)
        api = next(pid for pid, line in family.items() if " serve " in line)
        os.kill(api, signal.SIGKILL)
        wait_until(
            lambda: (
                api not in children_of(parent.pid)
                and any(" serve " in line for line in children_of(parent.pid).values())
            )
        )
        assert httpx.get(told["url"] + "/health/ready", timeout=20).status_code == 200

        family |= children_of(parent.pid)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(30) == 0

    assert [pid for pid in family if Path(f"/proc/{pid}").exists()] == []
    assert processes_in((folder / "data" / "servers" / "postgres").resolve()) == []
    assert not ready.exists()
    log = (folder / "up.log").read_text()
    assert "The API has ended by itself (signal SIGKILL); it is started again in 0.5 s." in log
    assert "Traceback" not in log


def test_killed_parent_takes_everything_with_it(folder: Path) -> None:
    settings, ready = Settings(data_dir=str(folder / "data")), folder / "ready.json"
    up = command("up", "--port", "0", "--ready-file", str(ready), settings=settings, log=folder / "up.log")
    with up as parent:
        wait_until(ready.exists, 60)
        family = children_of(parent.pid)
        parent.kill()
        parent.wait()

        wait_until(lambda: not any(_lives(pid) for pid in family))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
