"""The command line, as its users start it: what it prints where, and one clear line for everything foreseeable."""

import socket
from pathlib import Path

import msgspec
import pytest

from forum.db import Connection
from forum.migrations import list_migrations
from forum.permissions import token_sha256
from forum.settings import Settings, as_environment
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition
from tests.processes import command, run, wait_until


def test_token_is_alone_on_standard_output_and_good_for_its_role(settings: Settings, tmp_path: Path) -> None:
    done = run("token", "create", "--email", "ops@staff.example", "--role", "admin", settings=settings)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("forum_")
    assert done.stdout.count("\n") == 1


async def test_token_of_an_edition_gives_its_role_there(
    settings: Settings, client: Client, conn: Connection, clock: Timeline
) -> None:
    edition = await make_edition(client)

    done = run(
        "token", "create", "--email", "r@staff.example", "--role", "registrar", "--edition", "grf-2023",
        settings=settings,
    )  # fmt: skip

    assert await conn.fetchval("SELECT count(*) FROM tokens WHERE sha256 = $1", token_sha256(done.stdout.strip())) == 1
    me = (await client.with_token(done.stdout.strip()).get("/v1/me")).json()
    assert (me["email"], [(grant["role"], grant["edition_id"]) for grant in me["grants"]]) == (
        "r@staff.example",
        [("registrar", edition["id"])],
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--role", "admin", "--edition", "grf-2023"], "Every role but `admin` is on an edition; `admin` is on none."),
        (["--role", "registrar", "--edition", "grf-1999"], "There is no such thing, or it is not visible to you."),
        (["--role", "emperor"], "/role Invalid enum value 'emperor'."),
    ],
)
def test_token_that_cannot_be_is_refused_in_one_line(words: list[str], message: str, settings: Settings) -> None:
    done = run("token", "create", "--email", "a@staff.example", *words, settings=settings)

    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_setting_that_is_wrong_is_named(settings: Settings) -> None:
    done = run("doctor", settings=msgspec.structs.replace(settings, redis_url="mysql://nowhere"))

    assert done.returncode == 2
    assert "FORUM_REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_database_that_does_not_answer_is_told_in_one_line(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, database_url="postgresql://forum@127.0.0.1:9/forum")

    done = run("migrate", settings=away)

    assert done.returncode == 1
    assert "The database does not answer" in done.stderr
    assert done.stderr.count("\n") == 1


def test_port_in_use_is_told_in_one_line(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        done = run("serve", "--port", port, settings=settings)

    assert (done.returncode, done.stderr) == (
        1,
        f"Error: Port {port} on 127.0.0.1 is in use: choose another with --port.\n",
    )


async def test_rewritten_history_is_refused_in_one_line(settings: Settings, conn: Connection) -> None:
    await conn.execute("UPDATE migrations SET sha256 = 'other' WHERE number = 1")

    done = run("migrate", settings=settings)

    assert (done.returncode, done.stderr) == (
        1,
        "Error: 0001_accounts was edited after it was applied. Restore it; add a new file.\n",
    )


async def test_migrate_brings_an_empty_database_up_to_date(settings: Settings, conn: Connection) -> None:
    await conn.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    done = run("migrate", settings=settings)

    assert done.returncode == 0, done.stderr
    assert f"{len(list_migrations())} migrations applied." in done.stderr
    assert await conn.fetchval("SELECT count(*) FROM badge_keys") == 1
    assert "up to date" in run("migrate", settings=settings).stderr


async def test_badge_key_is_rotated_and_its_id_printed(settings: Settings, conn: Connection) -> None:
    done = run("badge-key", "rotate", settings=settings)

    assert (done.returncode, done.stdout) == (0, f"{await conn.fetchval('SELECT max(id) FROM badge_keys')}\n")
    assert await conn.fetchval("SELECT count(*) FROM badge_keys") == 2
    assert "scanners" in done.stderr


def test_openapi_document_is_written_and_compared(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "forum.json"

    assert run("openapi", "--output", str(path), settings=settings).returncode == 0
    assert msgspec.json.decode(path.read_bytes())["openapi"].startswith("3.1")
    assert run("openapi", "--output", str(path), "--check", settings=settings).returncode == 0
    path.write_bytes(path.read_bytes() + b" ")
    assert run("openapi", "--output", str(path), "--check", settings=settings).returncode == 1


async def test_doctor_tells_what_is_wrong_and_what_to_do(settings: Settings, conn: Connection) -> None:
    await conn.execute("INSERT INTO outbox (kind, payload, last_error) VALUES ('odd', '{}', 'KeyError')")
    ill = msgspec.structs.replace(settings, smtp_url="smtp://127.0.0.1:9")

    done = run("doctor", settings=ill)

    assert done.returncode == 1
    wrong = [line.split()[1] for line in done.stderr.splitlines() if "WRONG" in line]
    assert wrong == ["outbox", "worker", "mail"]
    assert "forum worker" in done.stderr


def test_doctor_finds_nothing_wrong_while_a_worker_runs(settings: Settings, tmp_path: Path) -> None:
    with command("worker", settings=settings, log=tmp_path / "worker.log"):
        wait_until(lambda: run("doctor", settings=settings).returncode == 0)


def test_settings_survive_their_way_through_the_environment(settings: Settings) -> None:
    variables = as_environment(msgspec.structs.replace(settings, smtp_url="smtp://127.0.0.1:25"))

    assert {"FORUM_DATABASE_URL", "FORUM_REDIS_URL", "FORUM_DATA_DIR", "FORUM_SMTP_URL"} <= variables.keys()
