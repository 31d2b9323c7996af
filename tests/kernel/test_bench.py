"""The arithmetic of the bench: ratios by round, verdicts, what limits, and what has changed."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import report
from tests.bench.load import SERIAL, request
from tests.bench.report import Measure, Round, Run


def rounds(*rates: float, **busy: float) -> list[Round]:
    """Rounds of these rates."""
    return [Round(rate=rate, busy=busy, machine=0.5) for rate in rates]


def measure(bound: float | None = 0.5, is_exact: bool = True, *rates: float) -> Measure:
    """A measure with three rounds, whose ratios are 0.4, 0.6 and 3."""
    forum, bare = rounds(*(rates or (40, 60, 300)), server=1.0), rounds(100, 100, 100)
    return Measure(
        name="own", what="own", against="bare", bound=bound, forum=forum, bare=bare, is_exact=is_exact
    )  # fmt: skip


def run_of(*measures: Measure) -> Run:
    """A run."""
    return Run(commit="abc", seconds=2, rounds=3, measures=list(measures))


def shown(table: object) -> str:
    """What a terminal shows."""
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_ratio_is_the_median_of_the_rounds() -> None:
    assert measure().ratio == 0.6


@pytest.mark.parametrize(
    ("bound", "is_exact", "holds"), [(0.6, True, True), (0.61, True, False), (None, True, True), (None, False, False)]
)
def test_measure_holds_when_the_bound_is_reached_and_nothing_is_lost(
    bound: float | None, is_exact: bool, holds: bool
) -> None:
    assert measure(bound, is_exact).holds is holds


@pytest.mark.parametrize(
    ("busy", "machine", "words"),
    [
        ({"server": 0.95, "database": 0.2}, 0.6, "server: its processor time (server 95%, database 20%)"),
        ({"server": 0.5, "database": 0.4}, 0.97, "no free core: 97% busy (server 50%, database 40%)"),
        ({"server": 0.3, "database": 0.4}, 0.4, "waiting for disk, locks or round trips (database 40%, server 30%)"),
        ({}, None, "unknown"),
    ],
)
def test_limit_is_the_busiest_process_or_the_machine_or_waiting(
    busy: dict[str, float], machine: float | None, words: str
) -> None:
    assert report.limit_of([Round(rate=1, busy=busy, machine=machine)]) == words


def test_table_tells_rates_ratio_bound_and_verdict() -> None:
    text = shown(report.table(run_of(measure(0.5), measure(0.7), measure(None))))
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "own, against" in line]
    assert [row[1:6] for row in cells] == [
        ["60", "100", "0.60", "0.5", "yes"],
        ["60", "100", "0.60", "0.7", "NO"],
        ["60", "100", "0.60", "", "stated"],
    ]


def test_comparison_tells_the_change_of_each_ratio(tmp_path: Path) -> None:
    report.write(run_of(measure(0.5, True, 50, 50, 50)), tmp_path / "runs" / "before.json")
    before = report.read(tmp_path / "runs" / "before.json")
    assert "+20%" in shown(report.compare(before, run_of(measure())))
    assert "new" in shown(report.compare(run_of(), run_of(measure())))


def test_request_is_as_long_as_it_says_once_its_serial_is_put_in() -> None:
    head, _, body = request("POST", "/", "token", {"n": SERIAL.decode()}).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
    assert len(body.replace(SERIAL, b"%08d" % 7)) == len(body)
