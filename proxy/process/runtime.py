"""The unix socket by which the commands of the same user speak to a proxy that runs: status, expire, reload, takeover.

Owns: where it lies, who may connect, the words on it. Must not know: what is asked, what is answered, who asks
(asking.py).

One connection, one request: a line of JSON, `{"ask": NAME, "names": [...]}`; then one line with what is answered, or
the fault, and with descriptors where there are some to hand over. Whoever is let in may do anything: the folder is of
mode 0700, and the peer of the same user, or root.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from proxy.config.place import state_folder
from proxy.errors import Fault
from proxy.tasks import Tasks
from proxy.wire.unix_path import clear

BACKLOG = 16
LONGEST = 16 * 1024 * 1024
"""Bytes of a line: sealed tokens of ten thousand providers are some megabytes."""
PATIENCE = 10.0
"""Seconds for a request to come."""
PIECE = 65536
_PEER = struct.Struct("3i")


class Answer(NamedTuple):
    """`descriptors` stay open here. `then` goes on over the same connection, once this is sent."""

    document: dict[str, Any]
    descriptors: Sequence[int] = ()
    then: Callable[[socket.socket], Awaitable[None]] | None = None

    def __repr__(self) -> str:
        return "<Answer>"  # it may be tokens that are handed over


Ask = Callable[[Sequence[str]], Awaitable[Answer]]


def folder(environ: Mapping[str, str]) -> Path:
    """Of this user: gone with the session where the system has such a one, else the state folder."""
    if environ.get("XDG_RUNTIME_DIR"):
        return Path(environ["XDG_RUNTIME_DIR"]) / "keyless"
    return state_folder(environ)


def path_of(config: Path, environ: Mapping[str, str]) -> Path:
    """Named after the config's path, however it is written. A unix socket's path may have 107 bytes."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(config))).hexdigest()[:16]
    return folder(environ) / f"{name}.sock"


class Runtime:
    """`open` it, and it answers until it is closed."""

    def __init__(self, path: Path, answers: Mapping[str, Ask] = MappingProxyType({})) -> None:
        self._path = path
        self._answers = dict(answers)
        self._tasks = Tasks()
        self._door: socket.socket | None = None
        self._left = False

    def open(self) -> None:
        """Raises OSError; one with EADDRINUSE if another process answers there."""
        make_private(self._path.parent)
        clear(str(self._path))
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            door.setblocking(False)
            door.bind(str(self._path))
            door.listen(BACKLOG)
        except OSError:
            door.close()
            raise
        self._door = door
        self._tasks.spawn(self._accepting(door), "answer commands")

    def answer(self, *answers: Mapping[str, Ask]) -> None:
        """These requests, too."""
        for more in answers:
            self._answers |= more

    async def close(self) -> None:
        self.leave()
        await self._tasks.close()
        if self._door is not None:
            self._door.close()
            self._door = None

    def leave(self) -> None:
        """Let another process have the name. A second call does nothing."""
        if self._door is not None and not self._left:
            self._path.unlink(missing_ok=True)
        self._left = True

    async def _accepting(self, door: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(door)
            except OSError:  # out of descriptors, say
                await asyncio.sleep(1.0)
                continue
            self._tasks.spawn(self._serve(connection), "answer a command")

    async def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, TimeoutError, ValueError):
            connection.setblocking(False)
            if not may_ask(connection):
                return
            async with asyncio.timeout(PATIENCE):
                request = json.loads(await read_line(connection))
            answer = await self._answer(request)
            with suppress(OSError):  # whoever left meanwhile: `then` finds out, too
                await _send(connection, answer)
            if answer.then is not None:
                await answer.then(connection)

    async def _answer(self, request: Any) -> Answer:
        ask = self._answers.get(request.get("ask", "")) if isinstance(request, dict) else None
        if ask is None:
            return Answer({"fault": Fault("no_route", "this proxy does not know that request").problem()})
        try:
            answer = await ask(request.get("names", ()))
        except Fault as fault:
            return Answer({"fault": fault.problem()})
        return answer._replace(document={"answer": answer.document})


async def _send(connection: socket.socket, answer: Answer) -> None:
    data = json.dumps(answer.document).encode("utf-8") + b"\n"
    if answer.descriptors:
        # With the first byte: a socket that has just been accepted takes that much at once.
        socket.send_fds(connection, [data[:1]], list(answer.descriptors))
        data = data[1:]
    await asyncio.get_running_loop().sock_sendall(connection, data)


async def read_line(connection: socket.socket) -> bytes:
    """Raises OSError; ValueError if it is too long, or the other side ended before its end."""
    read = bytearray()
    while not read.endswith(b"\n"):
        piece = await asyncio.get_running_loop().sock_recv(connection, PIECE)
        read += piece
        if not piece or len(read) > LONGEST:
            raise ValueError("half a line")
    return bytes(read)


# ---------------------------------------------------------------------------------------------- who may


def make_private(path: Path) -> None:
    """A folder that is this user's alone. Raises OSError where it is there already and is not."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = path.stat()
    if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077:
        raise PermissionError(None, f"{path} must belong to this user alone; run: chmod 700 {path}")


def may_ask(connection: socket.socket) -> bool:
    """Where the system tells who the peer is; else the folder's mode is what keeps others out."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return uid in (os.geteuid(), 0)
