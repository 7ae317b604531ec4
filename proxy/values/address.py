"""Hosts and addresses as they stand in a URL: which are literals, and what kind of place an address is.

Owns: the ranges (IANA's special-purpose registries, the clouds' metadata addresses) and the forms that carry an IPv4
address inside an IPv6 one. Must not know: DNS, who asks, or what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address


class Kind(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK = "link-local or metadata"
    NEVER = "unusable"


def _networks(*texts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, texts))


_NEVER = _networks("0.0.0.0/8", "255.255.255.255/32", "224.0.0.0/4", "::/128", "ff00::/8")
_LINK = _networks(
    *("169.254.0.0/16", "fe80::/10"),  # AWS, Azure, Google, Tencent, Scaleway, OpenStack and most others are in here
    *("100.100.100.200/32", "fd00:100::100:200/128"),  # Alibaba
    "fd00:ec2::/32",  # AWS: metadata, pod identity, DNS, time
    "fd20:ce::254/128",  # Google
    *("192.0.0.192/32", "fd00:c1::a9fe:a9fe/128"),  # Oracle
    "168.63.129.16/32",  # Azure's WireServer, for all that it looks public
    "fd00:42::42/128",  # Scaleway
    "fd00:a9fe:a9fe::/64",  # Akamai
)
_LOOPBACK = _networks("127.0.0.0/8", "::1/128")
_NOT_PUBLIC = _networks(
    # what `is_global` of some Python releases calls global
    *("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20"),
)
_UNICAST = IPv6Network("2000::/3")  # all that IANA has given out to be reached
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291 §2.5.5.1
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def literal(host: str) -> Address | None:
    """The address that a URL's host is, in the one spelling that everybody reads alike."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def canonical(host: str) -> str:
    """One text for all spellings of the same host: `[0:0::1]` is `::1`. The zone of a link-local one is left out."""
    address = literal(host)
    return host.lower() if address is None else str(address).partition("%")[0]


def is_odd(host: str) -> bool:
    """Whether it's an address in disguise: `127.1`, `0x7f.1`, `2130706433`, `127.0.0.1.`, or with dots of Chinese.

    The C library reads these as addresses, other readers as names. No real name ends in a number (RFC 3696 §2).
    """
    if literal(host) is not None:
        return False
    try:
        text = host.encode("idna").decode("ascii")
    except UnicodeError:
        return False  # nor can it be looked up
    return _NUMERIC.fullmatch(text.rstrip(".").rpartition(".")[2]) is not None


def kind_of(address: Address) -> Kind:
    """An IPv4 address inside an IPv6 one is what counts: that's where the packets end up."""
    if isinstance(address, IPv4Address):
        return _plain(address)
    inner = _translated(address)
    if inner is not None:
        return _plain(inner)
    if any(_plain(hidden) is Kind.LINK for hidden in _perhaps(address)):
        return Kind.LINK
    return _plain(address)


def _plain(address: Address) -> Kind:
    for kind, networks in ((Kind.NEVER, _NEVER), (Kind.LINK, _LINK), (Kind.LOOPBACK, _LOOPBACK)):
        if any(address in network for network in networks):
            return kind
    public = address.is_global and not address.is_reserved and not any(address in network for network in _NOT_PUBLIC)
    return Kind.PUBLIC if public and (isinstance(address, IPv4Address) or address in _UNICAST) else Kind.PRIVATE


def _translated(address: IPv6Address) -> IPv4Address | None:
    """The address that a translator or a tunnel would send to: mapped, NAT64, 6to4."""
    if address in _NAT64:
        return _at(address, 12)
    return address.ipv4_mapped or address.sixtofour


def _perhaps(address: IPv6Address) -> Iterator[IPv4Address]:
    """The same where a network's own settings decide. It is private at best, and must not lead to a metadata server."""
    if address in _NAT64_LOCAL:
        packed = address.packed
        without_u = packed[:8] + packed[9:]  # the octet that RFC 6052 §2.2 leaves out
        yield from (IPv4Address(without_u[start : start + 4]) for start in (6, 7, 8))
        yield _at(address, 12)
    elif address in _TRANSLATED or address in _COMPATIBLE:
        yield _at(address, 12)
    elif address.teredo is not None:
        yield from address.teredo


def _at(address: IPv6Address, start: int) -> IPv4Address:
    return IPv4Address(address.packed[start : start + 4])
