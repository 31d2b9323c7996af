"""What a run says: ratios, whether each bound held, what limited it; as a table, as JSON, and against another run."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec
from rich.table import Table

BUSY = 0.85
"""The share of one core's time from which on a process is what limits a rate."""


class Round(msgspec.Struct, kw_only=True):
    """One side of one round."""

    rate: float
    """Answers (or mails) a second."""
    p99_ms: float | None = None
    server_us: float | None = None
    """Processor time of the measured process per answer, in microseconds."""
    database_us: float | None = None
    busy: dict[str, float] = {}
    """Each process's processor time as a share of one core."""
    machine: float | None = None
    """The share of all cores' time that was worked, by these processes or by others."""


class Measure(msgspec.Struct, kw_only=True):
    """One measure: Forum's rounds and the bare ones, in the order in which they were run, in turn."""

    name: str
    what: str
    against: str
    bound: float | None
    forum: list[Round]
    bare: list[Round]
    notes: list[str] = []
    is_exact: bool = True
    """Whether everything that was counted afterwards came out as it must."""

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios: what disturbs one round disturbs both of its sides."""
        return median_ratio([round.rate for round in self.forum], [round.rate for round in self.bare])

    @property
    def holds(self) -> bool:
        """Whether the bound, if there is one, was reached, and nothing was lost."""
        return self.is_exact and (self.bound is None or self.ratio >= self.bound)

    @property
    def limit(self) -> str:
        """What limited Forum's rate."""
        return limit_of(self.forum)


class Run(msgspec.Struct, kw_only=True):
    """All measures of one run."""

    commit: str
    at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    machine: str = msgspec.field(default_factory=lambda: f"{platform.machine()}, {os.cpu_count()} cores")
    python: str = msgspec.field(default_factory=platform.python_version)
    seconds: float
    rounds: int
    measures: list[Measure]


def median_ratio(forum: Sequence[float], bare: Sequence[float]) -> float:
    """The median over the rounds of Forum's rate by the bare rate of the same round."""
    return median(one / other for one, other in zip(forum, bare, strict=True))


def limit_of(rounds: Sequence[Round]) -> str:
    """What limited these rounds: a process that fills its core, cores that others fill, or waiting."""
    if not rounds or not rounds[0].busy:
        return "unknown"
    shares = {name: median(round.busy.get(name, 0.0) for round in rounds) for name in rounds[0].busy}
    told = ", ".join(f"{name} {share:.0%}" for name, share in sorted(shares.items(), key=lambda item: -item[1]))
    busiest = max(shares, key=lambda name: shares[name])
    machine = median(round.machine or 0.0 for round in rounds)
    if shares[busiest] >= BUSY:
        return f"{busiest}: its processor time ({told})"
    if machine >= BUSY:
        return f"no free core: {machine:.0%} busy ({told})"
    return f"waiting for disk, locks or round trips ({told})"


def table(run: Run) -> Table:
    """The run for a terminal."""
    shown = Table(title=f"Forum {run.commit}, {run.rounds} rounds of {run.seconds:g} s, in turn", show_lines=True)
    for heading in ("measured", "Forum /s", "bare /s", "ratio", "bound", "held", "µs a piece", "what limits it"):
        shown.add_column(heading, justify="left" if heading in ("measured", "what limits it") else "right")
    for measure in run.measures:
        shown.add_row(
            "\n".join([f"{measure.what}, against {measure.against}", *measure.notes]),
            _median(measure.forum, "rate"),
            _median(measure.bare, "rate"),
            f"{measure.ratio:.2f}",
            "" if measure.bound is None else f"{measure.bound:g}",
            _verdict(measure),
            f"{_median(measure.forum, 'server_us')} : {_median(measure.bare, 'server_us')}",
            measure.limit,
        )
    return shown


def _verdict(measure: Measure) -> str:
    if not measure.holds:
        return "NO"
    return "stated" if measure.bound is None else "yes"


def _median(rounds: Sequence[Round], field: str) -> str:
    values = [value for round in rounds if (value := getattr(round, field)) is not None]
    return f"{median(values):,.0f}" if values else "?"


def compare(before: Run, after: Run) -> Table:
    """How each ratio has changed."""
    shown = Table(title=f"Ratios of {after.commit} against {before.commit}")
    for heading in ("measure", "before", "after", "change"):
        shown.add_column(heading, justify="left" if heading == "measure" else "right")
    old = {measure.name: measure.ratio for measure in before.measures}
    for measure in after.measures:
        was = old.get(measure.name)
        change = "new" if was is None else f"{measure.ratio / was - 1:+.0%}"
        shown.add_row(measure.name, "" if was is None else f"{was:.2f}", f"{measure.ratio:.2f}", change)
    return shown


def write(run: Run, path: Path) -> None:
    """Keep a run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")


def read(path: Path) -> Run:
    """A run that was kept."""
    return msgspec.json.decode(path.read_bytes(), type=Run)
