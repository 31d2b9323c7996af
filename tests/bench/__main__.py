"""`python -m tests.bench`: measure, print the table, keep it as JSON, compare with another run."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import click
import uvloop
from rich.console import Console

from tests.bench import report
from tests.bench.conflicts import measure_conflicts, measure_move
from tests.bench.mails import measure_mails
from tests.bench.programme import measure_programme
from tests.bench.registrations import measure_hall, measure_own_registration, measure_own_registration_among_many
from tests.bench.releases import measure_releases
from tests.bench.report import Measure, Run
from tests.bench.rounds import Plan
from tests.bench.scans import measure_scan
from tests.bench.stage import Stage, stage

MEASURES: dict[str, Callable[[Stage, Plan], AsyncIterator[Measure]]] = {
    "programme": measure_programme,
    "releases": measure_releases,
    "move": measure_move,
    "conflicts": measure_conflicts,
    "own_registration": measure_own_registration,
    "own_registration_among_many": measure_own_registration_among_many,
    "hall": measure_hall,
    "scan": measure_scan,
    "mails": measure_mails,
}


def commit() -> str:
    """The short name of the commit that is measured, marked when files differ from it."""
    command = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return found.stdout.strip() or "unknown"


async def measure(names: list[str], plan: Plan) -> list[Measure]:
    """The chosen measures, one after the other."""
    made: list[Measure] = []
    async with stage() as ready:
        for name in names:
            made += [one async for one in MEASURES[name](ready, plan)]
    return made


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(list(MEASURES)), multiple=True, help="Measure this alone; may be repeated.")
@click.option("--seconds", default=2.0, show_default=True, help="How long one side of one round lasts.")
@click.option("--rounds", default=5, show_default=True, help="How often both sides are measured.")
@click.option("--clients", default=32, show_default=True, help="How many connections send at once.")
@click.option(
    "--json", "path", type=click.Path(path_type=Path), help="Where to keep it.  [default: var/bench/<commit>.json]"
)
@click.option("--compare", "before", type=click.Path(path_type=Path, exists=True), help="A kept run to compare with.")
def main(
    only: tuple[str, ...], seconds: float, rounds: int, clients: int, path: Path | None, before: Path | None
) -> None:
    console = Console()
    chosen = list(only or MEASURES)
    with console.status("starting the servers") as status:
        plan = Plan(seconds, rounds, clients, status.update)
        measures = uvloop.run(measure(chosen, plan))
    run = Run(commit=commit(), seconds=seconds, rounds=rounds, measures=measures)
    console.print(report.table(run))
    path = path or Path("var/bench") / f"{run.commit}.json"
    report.write(run, path)
    console.print(f"Kept in {path}.")
    if before:
        console.print(report.compare(report.read(before), run))
    sys.exit(0 if all(one.holds for one in measures) else 1)


if __name__ == "__main__":
    main()
