"""The load generator: keep-alive HTTP/1.1 clients in a process of their own, written to cost less than any server.

`python -m tests.bench.load` reads one `Load` a line on standard input and answers one `Outcome` a line. Each client
sends a request, reads the whole answer and sends the next; nothing is retried. When the time is over, or all has
been sent, the clients still wait for the answers that are under way, so that what was counted is what happened.
"""

import asyncio
import sys
import time
from collections import Counter

import msgspec
import uvloop

BUFFER_BYTES = 262_144
SERIAL = b"@SERIAL@"
"""Stands in a request for a number of eight digits that no other request has."""


class Load(msgspec.Struct, kw_only=True):
    """What to send."""

    port: int
    requests: list[bytes]
    """Whole requests, sent in turn by all clients."""
    clients: int = 32
    seconds: float | None = None
    total: int | None = None
    """How many requests to send, when there is no time limit."""
    first: int = 0
    """Which request to begin with, and the first serial number."""
    marks: list[str] = []
    """Texts whose appearance in a body is counted."""


class Outcome(msgspec.Struct, kw_only=True):
    """What came back."""

    answers: int
    sent: int
    seconds: float
    cpu_seconds: float
    bytes_received: int
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]
    marks: dict[str, int]
    lost: int
    """Connections that ended before their answer was whole."""


class Run:
    """One load under way."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.sent = self.answers = self.received = self.lost = 0
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.marks = {mark.encode(): 0 for mark in load.marks}
        self.clients = load.clients
        self.deadline = float("inf")
        self.finished = asyncio.get_running_loop().create_future()

    def next_request(self) -> bytes | None:
        """The next request, or None when enough was sent."""
        if self.sent == self.load.total or time.perf_counter() >= self.deadline:
            return None
        number = self.load.first + self.sent
        self.sent += 1
        request = self.load.requests[number % len(self.load.requests)]
        return request.replace(SERIAL, b"%08d" % number)

    def client_ended(self, lost: bool) -> None:
        """A client has nothing more to do, or was cut off."""
        self.lost += lost
        self.clients -= 1
        if self.clients == 0 and not self.finished.done():
            self.finished.set_result(None)


class Client(asyncio.BufferedProtocol):
    """One keep-alive connection. Bodies are counted, and kept only to look for marks; their length must be told."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = self._missing = 0
        self._started = 0.0
        self._is_over = self._is_kept = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def start(self) -> None:
        """Send the next request, or end."""
        request = self._run.next_request()
        if request is None:
            self._is_over = True
            self._run.client_ended(lost=False)
            self._transport.close()
            return
        self._started = time.perf_counter()
        self._transport.write(request)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._filled :]

    def buffer_updated(self, size: int) -> None:
        self._run.received += size
        self._filled += size
        if self._missing:
            self._missing -= size
        elif not self._has_head():
            return
        if not self._missing:
            self._answered()
        elif not self._is_kept:
            self._filled = 0

    def _has_head(self) -> bool:
        """Whether the head of the answer is there; its status and length are read then."""
        end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            return False
        head = bytes(self._buffer[:end]).lower()
        self._run.statuses[int(head[9:12])] += 1
        at = head.find(b"content-length: ")
        length = 0 if at < 0 else int(head[at + 16 : (head + b"\r").index(b"\r", at)])
        self._missing = end + 4 + length - self._filled
        self._is_kept = bool(self._run.marks) and end + 4 + length < BUFFER_BYTES
        return True

    def _answered(self) -> None:
        run = self._run
        run.answers += 1
        run.latencies.append(time.perf_counter() - self._started)
        for mark in run.marks:
            run.marks[mark] += self._buffer.find(mark, 0, self._filled) >= 0
        self._filled = 0
        self.start()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_over:
            self._run.client_ended(lost=True)


async def drive(load: Load) -> Outcome:
    """Send the load and tell what came back."""
    run = Run(load)
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Client(run), "127.0.0.1", load.port) for _ in range(load.clients)]
    cpu, begun = time.process_time(), time.perf_counter()
    if load.seconds is not None:
        run.deadline = begun + load.seconds
    for _, client in opened:
        client.start()
    await run.finished
    seconds, times = time.perf_counter() - begun, sorted(run.latencies) or [0.0]
    return Outcome(
        answers=run.answers,
        sent=run.sent,
        seconds=seconds,
        cpu_seconds=time.process_time() - cpu,
        bytes_received=run.received,
        p50_ms=times[len(times) // 2] * 1000,
        p99_ms=times[len(times) * 99 // 100] * 1000,
        statuses=dict(run.statuses),
        marks={mark.decode(): count for mark, count in run.marks.items()},
        lost=run.lost,
    )


def request(
    method: str, path: str, token: str | None = None, body: object = None, headers: dict[str, str] | None = None
) -> bytes:
    """A whole request. `@SERIAL@` in the body becomes a number of the same length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    content = b"" if body is None else msgspec.json.encode(body)
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    elif method != "GET":
        lines.append("Content-Length: 0")
    return "\r\n".join([*lines, "", ""]).encode() + content


class Generator:
    """The generator's process, as the bench drives it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Generator":
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "tests.bench.load")
        self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=2**26)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()

    async def send(self, load: Load) -> Outcome:
        """Send a load; raises `RuntimeError` when the generator failed."""
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(msgspec.json.encode(load) + b"\n")
        await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator ended")
        return msgspec.json.decode(line, type=Outcome)


def main() -> None:
    """Drive loads until standard input ends."""
    for line in sys.stdin.buffer:
        outcome = uvloop.run(drive(msgspec.json.decode(line, type=Load)))
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
