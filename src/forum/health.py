"""What a load balancer asks: is the process alive, and can it answer."""

from typing import Literal

import msgspec
from litestar import get
from litestar.datastructures import State

from forum.db import Pool
from forum.errors import Unavailable
from forum.migrations import count_pending


class Health(msgspec.Struct):
    """The process answers."""

    status: Literal["ok"] = "ok"


@get("/health/live", operation_id="get_liveness", tags=["platform"])
async def get_liveness() -> Health:
    """The process is alive."""
    return Health()


@get("/health/ready", operation_id="get_readiness", tags=["platform"])
async def get_readiness(state: State) -> Health:
    """The database answers and has every migration; 503 otherwise."""
    pool: Pool = state.pool
    async with pool.acquire(timeout=2.0) as conn:
        if await count_pending(conn) > 0:  # fewer than none: a newer Forum has migrated, and this one still answers
            raise Unavailable("The database lacks migrations: run `forum migrate`.")
    return Health()


HANDLERS = [get_liveness, get_readiness]
