"""A worker's post: what its supervisor tells it, over the socket that ties their lives together.

Owns: the words between the two. Must not know: processes, what a worker serves.

The config goes over as the supervisor has loaded it, and again when it has changed: all workers, restarted ones too,
run the same one, and what `${...}` stands for is fetched once. Secrets pass through this socket only, never through
arguments or the environment.
"""

from __future__ import annotations

import asyncio
import io
import pickle
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from proxy.config.loaded import Loaded
from proxy.process.reloading.changes import Changes, joined
from proxy.serve.sessions import Session
from proxy.values.record import record

READY = b"\x01"
_LENGTH = struct.Struct("!Q")
_PIECE = 64 * 1024


@record
class WorkerPost:
    """`inherited` are the descriptors of sockets that listen already, by address: unix sockets, which can't be bound
    once per process, and those that systemd has made.
    """

    number: int
    count: int
    private: Path
    loaded: Loaded = field(repr=False)
    inherited: Mapping[str, Sequence[int]] = field(default_factory=dict)
    sessions: Sequence[Session] = ()

    def to_bytes(self) -> bytes:
        return framed(self)


class Lifeline:
    """The worker's end. The other one closes when the supervisor ends, whatever ended it."""

    def __init__(self, descriptor: int) -> None:
        """Raises OSError if that is no socket."""
        self._socket = socket.socket(fileno=descriptor)
        self._news: asyncio.Queue[bytes] = asyncio.Queue()

    def post(self) -> WorkerPost:
        """Waits for it. Raises OSError, or EOFError if the supervisor is gone."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        post = pickle.loads(self._read(length))  # noqa: S301 -- a socket pair that the parent made
        assert isinstance(post, WorkerPost)  # noqa: S101 -- for the type checker
        return post

    def _read(self, size: int) -> bytes:
        read = bytearray()
        while len(read) < size:
            more = self._socket.recv(size - len(read))
            if not more:
                raise EOFError("the supervisor is gone")
            read += more
        return bytes(read)

    def ready(self, lost: Callable[[], None]) -> None:
        """Say that this worker listens. `lost` is called when the supervisor has ended."""
        loop = asyncio.get_running_loop()
        buffer = bytearray()

        def readable() -> None:
            try:
                piece = self._socket.recv(_PIECE)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                loop.remove_reader(self._socket)
                lost()
            buffer.extend(piece)
            for content in _taken(buffer):
                self._news.put_nowait(content)

        self._socket.setblocking(False)
        loop.add_reader(self._socket, readable)
        try:
            self._socket.send(READY)
        except OSError:  # it has gone already, which the reader hears
            return

    async def news(self) -> tuple[Loaded, Changes]:
        """The next config, and whose secrets it has to write down as changed; of several that have come, the last and
        all of these. Unpacked in a thread: traffic does not wait for it.
        """
        contents = [await self._news.get()]
        while not self._news.empty():
            contents.append(self._news.get_nowait())
        return await asyncio.to_thread(_unpacked, contents)

    def close(self) -> None:
        self._socket.close()


def framed(*parts: object) -> bytes:
    """A post alone; or whose secrets are others, and the config."""
    content = b"".join(map(pickle.dumps, parts))
    return _LENGTH.pack(len(content)) + content


def _unpacked(contents: Iterable[bytes]) -> tuple[Loaded, Changes]:
    """What came over a socket pair that the parent made. Configs that another has overtaken stay packed."""
    secrets: Changes = {}
    for content in contents:
        stream = io.BytesIO(content)
        secrets = joined(secrets, pickle.load(stream))  # noqa: S301
    loaded = pickle.load(stream)  # noqa: S301
    assert isinstance(loaded, Loaded)  # noqa: S101 -- for the type checker
    return loaded, secrets


def _taken(buffer: bytearray) -> Iterator[bytes]:
    """What has come in whole."""
    while len(buffer) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(buffer)
        end = _LENGTH.size + length
        if len(buffer) < end:
            return
        yield bytes(buffer[_LENGTH.size : end])
        del buffer[:end]
