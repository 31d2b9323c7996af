"""`forum up`, `forum serve` and `forum worker`: what runs until it is stopped."""

import asyncio
import contextlib
import os
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec

from forum.commands import say, serving, stopping_cleanly, with_servers, with_services
from forum.commands.database import prepare
from forum.commands.supervisor import own_process, tend_all
from forum.settings import Settings, as_environment

_host = click.option("--host", help="The address to listen on; FORUM_HOST otherwise.")
_port = click.option("--port", type=click.IntRange(0, 65535), help="FORUM_PORT otherwise; 0 takes a free one.")


class Ready(msgspec.Struct, frozen=True):
    """What `--ready-file` holds once the API answers."""

    url: str
    mail_dir: str | None
    """The Maildir; null when mails go to an SMTP relay."""


@click.command()
@_host
@_port
@click.option("--ready-file", type=click.Path(path_type=Path, dir_okay=False), help="Written once the API answers.")
@click.pass_obj
def up(settings: Settings, host: str | None, port: int | None, ready_file: Path | None) -> None:
    """Run everything: the servers that are missing, the API and a worker, until Ctrl-C."""
    with (
        stopping_cleanly(),
        _listening(settings, host, port) as listening,
        with_servers(settings) as (complete, servers),
        _announcing(complete, listening, ready_file) as announce,
    ):
        asyncio.run(prepare(complete))
        variables = as_environment(complete) | _public_url(complete, listening)
        descriptor = listening.fileno()
        api = own_process("The API", ["serve", "--descriptor", str(descriptor)], [descriptor], variables)
        tend_all([api, own_process("The worker", ["worker"], [], variables), *servers], say, announce)


@click.command()
@_host
@_port
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes.")
@click.option("--descriptor", type=int, hidden=True, help="A listening socket that the parent has opened.")
@click.pass_obj
def serve(settings: Settings, host: str | None, port: int | None, workers: int, descriptor: int | None) -> None:
    """Run the API."""
    with stopping_cleanly(), _listening(settings, host, port, descriptor) as listening, with_services(settings):
        if descriptor is None:
            say(f"Forum answers at {serving.url_of(listening)}")
        serving.serve(listening, workers)


@click.command()
@click.pass_obj
def worker(settings: Settings) -> None:
    """Run one worker: invitations, mails and reports."""
    from workers.main import run_worker

    with stopping_cleanly(), with_services(settings) as complete, asyncio.Runner(loop_factory=new_loop()) as runner:
        runner.run(run_worker(complete))


def new_loop() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """How event loops are made: uvloop's, where it is to be had."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def _listening(settings: Settings, host: str | None, port: int | None, descriptor: int | None = None) -> socket.socket:
    if descriptor is not None:
        return socket.socket(fileno=descriptor)
    try:
        return serving.bind(host or settings.host, settings.port if port is None else port)
    except serving.AddressUnusable as error:
        raise click.ClickException(str(error)) from error


def _public_url(settings: Settings, listening: socket.socket) -> dict[str, str]:
    """Unless the operator has said how people reach the API, they reach it where it listens."""
    chosen = settings.public_url != Settings().public_url
    return {} if chosen else {"FORUM_PUBLIC_URL": serving.url_of(listening)}


@contextlib.contextmanager
def _announcing(settings: Settings, listening: socket.socket, ready_file: Path | None) -> Iterator[Callable[[], None]]:
    """A function that, called again and again, tells once that the API answers; the file is gone at the end."""
    url, said = serving.url_of(listening), False
    mail_dir = None if settings.smtp_url else str(settings.mail_path)

    def announce() -> None:
        nonlocal said
        if not said and _answers(f"{url}/health/ready"):
            said = True
            say(f"Forum answers at {url}; mails are in {mail_dir}." if mail_dir else f"Forum answers at {url}.")
            if ready_file:
                _write(ready_file, msgspec.json.encode(Ready(url, mail_dir)))

    if ready_file:
        ready_file.unlink(missing_ok=True)
    try:
        yield announce
    finally:
        if ready_file:
            ready_file.unlink(missing_ok=True)


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own http
        return bool(answer.status == 200)
    return False


def _write(path: Path, content: bytes) -> None:
    """Whoever waits for the file never finds half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
