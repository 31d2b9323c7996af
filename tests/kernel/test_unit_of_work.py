"""The unit of work of a request: one connection, and none kept."""

import asyncio

from forum.db import Pool
from tests.client import Client
from tests.factories import make_edition


def in_use(pool: Pool) -> int:
    """How many connections of a pool are with somebody."""
    return pool.get_size() - pool.get_idle_size()


async def test_request_for_an_unknown_edition_gives_its_connection_back(client: Client, pool: Pool) -> None:
    for number in range(2 * pool.get_max_size()):
        answer = await client.get(f"/v1/editions/no-such-{number}/programme/releases")
        assert answer.status_code == 404

    assert in_use(pool) == 0


async def test_more_requests_than_connections_are_all_answered(client: Client, pool: Pool) -> None:
    await make_edition(client)

    paths = [f"/v1/editions/{slug}/speakers" for slug in ("grf-2023", "nowhere")] * (3 * pool.get_max_size())
    answers = await asyncio.gather(*(client.get(path) for path in paths))

    assert sorted({answer.status_code for answer in answers}) == [200, 404]
    assert in_use(pool) == 0
