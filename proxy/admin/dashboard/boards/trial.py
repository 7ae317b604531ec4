"""One request through the proxy's own listener, as any program would send it: with the key that was typed, or none.

Owns: that nothing of the operator's goes along, and that the answer is bounded. Must not know: pages, forms.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field
from typing import Any
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from proxy.admin.access.own_door import reachable, trust
from proxy.admin.view import View
from proxy.errors import CODES, Fault
from proxy.values.listen import Listener
from proxy.values.record import record
from proxy.version import __version__

LONGEST = 64 * 1024
"""Bytes of a body that are shown."""
_SAFE = "%/:?[]@!$&'()*+,;=~-._"
"""What of a path goes out as it was typed; no line can be broken."""
PATIENCE = 30.0
"""Seconds; of a stream that goes on, what came until then is shown."""


@record
class Trial:
    method: str
    target: str
    headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


@record
class Came:
    """What came back. `cut`: there was more of the body. `problem`: where it is the proxy's own answer."""

    status: int
    reason: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: str = field(repr=False)
    cut: bool
    seconds: float
    problem: dict[str, str] | None

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name), None)


async def send(trial: Trial, view: View) -> Came:
    """Raises Fault where it can't be sent."""
    if not trial.target.startswith("/") or trial.target.startswith(view.loaded.config.admin.path):
        raise Fault("path_refused", "the path begins with a slash, and is not one of the proxy's own pages")
    listener = _listener(view)
    connector = (
        aiohttp.UnixConnector(listener.path)
        if listener.path
        else aiohttp.TCPConnector(ssl=await asyncio.to_thread(trust, view.loaded))
    )
    where = "http://localhost" if listener.path else listener.url
    try:
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
            return await _exchanged(session, URL(where + quote(trial.target, safe=_SAFE), encoded=True), trial, view)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise Fault(
            "upstream_unreachable", f"the proxy's own listener gave no answer ({type(error).__name__})"
        ) from None


def _listener(view: View) -> Listener:
    tls = view.loaded.config.tls
    main = [door.listener for door in view.desk.doors() if door.route is None]
    found = reachable(main, needs_certificate=tls is not None and tls.client_cert == "required")
    if found is None:
        raise Fault("route_refused", "no listener of this proxy lets a program without a certificate in")
    return found


async def _exchanged(session: aiohttp.ClientSession, url: URL, trial: Trial, view: View) -> Came:
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE * 2):
        async with session.request(
            trial.method,
            url,
            headers=_headers(trial, view),
            data=trial.body.encode("utf-8") or None,
            allow_redirects=False,
            skip_auto_headers=("Accept-Encoding", "Content-Type"),
        ) as reply:
            body, cut = await _body(reply)
            seconds = time.monotonic() - began
            headers = [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in reply.raw_headers]
            return Came(reply.status, reply.reason or "", headers, _readable(body), cut, seconds, _problem(reply, body))


def _headers(trial: Trial, view: View) -> CIMultiDict[str]:
    headers = CIMultiDict({"User-Agent": f"keyless/{__version__}"})
    if view.loaded.config.browser.hosts:
        headers["Host"] = view.loaded.config.browser.hosts[0]  # the only ones that it answers to
    if trial.key:
        headers["Authorization"] = f"Bearer {trial.key}"
    for name, value in trial.headers:
        headers.add(name, value)
    return headers


async def _body(reply: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    read = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in reply.content.iter_any():
                read += piece
                if len(read) > LONGEST:
                    return bytes(read[:LONGEST]), True
    except TimeoutError:
        return bytes(read), True
    return bytes(read), False


def _readable(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _problem(reply: aiohttp.ClientResponse, body: bytes) -> dict[str, str] | None:
    """In whichever shape an API's SDKs read it."""
    code = reply.headers.get("X-Keyless-Error")
    if code not in CODES:
        return None
    document: Any = None
    with suppress(ValueError):
        document = json.loads(body)
    said = document if isinstance(document, dict) else {}
    meaning = CODES[code]
    return {
        "code": code,
        "title": meaning.title,
        "detail": str(said.get("detail", "")),
        "hint": str(said.get("hint", meaning.hint)),
    }
