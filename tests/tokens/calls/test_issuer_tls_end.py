"""An issuer that ends the connection without close_notify, right after its reply, while we are behind: nothing is lost.

The session is looked at from inside: from outside, whether the reader is behind is a matter of luck.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import uvloop

from proxy.tokens.calls.caller import Caller
from proxy.tokens.calls.terms import MAX_REPLY, Terms
from tests.tokens.calls.issuers import certificate

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
BODY = b"x" * (MAX_REPLY - 1)
LONG = 5.0


def serve_one(listening: socket.socket, context: ssl.SSLContext, head: bytes) -> None:
    plain, _ = listening.accept()
    with context.wrap_socket(plain, server_side=True) as peer:
        peer.recv(65536)
        peer.sendall(head + BODY)
        bare = socket.socket(fileno=peer.detach())
    with bare:
        bare.shutdown(socket.SHUT_WR)
        bare.settimeout(LONG)
        while bare.recv(65536):
            pass


async def read_late(pem: Path, listening: socket.socket) -> int:
    """The length of the body for a reader who comes when the loop has seen the end of the connection."""
    url = f"https://127.0.0.1:{listening.getsockname()[1]}/token"
    terms = Terms({}, lambda _: False, lambda: ssl.create_default_context(cafile=str(pem)))
    async with aclosing(Caller(terms)) as caller, caller._open(None).post(url, data=b"a=b") as reply:
        await asyncio.wait_for(reply.content.wait_eof(), LONG)
        return len(await reply.content.read())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("framing", [f"Content-Length: {len(BODY)}", "Connection: close"])
def test_the_tail_is_read(loop: str, framing: str, tmp_path: Path) -> None:
    context, pem = certificate(tmp_path)
    head = f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as listening, asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        threading.Thread(target=serve_one, args=(listening, context, head), daemon=True).start()
        assert runner.run(read_late(pem, listening)) == len(BODY)
