"""Runs an import for the command line: progress while it goes on, and at the end an account of every row."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from forum.db import Connection
from forum.imports.ledger import Progress as Told
from forum.imports.service import import_pledges, import_programme
from forum.imports.types import Finding, Kind, Report, Tally
from forum.samples import Sample, read_sample

What = Literal["programme", "pledges"]
Importer = Callable[[Connection, bytes, datetime, Report, Told], Awaitable[None]]
IMPORTERS: Final[dict[What, Importer]] = {"programme": import_programme, "pledges": import_pledges}


class _Undo(Exception):
    """A dry run is over"""


async def run_import(
    conn: Connection, what: What, data: bytes, now: datetime, *, dry_run: bool = False, told: Told | None = None
) -> Report:
    """Import a file in one transaction, or in a dry run only tell what would be; raises `UnreadableFile`."""
    report = Report(dry_run)
    try:
        async with conn.transaction():
            await IMPORTERS[what](conn, data, now, report, told or (lambda kind, done, total: None))
            if dry_run:
                raise _Undo
    except _Undo:
        pass
    return report


async def load_samples(conn: Connection, now: datetime, told: Told | None = None) -> Report:
    """Import the series, the programme and the pledges that ship with Forum; the reports as one."""
    report = Report(dry_run=False)
    files: list[tuple[What, Sample]] = [("programme", "series"), ("programme", "programme"), ("pledges", "pledges")]
    for what, name in files:
        found = await run_import(conn, what, read_sample(name), now, told=told)
        for kind, tally in found.tallies.items():
            report.tallies.setdefault(kind, Tally()).add(tally)
        report.refusals += found.refusals
        report.remarks += found.remarks
    return report


class ProgressBars:
    """One bar for each kind of row."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self.progress = Progress(*columns, console=console)
        self._tasks: dict[Kind, TaskID] = {}

    def __call__(self, kind: Kind, done: int, total: int) -> None:
        """Show how far the rows of a kind are."""
        if kind not in self._tasks:
            self._tasks[kind] = self.progress.add_task(kind, total=total)
        self.progress.update(self._tasks[kind], completed=done, total=total)


def print_report(console: Console, report: Report) -> None:
    """The tallies, then the rules that were applied, then every refusal."""
    words = " (dry run: nothing was changed)" if report.dry_run else ""
    table = Table("rows", "created", "updated", "unchanged", "refused", title=f"Import{words}", title_justify="left")
    for kind, tally in report.tallies.items():
        counts = (tally.created, tally.updated, tally.unchanged, tally.refused)
        table.add_row(kind, *(str(count) for count in counts))
    console.print(table)
    for finding in report.remarks:
        console.print(_line(finding), style="dim", highlight=False, soft_wrap=True)
    for finding in report.refusals:
        console.print(f"[red]refused[/red] {_line(finding)}", highlight=False, soft_wrap=True)


def _line(finding: Finding) -> str:
    words = f"{finding.kind} {finding.row} {finding.field or '/'}: {finding.detail} ({finding.code})"
    return escape("".join(character if character.isprintable() else "?" for character in words))
