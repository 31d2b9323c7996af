"""What a step demands: that what is found is what was expected."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.2


class StepFailed(Exception):
    """Something was found other than what was expected; the message names both."""


def verify(what: str, expected: T, found: T) -> None:
    """Raise `StepFailed` unless both are equal; of two objects it names only what differs."""
    if found == expected:
        return
    shown: list[object] = [expected, found]
    if isinstance(expected, dict) and isinstance(found, dict):
        differing = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
        shown = [{key: values.get(key) for key in differing} for values in (expected, found)]
    raise StepFailed(f"{what}: expected {_short(shown[0])}, found {_short(shown[1])}")


async def until(
    what: str,
    expected: T,
    read: Callable[[], Awaitable[T]],
    patience_seconds: float = 60,
    told: Callable[[T], None] = lambda found: None,
) -> None:
    """Read again and again until it is as expected; raises `StepFailed` when for a while nothing has changed."""
    last, since = await read(), time.monotonic()
    while last != expected:
        told(last)
        await asyncio.sleep(POLL_SECONDS)
        found = await read()
        if found != last:
            last, since = found, time.monotonic()
        elif time.monotonic() - since > patience_seconds:
            raise StepFailed(
                f"{what}: expected {_short(expected)}, found {_short(found)}, and nothing changes any more"
            )
    told(last)


def _short(value: object) -> str:
    words = repr(value)
    return words if len(words) <= 300 else f"{words[:300]}..."
