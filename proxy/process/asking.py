"""How a command asks a proxy that runs, over its runtime socket (runtime.py).

Owns: one request and its answer, with the descriptors that come along. Must not know: what is asked.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from proxy.errors import CODES, Code, Fault
from proxy.process.runtime import PIECE, may_ask, read_line

ANSWERED = 60.0
"""Seconds for an answer: a reload of ten thousand routes takes some, a process that hangs would take for ever."""
_MOST_DESCRIPTORS = 250  # of one message (SCM_MAX_FD of Linux is 253)


class Asked(NamedTuple):
    """What was answered; over `connection` it may go on, and whoever asked closes it."""

    document: dict[str, Any]
    descriptors: list[int]
    connection: socket.socket

    def __repr__(self) -> str:
        return f"<Asked, {len(self.descriptors)} descriptors>"


async def ask(path: Path, name: str, *names: str, patience: float = ANSWERED) -> dict[str, Any]:
    """Raises Fault if that is what was answered; OSError or ValueError if nothing is, within `patience` seconds."""
    asked = await begin(path, name, *names, patience=patience)
    asked.connection.close()
    for descriptor in asked.descriptors:
        os.close(descriptor)
    return asked.document


async def begin(path: Path, name: str, *names: str, patience: float = ANSWERED) -> Asked:
    """As `ask`; the connection stays."""
    loop = asyncio.get_running_loop()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        async with asyncio.timeout(patience):
            await loop.sock_connect(connection, str(path))
            _check_peer(connection)
            request = json.dumps({"ask": name, "names": names}).encode("utf-8") + b"\n"
            await loop.sock_sendall(connection, request)
            data, descriptors = await _receive_descriptors(connection)
            document = json.loads(data + (b"" if data.endswith(b"\n") else await read_line(connection)))
    except BaseException:
        connection.close()
        raise
    if "fault" in document:
        connection.close()
        raise _fault(document["fault"])
    return Asked(document["answer"], descriptors, connection)


async def _receive_descriptors(connection: socket.socket) -> tuple[bytes, list[int]]:
    """The first piece, and what came with it."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    data, descriptors, _, _ = socket.recv_fds(connection, PIECE, _MOST_DESCRIPTORS)
    if not data:
        raise ValueError("no answer")
    return data, descriptors


def _check_peer(connection: socket.socket) -> None:
    if not may_ask(connection):
        raise PermissionError("what answers there is another user's")


def _fault(problem: Mapping[str, Any]) -> Fault:
    code = problem.get("code")
    known: Code = cast("Code", code) if code in CODES else "bad_request"
    return Fault(known, str(problem.get("detail", "")), provider=problem.get("provider"))
