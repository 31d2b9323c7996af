"""The API as a process: uvicorn with uvloop and httptools, on a socket that was bound beforehand."""

import errno
import socket
import sys

import uvicorn
from uvicorn.supervisors import Multiprocess

from forum.app import create_app
from forum.embedded import die_with_parent
from forum.http import Application
from forum.logs import set_up_logging
from forum.settings import read_settings

STOP_WITHIN_SECONDS = 10


class AddressUnusable(Exception):
    """The API cannot listen there; the message says why and what to do."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `AddressUnusable`."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: "is in use: choose another with --port",
            errno.EACCES: "needs more rights: choose one above 1023 with --port",
        }
        reason = reasons.get(error.errno or 0, f"cannot be used: {error.strerror or error}")
        raise AddressUnusable(f"Port {port} on {host} {reason}.") from error


def url_of(listening: socket.socket) -> str:
    """The address under which this machine reaches a listening socket."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def application() -> Application:
    """The application with the settings of the environment, for each process that serves it."""
    die_with_parent()
    settings = read_settings()
    set_up_logging(settings.log_level)
    return create_app(settings)


def serve(listening: socket.socket, workers: int) -> None:
    """Answer requests until SIGTERM or SIGINT, then finish those that are under way."""
    config = uvicorn.Config(
        "forum.commands.serving:application",
        factory=True,
        workers=workers,
        loop="uvloop" if sys.platform != "win32" else "auto",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_SECONDS,
    )
    if workers > 1:
        Multiprocess(config, sockets=[listening]).run()
    else:
        uvicorn.Server(config).run(sockets=[listening])
