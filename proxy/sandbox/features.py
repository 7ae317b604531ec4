"""The small features of the API, the same under every style: each shows one thing that a proxy must not spoil.

Owns: one coroutine per path. Must not know: tokens beyond the one it was called with.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import WSMsgType, web
from multidict import CIMultiDict

from proxy.sandbox.exchange import (
    QUERY_TOKEN,
    Exchange,
    bad,
    masked_headers,
    masked_query,
    masked_raw_query,
    raw_headers,
    send,
    send_json,
    stream,
    whole,
)
from proxy.sandbox.tokens import Standing

SHOWN = 64 * 1024
"""Bytes of a body that echo repeats; of longer ones it tells length and digest only."""
PAGES = 3
FRAMING = frozenset(("content-length", "transfer-encoding"))
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 §5.1


async def echo(x: Exchange) -> web.StreamResponse:
    """What arrived, with credentials counted instead of shown."""
    request = x.request
    body = await _body(request)
    document = {
        "method": request.method,
        "path": request.raw_path.partition("?")[0],
        "query": masked_query(request),
        "raw_query": masked_raw_query(request),
        "headers": masked_headers(raw_headers(request), x.token.value),
        "body": body,
        "token": "good",
        "generation": x.token.generation,
    }
    return send_json(document)


async def _body(request: web.Request) -> dict[str, Any]:
    digest, length, start = hashlib.sha256(), 0, b""
    async for chunk in request.content.iter_any():
        digest.update(chunk)
        length += len(chunk)
        start += chunk[: SHOWN - len(start)]
    shown: dict[str, Any] = {"length": length, "sha256": digest.hexdigest()}
    if length <= SHOWN:
        shown.update(_readable(start))
    return shown


def _readable(raw: bytes) -> dict[str, str]:
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}


async def sse(x: Exchange) -> web.StreamResponse:
    """`events` events, `interval` seconds apart; with `hold=1` all but the first wait for the release."""
    events, interval = x.number("events", 5, 1_000_000), x.seconds("interval")

    async def chunks() -> AsyncIterator[bytes]:
        for count in range(1, events + 1):
            if count > 1 and interval:
                await asyncio.sleep(interval)
            if count == 2 and x.flag("hold"):
                await x.state.release.wait()
            yield event({"event": count, "of": events})

    return await stream(x.request, chunks(), SSE_HEADERS)


SSE_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}


def event(document: Any) -> bytes:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n".encode(errors="replace")


async def ws(x: Exchange) -> web.StreamResponse:
    """Text and binary come back as they went; `close=4001` closes with that code after the first message."""
    code = x.number("close", 0, 4999)
    socket = web.WebSocketResponse(protocols=("echo.v1",), timeout=1.0)
    await socket.prepare(x.request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        if code:
            await socket.close(code=code, message=b"as asked")
    return socket


async def status(x: Exchange) -> web.StreamResponse:
    code = whole("status", x.request.match_info["code"], 599)
    if code < 200:
        raise bad("status: 1xx is no final status")
    if code in (204, 304):
        return web.Response(status=code)
    return send_json({"status": code}, code)


async def redirect(x: Exchange) -> web.StreamResponse:
    """To `to`, or to the own echo by an absolute URL; `code` is 302 unless said otherwise."""
    code = x.number("code", 302, 399)
    if code not in (301, 302, 303, 307, 308):
        raise bad("code: expected 301, 302, 303, 307 or 308")
    target = x.request.query.get("to") or str(x.request.url.with_name("echo").with_query(None))
    return web.Response(status=code, headers={"Location": _printable(target)})


async def slow(x: Exchange) -> web.StreamResponse:
    """Silence for `seconds`, before the head or, with `part=body`, in the middle of the body."""
    pause = x.seconds("seconds", 1.0)
    if x.request.query.get("part") != "body":
        await asyncio.sleep(pause)
        return send_json({"slept": pause})

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"slept": '
        await asyncio.sleep(pause)
        yield b"%g}" % pause

    return await stream(x.request, chunks(), {"Content-Type": "application/json"})


async def hold(x: Exchange) -> web.StreamResponse:
    """No answer until the sandbox's `release` is set: a call in flight for as long as a test needs one."""
    await x.state.release.wait()
    return send_json({"held": True})


async def page(x: Exchange) -> web.StreamResponse:
    """Page `n` of three, linked by absolute URLs as GitHub's API does."""
    number = max(1, x.number("n", 1, PAGES))
    links = [f'<{x.request.url.with_query(n=str(PAGES))}>; rel="last"']
    if number < PAGES:
        links.insert(0, f'<{x.request.url.with_query(n=str(number + 1))}>; rel="next"')
    response = send_json({"page": number, "items": [f"item {number}.{count}" for count in range(1, 4)]})
    response.headers["Link"] = ", ".join(links)
    return response


async def forbidden(x: Exchange) -> web.StreamResponse:
    """Refuses although the token is good: a permission error that looks like expiry."""
    return send(x.style.refusal(Standing.UNKNOWN))


async def leak(x: Exchange) -> web.StreamResponse:
    """Repeats the live token in a header and in the body, as careless APIs do."""
    response = send_json({"you_sent": x.token.value})
    response.headers["X-You-Sent"] = x.token.value
    return response


async def reply_headers(x: Exchange) -> web.StreamResponse:
    """Answers with the headers that the query names."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in x.request.query.items():
        if name.lower() in FRAMING or not HEADER_NAME.fullmatch(name):
            raise bad(f"not a header that can be set: {name!r}")
        if name != QUERY_TOKEN:
            headers.add(name, _printable(value))
    headers.setdefault("Content-Type", "application/json")
    return web.Response(body=b'{"ok": true}', headers=headers)


def _printable(value: str) -> str:
    if not value.isprintable():
        raise bad("a header value cannot hold control characters")
    return value
