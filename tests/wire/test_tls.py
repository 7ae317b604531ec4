"""TLS as a transport: two ends in memory, record by record. How it ends, and that nothing that came is lost."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from proxy.wire.outbound.dial import tls_context
from proxy.wire.socket import Cut
from proxy.wire.tls import Tls
from tests.certificates import Authority

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


class Line:
    """The plain transport of one end; what is written waits until it is moved to the other."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.ended = self.closed = self.aborted = self.paused = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def set_protocol(self, protocol: object) -> None:
        assert self.paused  # a loop goes on as before else

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return len(self.sent)

    def get_extra_info(self, name: str) -> Any:
        return name


class End:
    """A connection of one side, and what it was told."""

    def __init__(self, context: ssl.SSLContext, *, name: str | None = None, keeps: bool = False) -> None:
        self.keeps = keeps
        self.got = b""
        self.told: list[object] = []
        self.line = Line()
        self.tls = Tls(self, context, self.told.append, name=name, accepting=name is None)

    def connection_made(self, transport: object) -> None:
        assert transport is self.tls
        self.told.append("made")

    def data_received(self, data: bytes) -> None:
        assert data
        self.got += data

    def eof_received(self) -> bool:
        self.told.append("eof")
        return self.keeps

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append(("lost", exc and type(exc)))

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


class Pair:
    """A client and a server over one line."""

    def __init__(self, authority: Authority, *, keeps: bool = False, version: str = "TLSv1_3") -> None:
        server = authority.server("api.test")
        server.maximum_version = server.minimum_version = ssl.TLSVersion[version]
        self.client = End(tls_context(authority.pem), name="api.test", keeps=keeps)
        self.server = End(server, keeps=keeps)
        for end in (self.server, self.client):
            end.tls.connection_made(end.line)  # type: ignore[arg-type]
        self.move()

    def move(self, piece: int = MIB) -> None:
        """All that was sent, this much at a time."""
        while self.client.line.sent or self.server.line.sent:
            for one, other in ((self.client, self.server), (self.server, self.client)):
                data, one.line.sent = one.line.sent, bytearray()
                for at in range(0, len(data), piece):
                    other.tls.data_received(bytes(data[at : at + piece]))


VERSIONS = pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])


@VERSIONS
@pytest.mark.parametrize("piece", [7, 4096, MIB])
def test_bytes_arrive_in_order_however_they_are_cut(authority: Authority, piece: int, version: str) -> None:
    pair = Pair(authority, version=version)
    assert pair.client.told == pair.server.told == ["made", None]
    data = bytes(range(256)) * (4 if piece == 7 else 1000)
    pair.client.tls.write(data)
    pair.client.tls.write(b"")
    pair.server.tls.write(data[::-1])
    pair.move(piece)
    assert (pair.server.got, pair.client.got) == (data, data[::-1])


def test_nothing_is_kept_back_from_a_reader_that_is_paused(authority: Authority) -> None:
    """The plain transport is paused instead; what it still delivers is handed on."""
    pair = Pair(authority)
    pair.client.tls.pause_reading()
    assert pair.client.line.paused
    pair.server.tls.write(bytes(MIB))
    pair.move()
    pair.client.tls.resume_reading()
    assert not pair.client.line.paused
    assert pair.client.got == bytes(MIB)


@VERSIONS
def test_a_close_notify_is_a_whole_end(authority: Authority, version: str) -> None:
    pair = Pair(authority, version=version)
    pair.server.tls.write(b"the tail")
    pair.server.tls.close()
    assert pair.server.line.closed
    assert pair.server.tls.is_closing()
    pair.move()
    assert (pair.client.got, pair.client.told[2:]) == (b"the tail", ["eof"])
    assert pair.client.line.closed
    pair.client.tls.eof_received()
    pair.client.tls.connection_lost(None)
    assert pair.client.told[2:] == ["eof", ("lost", None)]


@VERSIONS
def test_an_end_of_tcp_alone_is_a_cut(authority: Authority, version: str) -> None:
    pair = Pair(authority, version=version)
    pair.server.tls.write(b"the tail")
    pair.move()
    assert not pair.client.tls.eof_received()
    assert pair.client.line.aborted
    pair.client.tls.connection_lost(None)
    assert (pair.client.got, pair.client.told[2:]) == (b"the tail", [("lost", Cut)])


def test_a_reset_is_told_as_it_is(authority: Authority) -> None:
    pair = Pair(authority)
    pair.client.tls.connection_lost(ConnectionResetError())
    assert pair.client.told[2:] == [("lost", ConnectionResetError)]
    pair.client.tls.write(b"nobody is there")
    assert pair.client.tls.is_closing()
    assert pair.client.tls.get_write_buffer_size() == 0


@VERSIONS
def test_each_direction_may_end_for_itself(authority: Authority, version: str) -> None:
    """As a client does that has asked all it wants to ask."""
    pair = Pair(authority, keeps=True, version=version)
    pair.client.tls.write(b"the only question")
    pair.client.tls.write_eof()
    assert pair.client.line.ended
    assert not pair.client.tls.is_closing()
    pair.client.tls.write(b"nothing may follow")
    pair.move()
    assert (pair.server.got, pair.server.told[2:]) == (b"the only question", ["eof"])
    assert pair.server.tls.eof_received(), "the other direction is still in use"
    if version == "TLSv1_3":  # before, a close_notify was answered at once (RFC 8446 §6.1)
        pair.server.tls.write(b"the answer")
    pair.server.tls.close()
    pair.move()
    assert pair.client.told[2:] == ["eof"]
    assert pair.client.got == (b"the answer" if version == "TLSv1_3" else b"")


def test_garbage_ends_it_and_what_came_before_is_delivered(authority: Authority) -> None:
    pair = Pair(authority)
    pair.server.tls.write(b"good")
    pair.client.tls.data_received(bytes(pair.server.line.sent) + b"\x17\x03\x03\x00\x05junk!")
    assert (pair.client.got, pair.client.line.aborted) == (b"good", True)
    pair.client.tls.connection_lost(None)
    assert pair.client.told[2:] == [("lost", ssl.SSLError)]


def test_a_handshake_that_fails_is_told_once_and_says_why_to_the_other_side(authority: Authority) -> None:
    client = End(tls_context(authority.pem), name="other.test")
    server = End(authority.server("api.test"))
    for end in (server, client):
        end.tls.connection_made(end.line)  # type: ignore[arg-type]
    for one, other in ((client, server), (server, client), (client, server)):
        data, one.line.sent = one.line.sent, bytearray()
        other.tls.data_received(bytes(data))
    (error,) = client.told
    assert isinstance(error, ssl.SSLCertVerificationError)
    assert client.line.closed
    client.tls.connection_lost(None)
    assert len(client.told) == 1
    assert server.told[0] == "made" or isinstance(server.told[0], ssl.SSLError)


@pytest.mark.parametrize("end", ["eof", "lost", "reset"])
def test_a_handshake_that_the_other_side_leaves(authority: Authority, end: str) -> None:
    client = End(tls_context(authority.pem), name="api.test")
    client.tls.connection_made(client.line)  # type: ignore[arg-type]
    if end == "eof":
        assert not client.tls.eof_received()
    client.tls.connection_lost(BrokenPipeError() if end == "reset" else None)
    (error,) = client.told
    assert type(error) is (BrokenPipeError if end == "reset" else ConnectionResetError)


def test_backpressure_goes_through(authority: Authority) -> None:
    pair = Pair(authority)
    pair.client.tls.pause_writing()
    pair.client.tls.resume_writing()
    assert pair.client.told[2:] == ["pause", "resume"]
    assert pair.client.tls.get_extra_info("peername") == "peername"
    assert isinstance(pair.client.tls.get_extra_info("ssl_object"), ssl.SSLObject)
