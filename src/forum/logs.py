"""What Forum writes to its log: one line for each event, with the request's or job's id, and ids only.

The words of an exception can quote a row, and so a name or an address: below DEBUG only its type, its place in the
code and, for the database's, its SQLSTATE and constraint are written.
"""

import contextvars
import logging
import sys
import traceback
from types import TracebackType
from typing import Final

import asyncpg

from forum.settings import LogLevel

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
"""The id of the request, or of the job, that is being worked on."""

_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
_QUIET: Final = ("arq", "uvicorn", "httpx", "httpcore", "asyncio", "mail.log", "fpdf", "fontTools", "PIL")
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def set_up_logging(level: LogLevel) -> None:
    """Write to standard error; libraries speak up from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(_FORMAT, tells_words=level == "DEBUG"))
    handler.addFilter(_add_request_id)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(
            level if level == "DEBUG" else max(logging.WARNING, logging.getLevelName(level))
        )


def describe(error: BaseException) -> str:
    """An exception without its words: its type and, for the database's, what PostgreSQL calls it."""
    if isinstance(error, asyncpg.PostgresError):
        constraint = error.as_dict().get("constraint_name")
        return f"{type(error).__name__} {error.sqlstate}" + (f" {constraint}" if constraint else "")
    if isinstance(error, BaseExceptionGroup):
        return f"{type(error).__name__} ({', '.join(describe(part) for part in error.exceptions)})"
    return type(error).__name__


def _add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True


class _Formatter(logging.Formatter):
    """Writes exceptions as type and place, and their words only when told to."""

    def __init__(self, form: str, *, tells_words: bool) -> None:
        super().__init__(form)
        self._tells_words = tells_words

    def formatException(self, ei: _ExcInfo) -> str:
        """The traceback, without the words of any exception in the chain unless they are wanted."""
        if self._tells_words or ei[1] is None:
            return super().formatException(ei)
        parts: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None:
            frames = "".join(traceback.format_tb(error.__traceback__))
            parts.append(f"{frames}{describe(error)}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nafter:\n".join(parts)
