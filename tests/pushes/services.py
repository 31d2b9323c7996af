"""A push service for tests (RFC 8030) on loopback, and a browser that decrypts what it takes.

Written by the standards and not by what the sender uses: the decryption is RFC 8188 and 8291 step by step.
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The other way."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """Who subscribes: it alone can read what is pushed."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(CURVE)
        self._auth = bytes(range(16))

    @property
    def point(self) -> bytes:
        """Its public key."""
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        """What `PushSubscription.toJSON()` has as `keys`."""
        return {"p256dh": b64(self.point), "auth": b64(self._auth)}

    def decrypt(self, body: bytes) -> dict[str, Any]:
        """A push, by RFC 8291 section 3.4 and RFC 8188 section 2: one record."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert (length, len(record) <= size) == (65, True)
        secret = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
        info = b"WebPush: info\x00" + self.point + sender
        mixed = HKDF(hashes.SHA256(), 32, self._auth, info).derive(secret)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(mixed)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(mixed)
        text, _, rest = AESGCM(key).decrypt(nonce, record, None).rpartition(b"\x02")
        assert rest.strip(b"\x00") == b""
        found: dict[str, Any] = msgspec.json.decode(text)
        return found


class Pushed(msgspec.Struct):
    """A request that was taken or refused."""

    path: str
    headers: dict[str, str]
    body: bytes

    def claims(self, public_key: str) -> dict[str, Any]:
        """Who sends it, for whom and until when; the signature is checked with the key that is expected."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert (scheme, parts["k"]) == ("vapid", public_key)
        signed, _, signature = parts["t"].rpartition(".")
        head, _, claims = signed.partition(".")
        assert msgspec.json.decode(unb64(head)) == {"typ": "JWT", "alg": "ES256"}
        raw = unb64(signature)
        both = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(public_key))
        key.verify(both, signed.encode(), ec.ECDSA(hashes.SHA256()))
        found: dict[str, Any] = msgspec.json.decode(unb64(claims))
        return found


class PushService:
    """What arrived. `answers` holds what is said to a path instead of 201."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, bytes] = {}
        self.taken: list[Pushed] = []

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests for as long as they come."""
        try:
            while line := await reader.readline():
                fields: dict[str, str] = {}
                while (field := await reader.readline()).strip():
                    name, _, text = field.decode().partition(":")
                    fields[name.lower()] = text.strip()
                path = line.split()[1].decode()
                body = await reader.readexactly(int(fields["content-length"]))
                self.taken.append(Pushed(path, fields, body))
                answer = self.answers.get(path, b"201 Created")
                writer.write(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def push_service(tls: ssl.SSLContext | None = None) -> AsyncIterator[PushService]:
    """A push service on a free port of this machine."""
    made = PushService()
    server = await asyncio.start_server(made.converse, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    made.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
    try:
        yield made
    finally:
        server.close()
