"""One connection tells several subscribers what happens, and says when it does not."""

import asyncio
from collections.abc import Callable

from forum.db import Pool
from forum.listening import listening


class Diary:
    """A subscriber that writes down what it is told."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.entries: list[str] = []

    def begin(self) -> None:
        """Listening begins."""
        self.entries.append("begin")

    def hear(self, payload: str) -> None:
        """Something was told."""
        self.entries.append(payload)

    def lose(self) -> None:
        """Listening has ended."""
        self.entries.append("lose")


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that is about to; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.005)


async def test_subscribers_hear_their_channel_lose_it_and_hear_again(database_url: str, pool: Pool) -> None:
    one, two = Diary("channel_one"), Diary("channel_two")
    tell = "SELECT pg_notify($1, $2)"
    listeners = "FROM pg_stat_activity WHERE application_name = 'forum listener' AND datname = current_database()"

    async with listening(database_url, [one, two]):
        await until(lambda: two.entries == ["begin"])
        assert await pool.fetchval(f"SELECT count(*) {listeners}") == 1
        await pool.execute(tell, "channel_one", "first")
        await pool.execute(tell, "channel_two", "second")
        await until(lambda: two.entries[1:] == ["second"])
        await pool.execute(f"SELECT pg_terminate_backend(pid) {listeners}")
        await until(lambda: one.entries.count("begin") == 2 and two.entries.count("begin") == 2)
        await pool.execute(tell, "channel_one", "third")
        await until(lambda: one.entries[-1] == "third")

    assert one.entries == ["begin", "first", "lose", "begin", "third", "lose"]
    assert two.entries == ["begin", "second", "lose", "begin", "lose"]
    await pool.execute(tell, "channel_one", "too late")
    assert "too late" not in one.entries
