"""So many requests, no more and no less: all connections ask, then all read, then again.

`python -m bench.clients.lockstep PORT PATH HEADERS CONNECTIONS ROUNDS`, the headers as JSON. What is in front of
it finds the same work in each run, however the machine's time is shared out.
"""

from __future__ import annotations

import json
import socket
import sys
from contextlib import ExitStack

from bench.clients.pulse import request_for

PATIENCE = 60.0
END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Asking:
    """One connection. Replies say their length."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)

    def ask(self, request: bytes) -> None:
        self.sock.sendall(request)

    def good(self) -> bool:
        """Was it answered with a 200? Raises OSError."""
        head, body = self._head()
        rest = int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0]) - len(body)
        while rest > 0:
            rest -= len(self._more())
        return head.startswith(b"HTTP/1.1 200")

    def _head(self) -> tuple[bytes, bytes]:
        received = b""
        while END not in received:
            received += self._more()
        head, _, body = received.partition(END)
        return head + END, body

    def _more(self) -> bytes:
        received = self.sock.recv(65536)
        if not received:
            raise ConnectionError("the connection was closed")
        return received


def main(port: str, path: str, headers: str, connections: str, rounds: str) -> None:
    request = request_for(port, path, json.loads(headers))
    good = 0
    with ExitStack() as stack:
        asking = [Asking(int(port)) for _ in range(int(connections))]
        for one in asking:
            stack.enter_context(one.sock)
        for _ in range(int(rounds)):
            for one in asking:
                one.ask(request)
            good += sum(one.good() for one in asking)
    print("REPORT " + json.dumps({"requests": len(asking) * int(rounds), "good": good}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:6])
