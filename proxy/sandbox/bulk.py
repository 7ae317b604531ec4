"""Bodies too big to hold, and bodies that are broken.

Owns: upload, download and broken. Nothing here keeps more than a piece of a body in memory.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import AsyncIterator

from aiohttp import web

from proxy.sandbox.exchange import Exchange, bad, cut_short, hang_up, send, send_json, stream
from proxy.sandbox.reply import Reply

CYCLE = 251
"""The byte at offset n of every download is n % 251: prime, so that a shifted or repeated block shows."""
PIECE = CYCLE * 261
PATTERN = memoryview(bytes(range(CYCLE)) * 262)
MOST = 1 << 40


async def upload(x: Exchange) -> web.StreamResponse:
    digest, length = hashlib.sha256(), 0
    async for chunk in x.request.content.iter_any():
        digest.update(chunk)
        length += len(chunk)
    return send_json({"bytes": length, "sha256": digest.hexdigest(), "generation": x.token.generation})


async def download(x: Exchange) -> web.StreamResponse:
    """`bytes` bytes: chunked, or with `length=1` a Content-Length, or with `gzip=1` compressed. Knows Range."""
    size = x.number("bytes", 1024, MOST)
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
    if x.flag("gzip"):
        headers["Content-Encoding"] = "gzip"
        return await stream(x.request, _gzipped(_pieces(0, size)), headers)
    asked = span(x.request.headers.get("Range"), size)
    if asked is None:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, end = asked
    partial = "Range" in x.request.headers and end - first < size
    if partial:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    if partial or x.flag("length"):
        headers["Content-Length"] = str(end - first)
    return await stream(x.request, _pieces(first, end), headers, 206 if partial else 200)


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """First and end of the bytes asked for (RFC 9110 §14.2, one range); None if there are none such.

    A header that is no single byte range is ignored, as the RFC asks.
    """
    parsed = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header or "")
    if parsed is None or not any(parsed.groups()):
        return 0, size
    start, last = parsed.groups()
    if not start:
        first, end = max(0, size - int(last)), size
    else:
        first, end = int(start), min(size, int(last) + 1 if last else size)
    return (first, end) if first < end else None


async def _pieces(offset: int, end: int) -> AsyncIterator[bytes]:
    while offset < end:
        start = offset % CYCLE
        length = min(PIECE, end - offset)
        yield bytes(PATTERN[start : start + length])
        offset += length


async def _gzipped(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    squeeze = zlib.compressobj(level=1, wbits=31)
    async for piece in pieces:
        if packed := squeeze.compress(piece):
            yield packed
    yield squeeze.flush()


BROKEN: dict[str, Reply] = {
    "empty": Reply(200, b""),
    "html": Reply(200, b"<html><body>Bad gateway</body></html>", "text/html"),
    "json": Reply(200, b'{"error_code": '),
    "charset": Reply(200, b'{"text": "\xff\xfe"}', "application/json; charset=no-such-charset"),
    "gzip": Reply(200, b"\x1f\x8b this is not gzip", headers=(("Content-Encoding", "gzip"),)),
}


async def broken(x: Exchange) -> web.StreamResponse:
    """A reply with one fault: a kind of BROKEN, `cut` in the middle, `close` without a byte, or not `http`."""
    kind = x.request.match_info["kind"]
    if kind == "close":
        return hang_up(x.request)
    if kind == "cut":
        return await cut_short(x.request, Reply(200, b'{"text": "this ends too so'))
    if kind == "http" and x.request.transport is not None:
        x.request.transport.write(b"this is not HTTP\r\n\r\n")
        x.request.transport.close()
        return web.Response()
    if kind not in BROKEN:
        raise bad(f"broken: expected close, cut, http or one of {', '.join(BROKEN)}")
    return send(BROKEN[kind])
