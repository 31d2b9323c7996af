"""The measured server: uvicorn with Forum's application and, beside it in the same process, bare Litestar routes.

The bare routes are an application of their own, so that nothing of Forum's (middleware, guards, request ids) makes
them slower: a ratio compares with what Litestar and asyncpg cost at the least. They use Forum's pool.
"""

import socket
import sys
import time
from typing import Any
from uuid import UUID, uuid4

import msgspec
import uvicorn
from litestar import Litestar, get, post
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


@get("/bare/cpu")
async def read_cpu() -> float:
    """The processor time that this server has used, in seconds."""
    return time.process_time()


class Beside:
    """Sends paths under /bare to the bare application and everything else to Forum's."""

    def __init__(self) -> None:
        self.forum = create_app(read_settings())
        handlers = [answer_dict, read_row, insert_row, read_cpu]
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
