"""The commands of `forum`, and what they have in common."""

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import NoReturn

import msgspec
from rich.console import Console

from forum.clock import system_clock
from forum.embedded import Kept, services
from forum.settings import Settings, as_environment

console = Console(stderr=True, highlight=False, soft_wrap=True)
"""For people. Standard output is for what a command makes."""


def say(text: str) -> None:
    """Tell the operator something."""
    console.print(text, markup=False)


def anchored(settings: Settings) -> Settings:
    """Settings that say since when a rehearsal's clock runs, for this process and all that it starts."""
    if settings.rehearsal_at is None or settings.rehearsal_since is not None:
        return settings
    anchored = msgspec.structs.replace(settings, rehearsal_since=system_clock())
    os.environ.update(as_environment(anchored))
    return anchored


@contextlib.contextmanager
def with_services(settings: Settings, folder: str = "") -> Iterator[Settings]:
    """The settings with both addresses: where one is not set, Forum's own servers run while the block lasts.

    The environment tells the same, for the processes that are started from here. Their data lie in the data folder, or
    in a `folder` below it.
    """
    with with_servers(settings, folder) as (complete, _):
        yield complete


@contextlib.contextmanager
def with_servers(settings: Settings, folder: str = "") -> Iterator[tuple[Settings, Sequence[Kept]]]:
    """The same, with the servers that this process runs, for whoever can start them again when they end."""
    if settings.database_url and settings.redis_url:
        yield settings, ()
        return
    with services(settings.data_path / folder, chosen=settings.data_dir is not None, say=say) as found:
        complete = msgspec.structs.replace(
            settings,
            database_url=settings.database_url or found.database_url,
            redis_url=settings.redis_url or found.redis_url,
        )
        os.environ.update(as_environment(complete))
        yield complete, found.servers


@contextlib.contextmanager
def stopping_cleanly() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the block by `SystemExit(0)`; a second one cannot disturb the end."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        raise SystemExit(0)

    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
