"""`forum import` and `forum sample`: files on the command line, with exit codes."""

from pathlib import Path

import msgspec

from forum.db import Connection
from forum.samples import read_sample
from forum.settings import Settings
from tests.imports.conftest import document, session
from tests.processes import run


async def test_import_tells_what_it_did_and_what_it_refused(
    settings: Settings, conn: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "programme.json"
    path.write_bytes(msgspec.json.encode(document(session(), session(id="s2", weekday="Friday"))))

    rehearsed = run("import", "programme", "--dry-run", str(path), settings=settings)
    assert (rehearsed.returncode, await conn.fetchval("SELECT count(*) FROM sessions")) == (1, 0)
    done = run("import", "programme", str(path), settings=settings)

    assert (done.returncode, await conn.fetchval("SELECT count(*) FROM sessions")) == (1, 1)
    assert "refused session s2 /weekday" in done.stdout
    path.write_bytes(msgspec.json.encode(document(session())))
    assert run("import", "programme", str(path), settings=settings).returncode == 0


def test_import_of_what_cannot_be_read_ends_in_one_line(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "programme.csv"
    path.write_text("id,title\n")

    done = run("import", "programme", str(path), settings=settings)

    assert (done.returncode, done.stderr) == (
        1,
        "Error: It is no valid JSON: JSON is malformed: invalid character (byte 0).\n",
    )


async def test_pledges_need_their_edition(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "pledges.json"
    path.write_bytes(read_sample("pledges"))

    done = run("import", "pledges", str(path), settings=settings)

    assert done.returncode == 1
    assert done.stdout.count("/edition: There is no edition grf-2023") == 8


async def test_sample_can_be_loaded_again(settings: Settings, conn: Connection) -> None:
    first, second = run("sample", settings=settings), run("sample", settings=settings)

    assert (first.returncode, second.returncode) == (0, 0), first.stdout + first.stderr
    counts = "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM pledges), (SELECT count(*) FROM releases)"
    assert tuple(await conn.fetchrow(counts) or ()) == (79, 11, 0)
    assert [line.split("│")[2:6] for line in second.stdout.splitlines() if "│ pledge" in line] == [
        [" 0       ", " 0       ", " 11        ", " 0       "]
    ]
