"""One large body down or up on one connection, by plain sockets, and how long it took.

`python -m bench.clients.bulk down|up PORT PATH BYTES`.
"""

from __future__ import annotations

import json
import socket
import sys
import time

PIECE = 1 << 20
PATIENCE = 60.0


def down(sock: socket.socket, port: int, path: str, size: int) -> int:
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
    buffer = bytearray(PIECE)
    total = 0
    head = b""
    while b"\r\n\r\n" not in head:
        received = sock.recv(65536)
        if not received:
            raise ConnectionError("no reply")
        head += received
    total = len(head) - head.index(b"\r\n\r\n") - 4
    while total < size and (received_bytes := sock.recv_into(buffer)):
        total += received_bytes
    return total if head.startswith(b"HTTP/1.1 200") else 0


def up(sock: socket.socket, port: int, path: str, size: int) -> int:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    sock.sendall(head.encode())
    piece = bytes(PIECE)
    for _ in range(size // PIECE):
        sock.sendall(piece)
    return size if sock.recv(65536).startswith(b"HTTP/1.1 200") else 0


def main(direction: str, port: str, path: str, size: str) -> None:
    with socket.create_connection(("127.0.0.1", int(port)), PATIENCE) as sock:
        begun = time.perf_counter()
        moved = (down if direction == "down" else up)(sock, int(port), path, int(size))
        seconds = time.perf_counter() - begun
    if moved < int(size):
        raise SystemExit(f"only {moved} of {size} bytes got through")
    print("REPORT " + json.dumps({"seconds": seconds, "mib_s": int(size) / seconds / (1 << 20)}))


if __name__ == "__main__":
    main(*sys.argv[1:5])
