"""The measured server: uvicorn with Forum's application and, beside it in the same process, bare Litestar routes.

The bare routes are an application of their own, so that nothing of Forum's (middleware, guards, request ids) makes
them slower: a ratio compares with what Litestar and asyncpg cost at the least. They use Forum's pool.
"""

import socket
import sys
import time
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import uvicorn
from litestar import Litestar, get, patch, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody
from litestar.types import Receive, Scope, Send

from forum.app import create_app
from forum.settings import read_settings


class Row(msgspec.Struct):
    """What the bare INSERT stores."""

    name: str


@get("/bare/dict")
async def answer_dict() -> dict[str, str]:
    """A small dict."""
    return {"hello": "world"}


@get("/bare/rows/{number:uuid}")
async def read_row(number: FromPath[UUID], state: State) -> dict[str, Any]:
    """One row by its key: one statement."""
    async with state.forum.pool.acquire() as conn:
        row = await conn.fetchrow("SELECT id, email, language, timezone FROM persons WHERE id = $1", number)
    return dict(row)


@post("/bare/rows")
async def insert_row(data: JSONBody[Row], state: State) -> dict[str, UUID]:
    """One INSERT, committed."""
    made = uuid4()
    async with state.forum.pool.acquire() as conn:
        await conn.execute("INSERT INTO bench.rows (id, name) VALUES ($1, $2)", made, data.name)
    return {"id": made}


class Slot(msgspec.Struct):
    """When the bare UPDATE moves a session to."""

    starts_at: datetime
    ends_at: datetime


@patch("/bare/sessions/{edition:uuid}/{number:uuid}")
async def move_session(
    data: JSONBody[Slot], edition: FromPath[UUID], number: FromPath[UUID], state: State
) -> dict[str, UUID]:
    """One UPDATE, committed."""
    async with state.forum.pool.acquire() as conn:
        await conn.execute(
            "UPDATE sessions SET starts_at = $3, ends_at = $4 WHERE edition_id = $1 AND id = $2",
            edition,
            number,
            data.starts_at,
            data.ends_at,
        )
    return {"id": number}


@get("/bare/sessions/{edition:uuid}")
async def read_sessions(edition: FromPath[UUID], state: State) -> dict[str, int]:
    """All sessions of an edition, read by one statement and counted."""
    async with state.forum.pool.acquire() as conn:
        rows = await conn.fetch(
            "SELECT id, type, status, starts_at, ends_at, room_id, parent_id FROM sessions WHERE edition_id = $1",
            edition,
        )
    return {"sessions": len(rows)}


@get("/bare/cpu")
async def read_cpu() -> float:
    """The processor time that this server has used, in seconds."""
    return time.process_time()


class Beside:
    """Sends paths under /bare to the bare application and everything else to Forum's."""

    def __init__(self) -> None:
        self.forum = create_app(read_settings())
        handlers = [answer_dict, read_row, insert_row, move_session, read_sessions, read_cpu]
        state = State({"forum": self.forum.state})
        self.bare = Litestar(handlers, state=state, openapi_config=None, logging_config=None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_bare = scope["type"] == "http" and scope["path"].startswith("/bare/")
        await (self.bare if is_bare else self.forum)(scope, receive, send)


def main() -> None:
    """Serve on a free port, which is printed, until SIGTERM."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(Beside(), loop="uvloop", http="httptools", access_log=False, log_level="warning", ws="none")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
