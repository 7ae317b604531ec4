"""How a call begins on the wire: request line, Host, what frames its body, what asks for another protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from proxy.config.model import Timeout
from proxy.http.origin import Origin
from proxy.wire.outbound.call import Call, Upload
from proxy.wire.outbound.head import encoded, host_lines


class Pieces:
    replayable = False

    def __init__(self, length: int | None) -> None:
        self.length = length

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        yield b"never asked for"


@pytest.mark.parametrize(
    ("body", "behind"),
    [
        (None, b"\r\n"),
        (b"", b"Content-Length: 0\r\n\r\n"),
        (b"hello", b"Content-Length: 5\r\n\r\nhello"),
        (Pieces(7), b"Content-Length: 7\r\n\r\n"),
        (Pieces(None), b"Transfer-Encoding: chunked\r\n\r\n"),
    ],
)
def test_a_body_is_framed_as_it_is(body: bytes | Upload | None, behind: bytes) -> None:
    origin = Origin(tls=False, host="api.test", port=8080)
    call = Call(origin, "POST", b"/a?b=c", (b"X-One: 1\r\n", b"", b"X-Two: 2\r\nX-Three: 3\r\n"), body, Timeout())
    assert encoded(call, host_lines(origin.host_header)) == (
        b"POST /a?b=c HTTP/1.1\r\nHost: api.test:8080\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n" + behind
    )


def test_an_upgrade_has_no_body() -> None:
    call = Call(Origin(tls=True, host="api.test", port=443), "GET", b"/", (), b"", Timeout())
    call.upgrade = b"websocket"
    head = encoded(call, host_lines(call.origin.host_header))
    assert head == b"GET / HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def test_names_go_out_as_idna_has_them() -> None:
    assert Origin(tls=True, host="bücher.example", port=443).host_header == b"xn--bcher-kva.example"
    with pytest.raises(UnicodeError):
        _ = Origin(tls=True, host="ü" * 100, port=443).host_header
