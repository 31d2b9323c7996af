"""A local SMTP server that takes every mail and keeps none, in a process of its own, written to cost less than senders.

`python -m tests.bench.sink` prints its port. For each number N that it reads on standard input it says "listening",
and then when the next N mails came: one `Arrivals` a line.
"""

import asyncio
import sys
import time

import msgspec
import uvloop

_ANSWERS = {
    b"EHLO": b"250-bench\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"HELO": b"250 bench\r\n",
    b"MAIL": b"250 sender\r\n",
    b"RCPT": b"250 recipient\r\n",
    b"DATA": b"354 go on\r\n",
    b"RSET": b"250 reset\r\n",
    b"NOOP": b"250 here\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Arrivals(msgspec.Struct, kw_only=True):
    """When mails came, and how large they were."""

    mails: int
    seconds: float
    """From the first mail to the last."""
    mean_bytes: int
    cpu_seconds: float


class Counter:
    """Counts mails until as many as expected have come."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.expect(0)

    def expect(self, mails: int) -> None:
        """Begin anew."""
        self.expected, self.mails, self.bytes = mails, 0, 0
        self.first = self.last = 0.0
        self.done.clear()

    def count(self, size: int) -> None:
        """A mail has come."""
        self.mails += 1
        self.bytes += size
        self.last = time.perf_counter()
        self.first = self.first or self.last
        if self.mails == self.expected:
            self.done.set()


class Session(asyncio.Protocol):
    """One connection of a sender."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._pending = b""
        self._is_in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(b"220 bench ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while self._take_mail() if self._is_in_mail else self._take_command():
            pass

    def _take_mail(self) -> bool:
        end = self._pending.find(b"\r\n.\r\n")
        if end < 0:
            return False
        self._counter.count(end)
        self._pending, self._is_in_mail = self._pending[end + 5 :], False
        self._transport.write(b"250 taken\r\n")
        return True

    def _take_command(self) -> bool:
        line, ended, rest = self._pending.partition(b"\r\n")
        if not ended:
            return False
        self._pending, word = rest, line[:4].upper()
        self._is_in_mail = word == b"DATA"
        self._transport.write(_ANSWERS.get(word, b"500 what?\r\n"))
        if word == b"QUIT":
            self._transport.close()
        return True


async def serve() -> None:
    """Serve until standard input ends."""
    loop, counter = asyncio.get_running_loop(), Counter()
    server = await loop.create_server(lambda: Session(counter), "127.0.0.1", 0)
    _say(str(server.sockets[0].getsockname()[1]).encode())
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        counter.expect(int(line))
        cpu = time.process_time()
        _say(b"listening")
        await counter.done.wait()
        arrivals = Arrivals(
            mails=counter.mails,
            seconds=counter.last - counter.first,
            mean_bytes=counter.bytes // counter.mails,
            cpu_seconds=time.process_time() - cpu,
        )
        _say(msgspec.json.encode(arrivals))
    server.close()


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(serve())
