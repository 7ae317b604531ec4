"""Keyless for programs that don't await: the calls of keyless.py, on a loop in a thread of its own.

Owns: the thread, and its end with the program. Must not know: what the calls do.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol, Self, TypedDict, TypeVar, Unpack

from multidict import CIMultiDictProxy

from proxy.library.crossing import Crossing
from proxy.library.reply import Reply

T = TypeVar("T")


class Options(TypedDict, total=False):
    """What a request may bring beside its method and path; Keyless.request tells what each of them is."""

    params: Mapping[str, Any] | None
    headers: Mapping[str, str] | None
    json: Any
    data: Any


class Awaiting(Protocol):
    """The calls that are awaited here: those of Keyless."""

    async def __aenter__(self) -> Any: ...

    async def __aexit__(self, *exc: object) -> Any: ...

    async def request(self, method: str, path: str, **options: Unpack[Options]) -> Reply: ...

    async def token(self, provider: str) -> str: ...

    def transport(self) -> Any: ...

    def adapter(self, max_retries: Any = 0) -> Any: ...


class BlockingReply:
    """A Reply for programs that don't await."""

    def __init__(self, reply: Reply, blocking: Blocking) -> None:
        self._reply = reply
        self._blocking = blocking

    def __repr__(self) -> str:
        return repr(self._reply)

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        return self._reply.headers

    @property
    def attempts(self) -> int:
        return self._reply.attempts

    def raise_for_status(self) -> Self:
        self._reply.raise_for_status()
        return self

    def read(self) -> bytes:
        return self._blocking.run(self._reply.read())

    def text(self) -> str:
        return self._blocking.run(self._reply.text())

    def json(self) -> Any:
        return self._blocking.run(self._reply.json())

    def __iter__(self) -> Iterator[bytes]:
        pieces = aiter(self._reply)
        try:
            while (piece := self._blocking.run(_next(pieces))) is not None:
                yield piece
        finally:
            with suppress(RuntimeError):  # all of it has been closed already
                self._blocking.run(pieces.aclose())

    def close(self) -> None:
        self._blocking.run(_close(self._reply))


class Blocking:
    """What `with Keyless(...)` and `Keyless(...).open()` give: the same calls without await. They run on a loop in a
    thread of its own, so any thread may make them, and any loop's. What nobody closes ends with the program.
    """

    def __init__(self, keyless: Awaiting) -> None:
        self._keyless = keyless
        self._loop = asyncio.new_event_loop()
        self._crossing = Crossing(self._loop)
        self._thread = threading.Thread(target=self._loop.run_forever, name="keyless", daemon=True)
        self._thread.start()
        try:
            self.run(keyless.__aenter__())
        except BaseException:
            self._stop()
            raise
        atexit.register(self.close)

    @property
    def closed(self) -> bool:
        return self._loop.is_closed()

    def open(self) -> Self:
        """Again, where a cell of a notebook does."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def request(self, method: str, path: str, **options: Unpack[Options]) -> BlockingReply:
        return BlockingReply(self.run(self._keyless.request(method, path, **options)), self)

    def token(self, provider: str) -> str:
        return self.run(self._keyless.token(provider))

    def transport(self) -> Any:
        return self._keyless.transport()

    def adapter(self, max_retries: Any = 0) -> Any:
        return self._keyless.adapter(max_retries)

    def close(self) -> None:
        atexit.unregister(self.close)
        if not self._loop.is_closed():
            try:
                self.run(self._keyless.__aexit__())
            finally:
                self._stop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """On the loop."""
        return self._crossing.run(work)

    def _stop(self) -> None:
        with suppress(RuntimeError):
            self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


async def _close(reply: Reply) -> None:
    reply.close()
