"""For httpx: a transport, for its clients that await and those that don't. Of httpx2 (OpenAI's SDK) as well.

Owns: httpx's words for requests, replies and what goes wrong. Must not know: how they get into the service (line.py).
Nothing is imported from httpx: whoever calls has it, and its classes are taken from where the request's is.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any, Self

from proxy.library.inside import BASE
from proxy.library.line import BrokenOff, Incoming, Line, Outgoing


class Transport:
    """`httpx.Client(transport=...)`, or `AsyncClient`; any number of them. Closing one leaves the service open."""

    def __init__(self, line: Callable[[], Line]) -> None:
        """`line` raises RuntimeError where the service isn't open."""
        self._line = line

    def handle_request(self, request: Any) -> Any:
        """Raises httpx's errors; the proxy's own are replies."""
        line, package = self._line(), _package(request)
        with _told(package, request):
            reply = line.ask_blocking(_call(request, package), _body(request, package))
        return _response(package, reply, line, request)

    async def handle_async_request(self, request: Any) -> Any:
        """As `handle_request`."""
        line, package = self._line(), _package(request)
        with _told(package, request):
            reply = await line.ask(_call(request, package), _body(request, package))
        return _response(package, reply, line, request)

    def close(self) -> None: ...

    async def aclose(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None: ...


def _package(request: Any) -> ModuleType:
    """httpx, or a package that took its place."""
    own = next(kind for kind in type(request).__mro__ if kind.__name__ == "Request")
    return sys.modules[own.__module__.partition(".")[0]]


def _call(request: Any, package: ModuleType) -> Outgoing:
    url = request.url
    if f"{url.scheme}://{url.netloc.decode('ascii')}" != BASE:
        raise package.UnsupportedProtocol(f"this transport leads to {BASE} and its routes, and nowhere else")
    patience = request.extensions.get("timeout", {}).get("read")
    return Outgoing(request.method, url.raw_path, request.headers.raw, patience)


def _body(request: Any, package: ModuleType) -> Any:
    """Bytes where they are there already, else what gives them. A request without framing has none, whatever its stream
    may be: after a redirect httpx leaves one there that is empty.
    """
    try:
        return request.content
    except package.RequestNotRead:
        framed = "Content-Length" in request.headers or "Transfer-Encoding" in request.headers
        return request.stream if framed else b""


def _response(package: ModuleType, reply: Incoming, line: Line, request: Any) -> Any:
    reason = reply.reason.encode("ascii", "ignore")
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": reason}
    stream = _stream_of(package)(reply, line, request)
    return package.Response(reply.status, headers=reply.headers, stream=stream, extensions=extensions)


@cache
def _stream_of(package: ModuleType) -> Callable[[Incoming, Line, Any], Any]:
    """The class of a reply's body: clients want it to be one of the package's own."""
    ours = (_Pieces, package.SyncByteStream, package.AsyncByteStream)
    stream: Callable[[Incoming, Line, Any], Any] = type("Stream", ours, {"package": package})
    return stream


class _Pieces:
    """A reply's body, as it comes."""

    package: ModuleType

    def __init__(self, reply: Incoming, line: Line, request: Any) -> None:
        self._reply = reply
        self._line = line
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        with _told(self.package, self._request):
            while piece := self._line.crossing.run(self._reply.read()):
                yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told(self.package, self._request):
            while piece := await self._line.crossing.across(self._reply.read()):
                yield piece

    def close(self) -> None:
        self._reply.leave()

    async def aclose(self) -> None:
        self._reply.leave()


@contextmanager
def _told(package: ModuleType, request: Any) -> Iterator[None]:
    """What goes wrong, in the package's own errors."""
    try:
        yield
    except TimeoutError:
        raise package.ReadTimeout("the proxy did not answer in time", request=request) from None
    except BrokenOff as error:
        raise package.RemoteProtocolError(f"the reply broke off: {error}", request=request) from None
