"""`forum import` and `forum sample`: files into the database, row by row, with an account of every row."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import BinaryIO

import click
from rich.console import Console

from forum.clock import clock_of
from forum.commands import with_services
from forum.commands.database import prepare
from forum.db import Connection, open_pool
from forum.imports.console import ProgressBars, What, load_samples, print_report, run_import
from forum.imports.types import Report
from forum.settings import Settings

Importing = Callable[[Connection, datetime, ProgressBars], Awaitable[Report]]


@click.command("import")
@click.argument("what", type=click.Choice(["programme", "pledges"]))
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Change nothing; tell what would be.")
@click.pass_obj
def import_(settings: Settings, what: What, file: BinaryIO, dry_run: bool) -> None:
    """Load a JSON file of a programme or of pledges: what is there is brought in line with it.

    A bad row never blocks a good one. Exit code 1 when rows were refused.
    """
    data = file.read()
    _import(settings, lambda conn, now, bars: run_import(conn, what, data, now, dry_run=dry_run, told=bars))


@click.command()
@click.pass_obj
def sample(settings: Settings) -> None:
    """Load the sample: six editions of two series with their programme, and pledges. Loaded again, it changes nothing.

    Nothing of it is published: see `forum demo` for a tour.
    """
    _import(settings, load_samples)


def _import(settings: Settings, work: Importing) -> None:
    console = Console(highlight=False)
    with with_services(settings) as complete:
        asyncio.run(prepare(complete))
        report = asyncio.run(_run(complete, work, ProgressBars(console)))
    print_report(console, report)
    if report.refused:
        raise SystemExit(1)


async def _run(settings: Settings, work: Importing, bars: ProgressBars) -> Report:
    assert settings.database_url
    now = clock_of(settings)()
    with bars.progress:
        async with await open_pool(settings.database_url, 1) as pool, pool.acquire() as conn:
            return await work(conn, now, bars)
