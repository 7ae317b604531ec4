"""Clients that ask for a large reply and, once it begins, don't read it.

`python -m bench.clients.unread PORT PATH CLIENTS SECONDS` prints READY when all replies have begun, then holds them.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from contextlib import ExitStack

PATIENCE = 30.0


def ask(port: int, path: str) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return sock


def has_begun(sock: socket.socket) -> bool:
    return sock.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 200"


def main(port: str, path: str, clients: str, seconds: str) -> None:
    with ExitStack() as held:
        asking = [held.enter_context(ask(int(port), path)) for _ in range(int(clients))]
        begun = sum(map(has_begun, asking))
        print("READY", flush=True)
        time.sleep(float(seconds))
    print("REPORT " + json.dumps({"begun": begun}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:5])
