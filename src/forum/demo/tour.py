"""The order of the tour, what its steps share, and how each is shown while it runs."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from forum.demo.caller import Caller
from forum.demo.cast import Cast
from forum.demo.checks import StepFailed
from forum.demo.mailbox import Mailbox

EDITION = "/editions/grf-2023"
DAY = "2023-12-13"
Step = Callable[["Tour"], Awaitable[str]]


class Tokens(Struct, frozen=True):
    """What the operator hands out on the command line."""

    admin: str
    organizer: str
    organizer_email: str


class Tour:
    """Who takes part in the tour, and what its later steps need of the earlier ones."""

    def __init__(self, console: Console, anybody: Caller, tokens: Tokens, mail_dir: Path, cast: Cast) -> None:
        self.console = console
        self.cast = cast
        self.anybody = anybody
        self.admin = anybody.bearing(tokens.admin)
        self.organizer = anybody.bearing(tokens.organizer)
        self.organizer_email = tokens.organizer_email
        self.frontend = anybody
        """A client token that a trusted frontend holds; made when registration opens."""
        self.mailbox = Mailbox(mail_dir)
        self.plenary: dict[str, Any] = {}
        """The opening plenary, as the staff reads it."""
        self.delegations: list[dict[str, Any]] = []
        """In the order of `forum.samples.people.delegations`."""
        self.hall: list[dict[str, Any]] = []
        """The registrations in person, as they were answered."""
        self.line: list[dict[str, Any]] = []
        """The registrations online."""
        self.speaker: dict[str, Any] = {}
        """Who is confirmed for the plenary."""
        self.left: dict[str, Any] = {}
        """The registration of who withdrew."""
        self.promoted: dict[str, Any] = {}
        """The registration of who was first in line then."""
        self.arrived: list[dict[str, Any]] = []
        """The registrations of those who came to the hall."""
        self.badges: dict[str, str] = {}
        """The tokens of badges, by registration."""
        self.invitations_sent = 0
        """How many invitations of the edition were sent so far."""
        self._progress: Progress | None = None

    @contextmanager
    def counting(self, words: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar that shows how many are done."""
        assert self._progress is not None
        task = self._progress.add_task(words, total=total)
        try:
            yield lambda done: self._progress.update(task, completed=done) if self._progress else None
        finally:
            self._progress.remove_task(task)

    async def play(self, steps: list[Step]) -> None:
        """Play steps one after the other; raises `StepFailed` that names the step."""
        for step in steps:
            name = step.__name__.replace("_", " ")
            began = time.monotonic()
            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            with Progress(*columns, TimeElapsedColumn(), console=self.console, transient=True) as progress:
                self._progress = progress
                progress.add_task(name, total=None)
                try:
                    found = await step(self)
                except StepFailed as error:
                    raise StepFailed(f"{name}: {error}") from error
                except ExceptionGroup as group:
                    if (failed := group.subgroup(StepFailed)) is None:
                        raise
                    raise StepFailed(f"{name}: {_first(failed)}") from group
            seconds = time.monotonic() - began
            self.console.print(f"[green]✓[/green] [bold]{name}[/bold] [dim]{seconds:.1f} s[/dim]\n  {found}")


def _first(group: BaseExceptionGroup[StepFailed]) -> StepFailed:
    """What went wrong first; the others of a crowd follow from the same."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, StepFailed)
    return error
