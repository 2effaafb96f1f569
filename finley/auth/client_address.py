"""Determines the client's address, as far as it can be trusted."""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings

UNKNOWN = "unknown"  # a Unix socket's client


def of_scope(scope: Mapping[str, Any]) -> str:
    """The address of an ASGI scope's client."""
    forwarded = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
    client = scope.get("client")
    return _network(_stated(client[0] if client else "", forwarded))


def of_meta(meta: Mapping[str, Any]) -> str:
    """The address in a Django request's META."""
    return _network(
        _stated(str(meta.get("REMOTE_ADDR", "")), str(meta.get("HTTP_X_FORWARDED_FOR", "")))
    )


def _stated(peer: str, forwarded: str) -> str:
    """The client's address. If FINLEY_PROXIES proxies of ours forward requests, it is the address
    from which the outermost proxy was called; otherwise `peer`."""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    trusted = int(settings.PROXIES)
    return hops[-trusted] if 0 < trusted <= len(hops) else peer


def _network(address: str) -> str:
    """An IPv4 address, or the /64 network of an IPv6 address, because one client has all addresses
    in it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network(f"{parsed}/64", strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
