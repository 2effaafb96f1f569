"""Decides to which addresses a webhook may go: to public ones only, checked after its host was
resolved.

The caller connects to the IP address that was checked, sends the host's name in TLS and in the
header Host, and follows no redirect. So neither a second resolution nor another server can lead the
request to another address.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from django.conf import settings

from syncjobs.errors import AddressRefused, HostUnknown
from syncjobs.models import OPERATORS

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
PORTS = {"https": 443, "http": 80}
MOST = 2_000  # characters of a URL
# Refused although Python calls them global: addresses that contain another address, which may be
# private, and addresses of old networks, which routers may still route to private ones.
REFUSED = tuple(
    ip_network(text)
    for text in (
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of a local network
        "2001::/23",  # IETF protocols, Teredo among them
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)
PUBLIC_ONLY = "The address must be public, and https."
NEUTRAL = (
    "The address cannot be reached, or messages may not go there: it must be public, and https."
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address that passed the check.

    `url` has the checked IP address in place of the host's name. `host` is the value of the header
    Host, and `name` the host's name for TLS.
    """

    url: str
    host: str
    name: str
    is_encrypted: bool


def parsed(url: str) -> SplitResult:
    """Split a webhook's URL into its parts.

    Raises AddressRefused for a URL that no setting could allow: one that is too long, is not
    http(s), has a user's name, or writes its host in an unusual form.
    """
    if len(url) > MOST or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise AddressRefused("The address must be a URL of printable ASCII characters.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise AddressRefused("The address is not a URL.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise AddressRefused("The address must be a URL such as https://example.com/hook.")
    if "@" in parts.netloc or "\\" in url:
        raise AddressRefused("The address must not contain a user's name.")
    if not _is_readable(parts.hostname):
        raise AddressRefused("Write the host as a name, or as a common IP address.")
    return parts


def must_be_possible(url: str, user_id: UUID) -> None:
    """Raises AddressRefused for an address that `checked` would refuse on every attempt.

    Such an address is not https, or is an IP address that is not public, and no network of
    FINLEY_WEBHOOK_NETWORKS allows it.
    """
    parts = parsed(url)
    allowed = networks_of(user_id)
    literal = _literal(str(parts.hostname))
    try:
        if literal is not None:
            _must_be_allowed(literal, parts.scheme, allowed)
        elif not allowed:
            _must_be_encrypted(parts.scheme)
    except AddressRefused:
        if user_id == OPERATORS:
            raise
        raise AddressRefused(PUBLIC_ONLY) from None


def _is_readable(host: str) -> bool:
    """Return whether the host is a name, or an IP address in its common form.

    Decimal, octal, hexadecimal and shortened forms of IP addresses are not common.
    """
    if ":" in host:
        return _literal(host) is not None
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return str(_literal(host)) == host
    return len(host) <= 253 and _NAME.fullmatch(host) is not None


def _literal(host: str) -> Address | None:
    """The IP address that the text states; None for a name, and for an address with a zone."""
    try:
        return None if "%" in host else ip_address(host)
    except ValueError:
        return None


async def resolve(host: str, port: int) -> Sequence[str]:
    """The host's addresses as the system resolves them. Raises OSError."""
    loop = asyncio.get_running_loop()
    rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]


async def checked(
    url: str, resolver: Resolver | None = None, *, user_id: UUID = OPERATORS
) -> Target:
    """Resolve the host and return the address to connect to. Every address of the host must be
    allowed.

    Raises AddressRefused and HostUnknown. For a tenant's endpoint it raises only HostUnknown,
    always with the same sentence, so that a tenant cannot find out which names the operators'
    network resolves.
    """
    try:
        return await _checked(url, resolver, networks_of(user_id))
    except (AddressRefused, HostUnknown):
        if user_id == OPERATORS:
            raise
        raise HostUnknown(NEUTRAL) from None


async def _checked(url: str, resolver: Resolver | None, allowed: Sequence[Network]) -> Target:
    parts = parsed(url)
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    literal = _literal(host)
    addresses = [literal] if literal else await _addresses(host, port, resolver or resolve)
    for address in addresses:
        _must_be_allowed(address, parts.scheme, allowed)
    first = addresses[0]
    shown = f"[{first}]" if first.version == 6 else str(first)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return Target(
        url=f"{parts.scheme}://{shown}:{port}{path}",
        host=parts.netloc,
        name=host,
        is_encrypted=parts.scheme == "https",
    )


async def _addresses(host: str, port: int, resolver: Resolver) -> list[Address]:
    try:
        texts = await resolver(host, port)
    except (OSError, UnicodeError):
        texts = []
    addresses = [ip_address(text.partition("%")[0]) for text in texts]
    if not addresses:
        raise HostUnknown(f"The host {host} has no address.")
    return addresses


def _must_be_allowed(address: Address, scheme: str, allowed: Sequence[Network]) -> None:
    """Raises AddressRefused if the address is not public, or not https, and no network allows
    it."""
    if any(address in network for network in allowed if network.version == address.version):
        return
    if is_forbidden(address):
        raise AddressRefused(
            "The address leads into a network that is not public. An operator allows such networks "
            "by FINLEY_WEBHOOK_NETWORKS."
        )
    _must_be_encrypted(scheme)


def _must_be_encrypted(scheme: str) -> None:
    """Raises AddressRefused if the scheme is not https."""
    if scheme != "https":
        raise AddressRefused("Outside of FINLEY_WEBHOOK_NETWORKS the address must be https.")


def networks_of(user_id: UUID) -> list[Network]:
    """The networks of FINLEY_WEBHOOK_NETWORKS for the operators' endpoints; none for a tenant's."""
    return [ip_network(text) for text in settings.WEBHOOK_NETWORKS if user_id == OPERATORS]


def is_forbidden(address: Address) -> bool:
    """Return whether the address is not a public unicast address."""
    return (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or any(address in network for network in REFUSED if network.version == address.version)
    )
