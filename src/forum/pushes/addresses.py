"""Where a push may go: to a push service on the public Internet, and never inside the operator's own network.

Who subscribes names the address that we send to, so it is looked at twice: as it is written when it is given, and as it
resolves each time that something is sent; what is connected to is the very address that was looked at.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

_PRIVATE_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa")
_NAT64: Final = ip_network("64:ff9b::/96")
RESOLVE_WITHIN_SECONDS: Final = 3.0
Address = IPv4Address | IPv6Address


class PrivateAddress(Exception):
    """A name that resolves to an address which is not on the public Internet."""


def endpoint_complaint(endpoint: str, to_private: bool) -> tuple[str, str] | None:
    """What is wrong with an endpoint as it is written, as a code and words; None when nothing is."""
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint or "\\" in endpoint:
        return "bad_url", "Give the address that the browser's subscription has."
    if parts.username is not None or parts.fragment:
        return "bad_url", "Name nobody in it, and no fragment."
    if parts.scheme != "https" and not (to_private and parts.scheme == "http"):
        return "not_https", "Push services are reached by https alone."
    if not to_private and _is_private_name(host):
        return "private_address", "Name a push service on the public Internet, by its name."
    return None


def _is_private_name(host: str) -> bool:
    """Addresses are no names, whichever way they are written: `127.1` and `0x7f000001` are addresses, too."""
    name = host.rstrip(".")
    last = name.rpartition(".")[2]
    if ":" in name or "." not in name or not last[:1].isalpha():
        return True
    return any(name.endswith(f".{ending}") for ending in _PRIVATE_NAMES)


def is_public(address: Address) -> bool:
    """Whether an address is on the public Internet, and so is the one inside it."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None and not is_public(inner):
            return False
    return address.is_global and not address.is_multicast


async def resolve(host: str, port: int, to_private: bool) -> list[Address]:
    """The addresses of a name, in the system's order; raises `PrivateAddress` if one is not public, and `OSError`."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(RESOLVE_WITHIN_SECONDS):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
    if not to_private and not all(is_public(address) for address in addresses):
        raise PrivateAddress(host)
    return addresses
