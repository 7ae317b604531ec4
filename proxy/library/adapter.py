"""For requests: an adapter to be mounted.

    session.mount("http://keyless/", keyless.adapter())

Owns: requests' words for replies and what goes wrong. Must not know: how they get into the service (line.py).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from proxy.library.inside import BASE
from proxy.library.line import BrokenOff, Incoming, Line, Outgoing

_PIECE = 64 * 1024


class Adapter(HTTPAdapter):
    """Any number of sessions may mount it. Closing one leaves the service open."""

    def __init__(self, line: Callable[[], Line]) -> None:
        """`line` raises RuntimeError where the service isn't open."""
        super().__init__()
        self._line = line

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,  # noqa: ARG002 -- what is inside needs no TLS, and no proxy
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """Raises requests' errors; the proxy's own are replies."""
        line = self._line()
        try:
            reply = line.ask_blocking(_call(request, timeout), _body(request))
        except TimeoutError:
            raise requests.ReadTimeout("the proxy did not answer in time", request=request) from None
        except BrokenOff as error:
            raise requests.ConnectionError(f"the exchange broke off: {error}", request=request) from None
        response = self.build_response(request, _raw(reply, line, request))
        if not stream:
            response.content  # noqa: B018 -- reads it
        return response


def _call(request: requests.PreparedRequest, timeout: float | tuple[float | None, float | None] | None) -> Outgoing:
    url = request.url or ""
    if not url.startswith(f"{BASE}/"):
        raise requests.exceptions.InvalidURL(f"this adapter leads to {BASE} and its routes, and nowhere else")
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = [(_bytes(name), _bytes(value)) for name, value in request.headers.items()]
    patience = timeout[1] if isinstance(timeout, tuple) else timeout
    return Outgoing(request.method or "GET", target.encode("utf-8"), headers, patience)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _body(request: requests.PreparedRequest) -> bytes | Iterable[bytes]:
    """What requests made of `data`, `json` and `files`."""
    body: Any = request.body
    if body is None or isinstance(body, str | bytes):
        return _bytes(body or b"")
    return map(_bytes, _pieces(body) if hasattr(body, "read") else body)


def _pieces(file: Any) -> Iterator[str | bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _raw(reply: Incoming, line: Line, request: requests.PreparedRequest) -> HTTPResponse:
    headers = HTTPHeaderDict()
    for name, value in reply.headers:
        headers.add(name.decode("latin-1"), value.decode("latin-1"))
    return _Undecoded(
        body=_Body(reply, line),
        headers=headers,
        status=reply.status,
        version=11,
        reason=reply.reason,
        preload_content=False,
        request_method=request.method,
    )


class _Undecoded(HTTPResponse):
    """Gives what is there instead of waiting until so many bytes are."""

    def stream(self, amt: int | None = _PIECE, decode_content: bool | None = None) -> Generator[bytes, None, None]:
        while piece := self.read1(amt, decode_content):
            yield piece


class _Body(io.BufferedIOBase):
    """The body as it comes, as a file. What goes wrong is what a socket would raise, which urllib3 understands."""

    def __init__(self, reply: Incoming, line: Line) -> None:
        self._reply = reply
        self._line = line
        self._left = b""

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        """What is there, at most `size` bytes of it; nothing at the end."""
        piece = self._left or self._line.crossing.run(self._reply.read())
        size = len(piece) if size < 0 else size
        self._left = piece[size:]
        return piece[:size]

    def read(self, size: int | None = -1, /) -> bytes:
        out = bytearray()
        limit = -1 if size is None else size
        while (limit < 0 or len(out) < limit) and (piece := self.read1(limit - len(out) if limit >= 0 else -1)):
            out += piece
        return bytes(out)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._reply.leave()
