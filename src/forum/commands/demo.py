"""`forum demo`: everything is started in a folder of its own, and the Global Refugee Forum 2023 is played on it."""

import asyncio
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from forum.accounts.types import NewGrant
from forum.commands import say, serving, stopping_cleanly, with_services
from forum.commands.database import issue_token, prepare
from forum.commands.running import new_loop
from forum.db import open_pool
from forum.demo.caller import calling
from forum.demo.cast import FULL, SMALL, Cast
from forum.demo.checks import StepFailed
from forum.demo.script import BEFORE, DURING, ON_THE_DAY, WEEKS_BEFORE
from forum.demo.stage import Stage
from forum.demo.tour import Tokens, Tour
from forum.imports.console import ProgressBars, load_samples, print_report
from forum.migrations import drop_everything, is_empty
from forum.settings import Settings

FOLDER: Final = "demo"
ORGANIZER: Final = "organizer@grf-2023.example"
INTERRUPTED: Final = 130
"""The exit code of a tour that somebody ended: whoever waits for its success must not take that for it."""


@click.command()
@click.option("--once", is_flag=True, help="End after the tour: exit code 0 when every step was verified, else 1.")
@click.option("--small", is_flag=True, help="With few people instead of the 14,200 of 2023.")
@click.option("--port", type=click.IntRange(0, 65535), help="FORUM_PORT otherwise; 0 takes a free one.")
@click.pass_obj
def demo(settings: Settings, once: bool, small: bool, port: int | None) -> None:
    """Play the Global Refugee Forum 2023 through the API, verify each step, then serve until Ctrl-C.

    It begins anew each time, in the folder `demo` of the data folder. A database that FORUM_DATABASE_URL names must be
    empty.
    """
    console = Console(highlight=False)
    try:
        listening = serving.bind(settings.host, settings.port if port is None else port)
    except serving.AddressUnusable as error:
        raise click.ClickException(str(error)) from error
    with stopping_cleanly(), listening, _alone(settings.data_path / FOLDER) as folder:
        shutil.rmtree(folder / "mail", ignore_errors=True)
        with with_services(msgspec.structs.replace(settings, log_level="WARNING"), FOLDER) as complete:
            own = msgspec.structs.replace(complete, data_dir=str(folder), smtp_url=None)
            tokens = asyncio.run(_set_the_scene(own, console, is_ours=settings.database_url is None))
            stage = Stage(own, listening, say)
            try:
                with asyncio.Runner(loop_factory=new_loop()) as runner:
                    runner.run(_play(console, stage, tokens, own.mail_path, SMALL if small else FULL, once=once))
            except StepFailed as error:
                console.print(f"[red]✗[/red] {escape(str(error))}")
                raise SystemExit(1) from error
            except SystemExit as ending:
                raise SystemExit(ending.code if stage.is_verified else INTERRUPTED) from ending


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """The folder of the demonstration, which one at a time may use."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise click.ClickException(f"Another demonstration runs in {folder}; end it first.") from error
        yield folder


async def _set_the_scene(settings: Settings, console: Console, *, is_ours: bool) -> Tokens:
    """An empty database with the sample in it, and tokens for those who run things; raises `ClickException`."""
    assert settings.database_url
    async with await open_pool(settings.database_url, 1) as pool, pool.acquire() as conn:
        if is_ours:
            await drop_everything(conn)
        elif not await is_empty(conn):
            raise click.ClickException("FORUM_DATABASE_URL must name an empty database: this one is in use.")
    await prepare(settings)
    bars = ProgressBars(console)
    async with await open_pool(settings.database_url, 1) as pool, pool.acquire() as conn:
        with bars.progress:
            report = await load_samples(conn, WEEKS_BEFORE, bars)
        print_report(console, report)
        async with conn.transaction():
            admin = await issue_token(conn, NewGrant("admin@forum.example", "admin"), WEEKS_BEFORE)
            organizer = await issue_token(conn, NewGrant(ORGANIZER, "organizer", "grf-2023"), WEEKS_BEFORE)
    if report.refused:
        raise click.ClickException("The sample is not in order.")
    return Tokens(admin, organizer, ORGANIZER)


async def _play(console: Console, stage: Stage, tokens: Tokens, mail_dir: Path, cast: Cast, *, once: bool) -> None:
    """The tour in two acts, between which the clock is moved on; then, unless `once`, serve for as long as wanted."""
    began = asyncio.get_running_loop().time()
    async with calling(stage.url) as anybody:
        tour = Tour(console, anybody, tokens, mail_dir, cast)
        async with stage.playing_at(WEEKS_BEFORE):
            _chapter(console, WEEKS_BEFORE)
            await tour.play(BEFORE)
        async with stage.playing_at(ON_THE_DAY):
            _chapter(console, ON_THE_DAY)
            await tour.play(DURING)
            seconds = asyncio.get_running_loop().time() - began
            console.print(f"\n[green]Every step was verified[/green], in {seconds:.0f} s.")
            stage.is_verified = True
            if not once:
                console.print(_where(stage, tokens, mail_dir))
                await asyncio.Event().wait()


def _chapter(console: Console, now: datetime) -> None:
    console.rule(f"{now:%d %B %Y, %H:%M} UTC", align="left")


def _where(stage: Stage, tokens: Tokens, mail_dir: Path) -> Panel:
    lines = {
        "API": f"{stage.url}/v1",
        "Documentation": f"{stage.url}/schema/",
        "Calendar feed": f"{stage.url}/v1/editions/grf-2023/programme.ics",
        "Mail folder": str(mail_dir),
        "Organizer token": tokens.organizer,
    }
    width = max(map(len, lines))
    return Panel("\n".join(f"{name:<{width}}  {value}" for name, value in lines.items()), title="Serving until Ctrl-C")
