"""TLS as bytes in and bytes out: what one end sends is given to the other, however it is cut."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.outbound.dial import tls_context
from proxy.wire.records import Records
from tests.certificates import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def pair(authority: Authority, *, name: str = "api.test") -> tuple[Records, Records]:
    """A client and a server, whose handshake is to come."""
    client = Records(tls_context(authority.pem), name=name, accepting=False)
    return client, Records(authority.server("api.test"), name=None, accepting=True)


def opened(authority: Authority, piece: int = 1 << 20) -> tuple[Records, Records]:
    client, server = pair(authority)
    over = {id(client): client.shake_hands(), id(server): False}
    while not all(over.values()):
        for one, other in ((client, server), (server, client)):
            data = one.to_send()
            for at in range(0, len(data), piece):
                other.receive(data[at : at + piece])
                over[id(other)] = over[id(other)] or other.shake_hands()
    client.receive(server.to_send())  # tickets, which say nothing
    assert client.decrypted() == b""
    return client, server


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_a_handshake_is_over_when_both_know_enough(authority: Authority, piece: int) -> None:
    client, server = opened(authority, piece)
    assert client.seen.version() == server.seen.version() == "TLSv1.3"


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(1, 40_000), max_size=4))
def test_many_records_come_out_as_one_piece(authority: Authority, sizes: list[int]) -> None:
    client, server = opened(authority)
    for size in sizes:
        client.encrypt(b"x" * size)
    server.receive(client.to_send())
    assert server.decrypted() == b"x" * sum(sizes)
    assert not server.ended
    assert server.error is None


def test_a_goodbye_is_said_once_and_stands_behind_what_came(authority: Authority) -> None:
    client, server = opened(authority)
    client.encrypt(b"last")
    client.say_goodbye()
    server.receive(client.to_send())
    client.say_goodbye()
    assert client.to_send() == b""
    assert (server.decrypted(), server.ended, server.error) == (b"last", True, None)


def test_what_came_before_garbage_is_there_beside_the_error(authority: Authority) -> None:
    client, server = opened(authority)
    client.encrypt(b"good")
    server.receive(client.to_send() + b"garbage, and no record")
    assert server.decrypted() == b"good"
    assert isinstance(server.error, ssl.SSLError)
    assert server.to_send()  # the alert that says why


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    client, server = pair(authority, name="other.test")
    client.shake_hands()
    server.receive(client.to_send())
    server.shake_hands()
    client.receive(server.to_send())
    with pytest.raises(ssl.SSLCertVerificationError):
        client.shake_hands()


def test_a_name_that_tls_cannot_carry_is_an_error_before_anything_is_sent(authority: Authority) -> None:
    with pytest.raises(UnicodeError):
        pair(authority, name="a" * 64 + ".test")
