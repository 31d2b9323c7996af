"""Takes pushes to push services: encrypted for one browser (RFC 8291), signed by a key of ours (RFC 8292), over HTTP.

Connections are kept for one round and by the name of the service, so that none is used for another name that happens to
have the same address. Answers are not read: only their status says something.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import Final, Literal, Self

import http_ece
import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct
from py_vapid import Vapid02

from forum.pushes.addresses import Address, PrivateAddress, resolve

POST_WITHIN_SECONDS: Final = 5.0
TOKEN_LASTS: Final = timedelta(hours=12)
"""RFC 8292 section 2 allows a day."""
LONGEST_PAUSE: Final = timedelta(days=1)
_TRIED_ADDRESSES: Final = 3

Resolve = Callable[[str, int, bool], Awaitable[list[Address]]]
Fate = Literal["taken", "gone", "later", "refused"]


class Outcome(Struct, frozen=True):
    """What became of a push, in the service's words; `later` after a pause, when it named one."""

    fate: Fate
    words: str = ""
    pause: timedelta = timedelta(0)
    is_away: bool = False
    """Nobody answered there: the others for the same service need not be tried now."""


class Parcel(Struct, frozen=True):
    """A push on its way."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    body: bytes
    topic: str
    ttl: timedelta
    urgency: Literal["low", "normal", "high"]


@cache
def _default_tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class Courier(Struct, frozen=True):
    """How pushes are sent: whom push services may write to about them, and where they may go."""

    contact: str = "forum@forum.example"
    to_private: bool = False
    resolve: Resolve = resolve
    tls: Callable[[], ssl.SSLContext] = _default_tls

    def round(self) -> "Round":
        """Connections for some pushes."""
        return Round(self)


class Round:
    """One round of the courier, with its connections."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def send(self, parcel: Parcel, key: ec.EllipticCurvePrivateKey, now: datetime) -> Outcome:
        """Ask the push service to take a push; what became of it. `now` by the real clock, as the service's."""
        url = httpx.URL(parcel.endpoint)
        headers = self._headers(parcel, url, key, now)
        body: bytes = http_ece.encrypt(
            parcel.body, private_key=ec.generate_private_key(ec.SECP256R1()), dh=parcel.p256dh, auth_secret=parcel.auth
        )
        try:
            async with asyncio.timeout(POST_WITHIN_SECONDS):
                return await self._post(url, headers, body, now)
        except PrivateAddress:
            return Outcome("refused", "its address is not public")
        except (httpx.TransportError, OSError, TimeoutError) as error:
            return Outcome("later", f"no answer: {type(error).__name__}", is_away=True)

    def _headers(
        self, parcel: Parcel, url: httpx.URL, key: ec.EllipticCurvePrivateKey, now: datetime
    ) -> dict[str, str]:
        claims = {
            "aud": f"{url.scheme}://{url.netloc.decode()}",
            "exp": int((now + TOKEN_LASTS).timestamp()),
            "sub": f"mailto:{self._courier.contact}",
        }
        signed: dict[str, str] = Vapid02(key, conf={"no-strict": True}).sign(claims)
        return signed | {
            "Host": url.netloc.decode(),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(parcel.ttl.total_seconds())),
            "Topic": parcel.topic,
            "Urgency": parcel.urgency,
        }

    async def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes, now: datetime) -> Outcome:
        """To the address that was looked at; the certificate must be for the name that was asked for."""
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._courier.resolve(url.host, port, self._courier.to_private)
        for address in addresses[:_TRIED_ADDRESSES]:
            there = url.copy_with(host=str(address))
            names = {"sni_hostname": url.raw_host.decode()}
            try:
                async with self._client(url.host).stream(
                    "POST", there, headers=headers, content=body, extensions=names
                ) as answer:
                    return _outcome(answer.status_code, answer.headers.get("Retry-After"), now)
            except httpx.ConnectError:
                if address is addresses[:_TRIED_ADDRESSES][-1]:
                    raise
        raise OSError("the name has no address")

    def _client(self, host: str) -> httpx.AsyncClient:
        if host not in self._clients:
            client = httpx.AsyncClient(
                verify=self._courier.tls(), timeout=POST_WITHIN_SECONDS, trust_env=False, follow_redirects=False
            )
            self._clients[host] = client
            self._stack.push_async_callback(client.aclose)
        return self._clients[host]


def _outcome(status: int, retry_after: str | None, now: datetime) -> Outcome:
    if 200 <= status < 300:
        return Outcome("taken")
    if status in (404, 410):
        return Outcome("gone")
    if status == 429 or status >= 500:
        return Outcome("later", f"it answered {status}", _pause(retry_after, now))
    return Outcome("refused", f"it answered {status}")


def _pause(retry_after: str | None, now: datetime) -> timedelta:
    """How long a service wants to be left alone (RFC 9110 section 10.2.3): seconds, or until a date."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
        return min(max(until - now, timedelta(0)), LONGEST_PAUSE)
    except (ValueError, TypeError):
        return timedelta(0)
