"""Determines the client's address, as far as it can be trusted."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings

UNKNOWN = "unknown"  # a Unix socket's client


def of_scope(scope: Mapping[str, Any]) -> str:
    """The address of the client of an ASGI request: an IPv4 address, or an IPv6 network of 64 bits.
    UNKNOWN if there is none."""
    forwarded = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
    client = scope.get("client")
    return _network(_stated(client[0] if client else "", forwarded))


def of_meta(meta: Mapping[str, Any]) -> str:
    """The address of the client of a Django request, from its META: an IPv4 address, or an IPv6
    network of 64 bits. UNKNOWN if there is none."""
    return _network(
        _stated(str(meta.get("REMOTE_ADDR", "")), str(meta.get("HTTP_X_FORWARDED_FOR", "")))
    )


def _stated(peer: str, forwarded: str) -> str:
    """The client's address: `peer`, or an address from the header X-Forwarded-For (`forwarded`) if
    FINLEY_PROXIES proxies of ours forward requests. It is then the address from which the outermost
    of them was called."""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    trusted = int(settings.PROXIES)
    return hops[-trusted] if 0 < trusted <= len(hops) else peer


def _network(address: str) -> str:
    """The address itself if it is IPv4. For IPv6 the /64 network, because one client has all
    addresses in it. UNKNOWN for any other text."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network(f"{parsed}/64", strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
