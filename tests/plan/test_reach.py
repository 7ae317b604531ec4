"""Where requests may go: the rule, apart from DNS and sockets."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.token import NOTHING_SAID, Consent
from proxy.plan.reach import OutOfReach, Reach, admit, reach_of, route_consent
from proxy.values.address import Kind, kind_of

Found = tuple[int, int, int, str, tuple[str, int]]
PUBLIC, PRIVATE, LOOPBACK, LINK, NEVER = Kind
NEAR = {PUBLIC, PRIVATE, LOOPBACK}
SAID = Consent(private=True)


def found(*addresses: str) -> list[Found]:
    return [(int(socket.AF_INET), int(socket.SOCK_STREAM), 6, "", (address, 443)) for address in addresses]


@pytest.mark.parametrize(
    ("host", "consent", "reach"),
    [
        # names
        ("api.example.com", NOTHING_SAID, {PUBLIC}),
        ("api.example.com", Consent.of("https://api.example.com"), {PUBLIC}),
        ("api.example.com", SAID, NEAR),
        ("api.example.com", Consent.of("http://127.0.0.1:80"), {PUBLIC}),
        ("localhost.", Consent.of("https://localhost./"), {PUBLIC}),
        ("a.localhost", Consent.of("https://a.localhost/"), {PUBLIC}),
        # what the config spells out
        ("127.0.0.1", Consent.of("http://127.0.0.1:80/x"), {LOOPBACK}),
        ("localhost", Consent.of("http://LOCALHOST/x"), {LOOPBACK}),
        ("10.0.0.1", Consent.of("https://10.0.0.1"), {PRIVATE}),
        ("8.8.8.8", Consent.of("https://8.8.8.8"), {PUBLIC}),
        ("::1", Consent.of("http://[0:0::1]:80"), {LOOPBACK}),
        ("::ffff:127.0.0.1", Consent.of("https://[::ffff:127.0.0.1]"), {LOOPBACK}),
        ("169.254.169.254", Consent.of("http://169.254.169.254/token"), {LINK}),
        ("fe80::1%eth0", Consent.of("http://[fe80::1%25eth0]/token"), {LINK}),
        # what only an issuer's metadata names
        ("8.8.8.8", Consent.of("https://issuer.example.com"), {PUBLIC}),
        ("127.0.0.1", Consent.of("https://issuer.example.com"), set()),
        ("localhost", Consent.of("https://issuer.example.com"), set()),
        ("10.0.0.1", Consent.of("https://issuer.example.com"), set()),
        ("127.0.0.1", Consent.of("https://issuer.example.com", private=True), {LOOPBACK}),
        ("10.0.0.1", Consent.of("https://issuer.example.com", private=True), {PRIVATE}),
        ("localhost", Consent.of("http://127.0.0.1:9"), {LOOPBACK}),
        ("127.0.0.2", Consent.of("http://localhost:9"), {LOOPBACK}),
        ("127.0.0.1", Consent.of("https://10.0.0.1"), set()),
        ("10.0.0.2", Consent.of("https://10.0.0.1"), {PRIVATE}),
        ("169.254.169.254", Consent.of("https://issuer.example.com", private=True), set()),
        ("169.254.169.254", Consent.of("http://127.0.0.1:9"), set()),
        ("169.254.170.2", Consent.of("http://169.254.169.254"), set()),
        # never
        ("0.0.0.0", Consent.of("http://0.0.0.0", private=True), NEAR),
        ("127.1", Consent.of("https://127.1", private=True), set()),
        ("127。0。0。1", Consent.of("https://127。0。0。1", private=True), set()),
    ],
)
def test_reach(host: str, consent: Consent, reach: set[Kind]) -> None:
    assert reach_of(host, consent) == reach


@pytest.mark.parametrize(
    ("host", "private", "reach"),
    [
        ("api.example.com", False, {PUBLIC}),
        ("api.example.com", True, NEAR),
        ("127.0.0.1", False, {LOOPBACK}),
        ("localhost", False, {LOOPBACK}),
        ("localhost", True, {LOOPBACK}),
        ("10.0.0.1", False, {PRIVATE}),
        ("169.254.169.254", False, set()),
        ("169.254.169.254", True, set()),
        ("::ffff:a9fe:a9fe", True, set()),
        ("100.100.100.200", True, set()),
    ],
)
def test_a_route_never_reaches_a_metadata_server(host: str, private: bool, reach: set[Kind]) -> None:
    assert reach_of(host, route_consent(host, private=private)) == reach


TEXTS = [
    "8.8.8.8",
    "2606:4700::1111",
    "10.0.0.1",
    "fd00::1",
    "127.0.0.1",
    "::1",
    "169.254.169.254",
    "fe80::1",
    "0.0.0.0",
]
MANY = st.lists(st.sampled_from(TEXTS) | st.ip_addresses().map(str), min_size=1)


@given(MANY, st.sets(st.sampled_from(Kind)))
def test_what_is_left_is_what_was_found_and_may_be_dialled(texts: list[str], kinds: set[Kind]) -> None:
    reach = Reach(kinds)
    may = [text for text in texts if kind_of(ip_address(text)) in kinds]
    try:
        left = admit(found(*texts), reach)
    except OutOfReach:
        assert not may
    else:
        assert [each[4][0] for each in left] == may


@given(
    MANY,
    st.booleans(),
    st.sets(st.sampled_from([f"http://[{text}]" if ":" in text else f"http://{text}" for text in TEXTS])),
)
def test_a_name_is_never_dialled_at_a_metadata_address(texts: list[str], private: bool, written: set[str]) -> None:
    """Whatever else the config says."""
    reach = reach_of("rebind.example.com", Consent.of(*written, private=private))
    assert not reach & {LINK, NEVER}
    assert private or reach == {PUBLIC}


@pytest.mark.parametrize(
    ("addresses", "reach", "why", "private"),
    [
        (["10.0.0.1"], {PUBLIC}, "the name resolves to a private address", True),
        (["127.0.0.1"], {PUBLIC}, "the name resolves to a loopback address", True),
        (["169.254.169.254", "127.0.0.1"], {PUBLIC}, "the name resolves to a loopback address", True),
        (["169.254.169.254"], NEAR, "link-local or metadata", False),
        (["0.0.0.0", "ff02::1"], NEAR, "no address that can be used", False),
        (["8.8.8.8"], {LOOPBACK}, "another machine", False),
        (["10.0.0.1"], {LOOPBACK}, "another machine", False),
    ],
)
def test_refusals_say_why_and_quote_no_address(addresses: list[str], reach: set[Kind], why: str, private: bool) -> None:
    with pytest.raises(OutOfReach, match=why) as caught:
        admit(found(*addresses), Reach(reach))
    assert ("`private: true`" in str(caught.value)) is private is caught.value.private
    assert not any(address in str(caught.value) for address in addresses)


def test_nothing_found_is_not_a_refusal() -> None:
    assert admit(found(), Reach({PUBLIC})) == []
