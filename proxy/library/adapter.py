"""For requests: an adapter to be mounted.

    session.mount("http://keyless/", keyless.adapter(max_retries=3))

Owns: requests' words for replies and what goes wrong, and what is sent again. Must not know: how they get into the
service (line.py).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import DEFAULT_RETRIES, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse, Retry
from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError, ReadTimeoutError

from proxy.library.inside import BASE
from proxy.library.line import BrokenOff, Incoming, Line, Outgoing

_PIECE = 64 * 1024
_ONCE = Retry(0, read=False)


class Adapter(HTTPAdapter):
    """Any number of sessions may mount it. Closing one leaves the service open."""

    def __init__(self, line: Callable[[], Line], max_retries: int | Retry = DEFAULT_RETRIES) -> None:
        """`line` raises RuntimeError where the service isn't open. `max_retries` is HTTPAdapter's."""
        super().__init__(max_retries=max_retries)
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
        rewind = _rewinding(request.body)
        retries = _ONCE if rewind is None else self.max_retries
        while True:
            try:
                raw = self._once(request, timeout)
            except (requests.ReadTimeout, requests.ConnectionError) as error:
                retries = _less(retries, request, error)
            else:
                left = _after(retries, request, raw)
                if left is None:
                    break
                retries = left
            if rewind is not None:
                rewind()
        response = self.build_response(request, raw)
        if not stream:
            response.content  # noqa: B018 -- reads it
        return response

    def _once(
        self, request: requests.PreparedRequest, timeout: float | tuple[float | None, float | None] | None
    ) -> HTTPResponse:
        line = self._line()
        try:
            return _raw(line.ask_blocking(_call(request, timeout), _body(request)), line, request)
        except TimeoutError:
            raise requests.ReadTimeout("the proxy did not answer in time", request=request) from None
        except BrokenOff as error:
            raise requests.ConnectionError(f"the exchange broke off: {error}", request=request) from None


def _less(retries: Retry, request: requests.PreparedRequest, error: requests.RequestException) -> Retry:
    """What is left to try after `error`, once it is time. Raises it, if nothing is."""
    said = ReadTimeoutError(None, None, "") if isinstance(error, requests.ReadTimeout) else ProtocolError()  # type: ignore[arg-type]  # of no pool
    try:
        left = retries.increment(request.method, request.url, error=said)
    except HTTPError:
        raise error from None
    left.sleep()
    return left


def _after(retries: Retry, request: requests.PreparedRequest, raw: HTTPResponse) -> Retry | None:
    """The same after a reply, which is over then; None where it is the answer. Raises RetryError."""
    has_time = "Retry-After" in raw.headers
    if not retries.is_retry(request.method or "", raw.status, has_time):
        return None
    try:
        left = retries.increment(request.method, request.url, response=raw)
    except MaxRetryError as error:
        if not retries.raise_on_status:
            return None
        raw.close()
        raise requests.exceptions.RetryError(error, request=request) from None
    raw.close()
    left.sleep(raw)
    return left


def _rewinding(body: Any) -> Callable[[], object] | None:
    """Makes a body ready to be sent once more; None for what comes out of a generator or a pipe."""
    if body is None or isinstance(body, str | bytes):
        return lambda: None
    try:
        begin, seek = body.tell(), body.seek
    except (AttributeError, OSError):
        return None
    return lambda: seek(begin)


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
