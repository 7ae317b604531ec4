"""What kind of place an address is, and which hosts are addresses at all."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.values.address import Kind, canonical, is_odd, kind_of, literal

PUBLIC, PRIVATE, LOOPBACK, LINK, NEVER = Kind


@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        (PUBLIC, "1.1.1.1 8.8.8.8 172.32.0.1 100.128.0.1 192.169.0.1 223.255.255.255 2606:4700::1111 2a00:1450::1"),
        (PRIVATE, "10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 100.127.255.255"),
        (PRIVATE, "192.0.0.8 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 240.0.0.1"),
        (PRIVATE, "fc00::1 fdff::1 fec0::1 2001:db8::1 3fff::1 2001::1 100::1 5f00::1 4000::1 64:ff9b:1::808:808"),
        (LOOPBACK, "127.0.0.0 127.0.0.1 127.255.255.255 ::1"),
        (
            LINK,
            "169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255 fe80::1 fe80::a9fe:a9fe febf::1 fe80::1%eth0",
        ),
        (LINK, "100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254 fd00:ec2::23 fd20:ce::254"),
        (LINK, "fd00:c1::a9fe:a9fe fd00:42::42 fd00:a9fe:a9fe::1 fd00:100::100:200"),
        (NEVER, "0.0.0.0 0.255.255.255 255.255.255.255 224.0.0.1 239.255.255.255 :: ff02::1 ff0e::1"),
        # an IPv4 address inside
        (PUBLIC, "::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1"),
        (PRIVATE, "::ffff:10.0.0.1 64:ff9b::10.0.0.1 2002:a00:1::1 ::127.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1"),
        (LOOPBACK, "::ffff:127.0.0.1 64:ff9b::127.0.0.1 2002:7f00:1::1"),
        (LINK, "::ffff:169.254.169.254 64:ff9b::169.254.169.254 2002:a9fe:a9fe::1 ::ffff:100.100.100.200"),
        (LINK, "::169.254.169.254 ::ffff:0:169.254.169.254 64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00::"),
        (LINK, "2001:0:a9fe:a9fe:: 2001:0:808:808:0:0:5601:5601"),
        (NEVER, "::ffff:0.0.0.0 64:ff9b::0.0.0.1 2002:e000:1::1"),
    ],
)
def test_kinds(kind: Kind, addresses: str) -> None:
    assert {text: kind_of(ip_address(text)) for text in addresses.split()} == dict.fromkeys(addresses.split(), kind)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_what_it_is_in_any_disguise(address: IPv4Address) -> None:
    kind = kind_of(address)
    assert kind_of(IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)) is kind
    assert kind_of(IPv6Address(b"\0\x64\xff\x9b" + b"\0" * 8 + address.packed)) is kind
    assert kind_of(IPv6Address(b"\x20\x02" + address.packed + b"\0" * 10)) is kind


@given(st.ip_addresses())
def test_public_is_what_python_calls_global_too(address: IPv4Address | IPv6Address) -> None:
    """Ours is the stricter one; only what NAT64 and 6to4 lead to may be global where they (in some releases) aren't."""
    leads_elsewhere = isinstance(address, IPv6Address) and (address.sixtofour or str(address).startswith("64:ff9b::"))
    if kind_of(address) is PUBLIC and not leads_elsewhere:
        assert address.is_global
        assert not any((address.is_multicast, address.is_loopback, address.is_link_local, address.is_unspecified))


ODD = ["127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1.", "127.0.0.256", "1.2.3.4.5", "1.0x"]
WIDE = ["127\u30020\u30020\u30021", "\uff11\uff12\uff17.0.0.1", "127\uff0e0.0.1", "example.0x7f"]


@pytest.mark.parametrize("host", [*ODD, *WIDE])
def test_odd_spellings(host: str) -> None:
    assert is_odd(host)
    assert literal(host) is None


NAMES = [
    "localhost",
    "localhost.",
    "a.localhost",
    "api.example.com",
    "1.example.com",
    "x0x1",
    "0x.com",
    "",
    "a..b",
    "bücher.test",
]


@pytest.mark.parametrize("host", [*NAMES, "127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_names_and_plain_addresses_are_not_odd(host: str) -> None:
    assert not is_odd(host)


@pytest.mark.parametrize(
    ("host", "same"),
    [("0:0::1", "::1"), ("FE80::1%25eth0", "fe80::1"), ("API.example.com", "api.example.com"), ("127.0.0.1",) * 2],
)
def test_canonical(host: str, same: str) -> None:
    assert canonical(host) == same
