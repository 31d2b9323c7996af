"""The bare sender: a loop over aiosmtplib on kept connections, with mails that are made before.

`python -m tests.bench.bare_mails PORT MAILS CONNECTIONS BYTES`
"""

import asyncio
import sys

import aiosmtplib
import uvloop

_HEAD = b"From: forum@forum.example\r\nTo: delegate@delegates.example\r\nSubject: bare\r\n\r\n"
_LINE = b"0123456789" * 7 + b"\r\n"


def make_mail(size: int) -> bytes:
    """A mail of about that many bytes."""
    return _HEAD + _LINE * max((size - len(_HEAD)) // len(_LINE), 1)


async def send(port: int, mails: int, connections: int, size: int) -> None:
    """Send the mails, whichever connection is free taking the next."""
    mail, left = make_mail(size), iter(range(mails))

    async def send_over(client: aiosmtplib.SMTP) -> None:
        async with client:
            for number in left:
                await client.sendmail("forum@forum.example", [f"delegate.{number}@delegates.example"], mail)

    clients = [
        aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=30) for _ in range(connections)
    ]
    await asyncio.gather(*(send_over(client) for client in clients))


if __name__ == "__main__":
    uvloop.run(send(*(int(argument) for argument in sys.argv[1:])))
