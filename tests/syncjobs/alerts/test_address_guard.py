"""500 tries to make a webhook go where it may not: none of them reaches the listener."""

import asyncio
import random
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from uuid import uuid4

import pytest

from syncjobs.alerts import address_guard, channels, delivery_state
from syncjobs.errors import AddressRefused, HostUnknown
from syncjobs.models import OPERATORS, Delivery, DeliveryEndpoint
from tests.syncjobs.alerts.receiver import receiver

TRIES = 500
PUBLIC = "93.184.215.14"
FORBIDDEN = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/29", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
    "::/128", "::1/128", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
    "2001::/32", "2001:db8::/32", "2002::/16", "3fff::/20", "fc00::/7", "fe80::/10", "fec0::/10",
    "ff00::/8",
]  # fmt: skip


def wide(text: str) -> str:
    """Digits in their full-width forms, which some resolvers read as digits."""
    return "".join(chr(0xFEE0 + ord(c)) if c.isdigit() else c for c in text)


def forms(address: IPv4Address | IPv6Address) -> list[str]:
    """The address as a host of a URL, as people and attackers write it."""
    if isinstance(address, IPv6Address):
        full = f"[{address.exploded}]"
        return [f"[{address}]", full, full.upper(), f"[{address}%25eth0]"]
    number, bytes_ = int(address), address.packed
    first, second, third, fourth = bytes_
    return [
        str(address), str(number), hex(number), f"0{number:o}", f"{address}.",
        ".".join(f"0{byte:o}" for byte in bytes_), ".".join(hex(byte) for byte in bytes_),
        f"{first}.{int.from_bytes(bytes_[1:])}", f"{first}.{second}.{third * 256 + fourth}",
        f"[::ffff:{address}]", f"[::{address}]", f"[64:ff9b::{address}]",
        f"[2002:{first:02x}{second:02x}:{third:02x}{fourth:02x}::1]",
        f"user@{address}", f"example.com@{address}", wide(str(address)),
    ]  # fmt: skip


def tries(port: int) -> list[tuple[str, list[str]]]:
    """URLs with the addresses that their names resolve to."""
    rng = random.Random(7)
    listener = ip_address("127.0.0.1")
    urls: list[tuple[str, list[str]]] = [
        (f"{scheme}://{host}:{port}/", ["127.0.0.1"])
        for host in (*forms(listener), "localhost", "LOCALHOST.", "127.0.0.1.nip.io", "[::1]")
        for scheme in ("http", "https")
    ]
    while len(urls) < TRIES:
        network = ip_network(rng.choice(FORBIDDEN))
        address = network[rng.randrange(network.num_addresses)]
        host = rng.choice([*forms(address), "name.example", "two.example", "six.example"])
        answers = {
            "two.example": [PUBLIC, str(address)],
            "six.example": ["2606:2800:21f:cb07::1", f"{listener}"],
        }.get(host, [str(address)])
        scheme = rng.choice(["http", "https"])
        urls.append((f"{scheme}://{host}:{port}/x?y=1", answers))
    return urls


def sent(url: str) -> delivery_state.Sent:
    endpoint = DeliveryEndpoint(user_id=OPERATORS, channel="webhook", address=url, secret="x")
    message = Delivery(id=uuid4(), endpoint=endpoint, body="{}", title="t")
    return asyncio.run(channels.send(endpoint, message))


def test_no_request_reaches_a_forbidden_address(monkeypatch):
    with receiver() as listener:
        attempts = tries(listener.port)
        refused = 0
        for url, answers in attempts:

            async def resolve(host: str, port: int, answers: list[str] = answers) -> list[str]:
                return answers

            monkeypatch.setattr(address_guard, "resolve", resolve)
            outcome = sent(url)
            assert outcome.error_class == "AddressRefused", (url, answers, outcome.error)
            assert outcome.is_permanent
            refused += 1
        assert (refused, listener.requests) == (TRIES, [])


def test_a_host_is_resolved_once_and_its_address_is_what_is_connected_to():
    """Rebinding: a second answer, which would be private, is never asked for."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def resolve(host: str, port: int) -> list[str]:
        return next(answers)

    target = asyncio.run(address_guard.checked("https://rebound.example/hook?a=1", resolve))
    assert target.url == f"https://{PUBLIC}:443/hook?a=1"
    assert (target.host, target.name) == ("rebound.example", "rebound.example")


def test_what_is_allowed_and_what_not(settings):
    async def nobody(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    async def checked(url: str) -> str:
        return (await address_guard.checked(url, nobody)).url

    assert asyncio.run(checked(f"https://{PUBLIC}")) == f"https://{PUBLIC}:443/"
    assert asyncio.run(checked("https://[2606:4700::1111]:8443/a")) == (
        "https://[2606:4700::1111]:8443/a"
    )
    with pytest.raises(AddressRefused, match="https"):
        asyncio.run(checked(f"http://{PUBLIC}"))
    with pytest.raises(HostUnknown):
        asyncio.run(checked("https://nowhere.example"))
    settings.WEBHOOK_NETWORKS = ["10.1.0.0/16", "::1/128"]
    assert asyncio.run(checked("http://10.1.2.3/")) == "http://10.1.2.3:80/"
    with pytest.raises(AddressRefused):
        asyncio.run(checked("http://10.2.2.3/"))
    for wrong in ("ftp://example.com", "https://", "https://a b/", "https://x:99999/", "//x", "a"):
        with pytest.raises(AddressRefused):
            asyncio.run(checked(wrong))


def test_the_operators_networks_are_closed_to_tenants_who_are_not_told_why(settings):
    """A name of the inner network, an unknown one and a private address look the same."""
    settings.WEBHOOK_NETWORKS = ["10.1.0.0/16"]
    names = {"inner.example": ["10.1.2.3"], "nowhere.example": [], "10.1.2.3": ["10.1.2.3"]}

    async def resolve(host: str, port: int) -> list[str]:
        return names[host]

    for name in names:
        check = address_guard.checked(f"https://{name}/", resolve, user_id=uuid4())
        with pytest.raises(HostUnknown) as refused:
            asyncio.run(check)
        assert str(refused.value) == address_guard.NEUTRAL
    assert asyncio.run(address_guard.checked("http://10.1.2.3/", resolve)).name == "10.1.2.3"


def test_the_listener_would_get_what_is_allowed(settings):
    """The first test can fail."""
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with receiver() as listener:
        outcome = sent(listener.url)
        assert outcome.error_class == "SecretUnreadable"  # the address was let through
