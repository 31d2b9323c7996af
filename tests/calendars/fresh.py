"""A process of its own that is asked for one address: as a program, it prints the ETag and a digest of the answer."""

import asyncio
import hashlib
import sys

import httpx

from forum.app import create_app
from forum.db import open_pool
from forum.settings import read_settings


async def ask(path: str) -> tuple[str, str]:
    """What is answered at a path."""
    settings = read_settings()
    assert settings.database_url
    pool = await open_pool(settings.database_url, size=2)
    try:
        transport = httpx.ASGITransport(app=create_app(settings, pool=pool))
        async with httpx.AsyncClient(transport=transport, base_url="https://forum.test") as http:
            answer = await http.get(path)
            return answer.headers["ETag"], hashlib.sha256(answer.content).hexdigest()
    finally:
        await pool.close()


if __name__ == "__main__":
    print(*asyncio.run(ask(sys.argv[1])))
