"""Requests of a program's own HTTP client, into the service and back: as they are, from any thread and any loop.

Owns: what goes over, an upload's pieces and a reply's among it. Must not know: whose client it is (transport.py,
adapter.py), or how to get to the service's loop (crossing.py).
"""

from __future__ import annotations

import asyncio
import io
import string
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from proxy.library.crossing import Crossing
from proxy.library.inside import BASE
from proxy.tasks import spawn

_LARGE = 1024 * 1024
NEVER_SENT = frozenset((b"host", b"connection", b"transfer-encoding", b"proxy-connection"))
"""Of a client's headers, what the connection says for itself."""


class BrokenOff(OSError):  # noqa: N818 -- it says what happened
    """The service has ended the exchange before it was whole."""


class Outgoing(NamedTuple):
    """`target` is a path with its query. `patience`: seconds for the head, and for each piece; None for any."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    patience: float | None = None

    def __repr__(self) -> str:
        return f"<Outgoing {self.method}>"  # targets and headers may hold secrets

    @property
    def framed(self) -> bool:
        """Does it say how long its body is?"""
        return any(name.lower() == b"content-length" for name, _ in self.headers)


class Incoming:
    """A reply whose head is there. `headers` are as they came, and its body is not decoded."""

    def __init__(self, reply: aiohttp.ClientResponse, patience: float | None) -> None:
        self._reply = reply
        self._loop = asyncio.get_running_loop()
        self._patience = patience
        self.status = reply.status
        self.reason = reply.reason or ""
        self.headers = list(reply.raw_headers)

    async def read(self) -> bytes:
        """The next piece, nothing at the end. Raises BrokenOff, TimeoutError."""
        try:
            async with asyncio.timeout(self._patience):
                return await self._reply.content.readany()
        except BaseException as error:  # broken, too late, cancelled
            self._reply.close()
            if isinstance(error, aiohttp.ClientError):
                raise BrokenOff(_words(error)) from None
            raise

    def leave(self) -> None:
        """No one will read on. From any thread; also when all of it has been closed already."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._reply.close)

    def __del__(self) -> None:
        """A reply that nobody read must not keep its connection."""
        self.leave()


class Upload:
    """A body that comes in pieces: as many wait as are needed to keep both sides busy, which is one."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue(1)
        self._is_over = False

    async def put(self, piece: bytes) -> bool:
        """False once nobody takes any more."""
        if not self._is_over:
            await self._pieces.put(piece)
        return not self._is_over

    def stop(self) -> None:
        """Nobody takes any more; who waits to put goes on."""
        self._is_over = True
        while not self._pieces.empty():
            self._pieces.get_nowait()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while piece := await self._pieces.get():
                yield piece
        finally:
            self.stop()


class Line:
    """Into one service, by way of the loop that it runs on."""

    def __init__(self, session: aiohttp.ClientSession, crossing: Crossing) -> None:
        """`session` decodes nothing."""
        self._session = session
        self.crossing = crossing

    async def ask(self, call: Outgoing, body: bytes | AsyncIterable[bytes]) -> Incoming:
        """For clients that await. Raises BrokenOff, TimeoutError, and whatever comes out of `body`."""
        across = self.crossing.across
        if isinstance(body, bytes):
            return await across(self._send(call, body))
        upload = Upload()

        async def send() -> Incoming:  # what is cancelled before it begins must not be there yet
            return await across(self._send(call, upload))

        sending = spawn(send(), "keyless upload")
        try:
            async for piece in body:
                if piece and not await across(_put(upload, piece, call.patience)):
                    break
            await across(_put(upload, b"", call.patience))
            return await sending
        except BaseException:
            sending.cancel()
            raise

    def ask_blocking(self, call: Outgoing, body: bytes | Iterable[bytes]) -> Incoming:
        """For those that don't. The body is read in the thread that calls."""
        run = self.crossing.run
        if isinstance(body, bytes):
            return run(self._send(call, body))
        upload = Upload()
        sending = self.crossing.start(self._send(call, upload))
        try:
            for piece in body:
                if piece and not run(_put(upload, piece, call.patience)):
                    break
            run(_put(upload, b"", call.patience))
            return sending.result()
        except BaseException:
            sending.cancel()
            raise

    async def _send(self, call: Outgoing, body: bytes | Upload) -> Incoming:
        headers = CIMultiDict((_text(name), _text(value)) for name, value in call.headers if _passes(name))
        stop: Callable[[], None] = body.stop if isinstance(body, Upload) else _nothing
        try:
            async with asyncio.timeout(call.patience):
                reply = await self._session.request(
                    call.method,
                    URL(BASE + quote(call.target, safe=string.punctuation), encoded=True),
                    headers=headers,
                    data=_whole(body) if isinstance(body, bytes) else body,
                    chunked=True if isinstance(body, Upload) and not call.framed else None,
                    skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                    allow_redirects=False,
                )
        except aiohttp.ClientError as error:
            stop()
            raise BrokenOff(_words(error)) from None
        except BaseException:
            stop()
            raise
        return Incoming(reply, call.patience)


async def _put(upload: Upload, piece: bytes, patience: float | None) -> bool:
    async with asyncio.timeout(patience):
        return await upload.put(piece)


def _whole(body: bytes) -> bytes | io.BytesIO | None:
    """aiohttp warns of what is large and in one piece."""
    return io.BytesIO(body) if len(body) > _LARGE else body or None


def _passes(name: bytes) -> bool:
    return name.lower() not in NEVER_SENT


def _text(field: bytes) -> str:
    """aiohttp writes UTF-8."""
    try:
        return field.decode("utf-8")
    except UnicodeDecodeError:
        return field.decode("latin-1")


def _words(error: aiohttp.ClientError) -> str:
    return str(error) or type(error).__name__


def _nothing() -> None:
    """For a body that is there."""
