"""Keyless inside a program: requests and tokens through a config, with no proxy running beside it.

    async with Keyless("config.yaml") as keyless:              with Keyless("config.yaml") as keyless:
        reply = await keyless.request("GET", "/crm/me")            reply = keyless.request("GET", "/crm/me")
        print(await reply.json())                                  print(reply.json())

Owns: this face, and whose config it is. Must not know: rules, how a request gets into the service (inside.py).
"""

from __future__ import annotations

import asyncio
import os
import string
import threading
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeGuard
from urllib.parse import quote
from weakref import WeakSet

import aiohttp
from yarl import URL

from proxy import clock
from proxy.app import Service
from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.config.model import Browser, Log
from proxy.config.place import usual
from proxy.errors import CODES, Code, Fault, KeylessError
from proxy.library.blocking import Blocking
from proxy.library.crossing import Crossing, closed
from proxy.library.inside import BASE, inside, undecoded
from proxy.library.line import Line
from proxy.library.reply import Reply, broken
from proxy.library.transport import Transport
from proxy.logs import setup
from proxy.process.reloading.reload import Reloader
from proxy.tokens.handout import hand_out


class Keyless:
    """A config in service for this program. The routes' names, client keys and pages don't count in here."""

    def __init__(self, config: str | Path | None = None) -> None:
        """Unsaid, it is the file that commands take (config/place.py). Raises ConfigError with every problem of it."""
        self._began = time.time()
        self._read = load(usual(os.environ) if config is None else Path(config))
        self._loaded = _own(self._read)
        self._stack = AsyncExitStack()
        self._service: Service | None = None
        self._session: aiohttp.ClientSession | None = None
        self._line: Line | None = None
        self._blocking: Blocking | None = None
        self._opening = threading.Lock()
        self._open: WeakSet[Reply] = WeakSet()

    async def __aenter__(self) -> Self:
        if not setup.is_configured():  # a program that logs its own way keeps it
            setup.configure(Log(level="warning", format=self._loaded.config.log.format))
        async with AsyncExitStack() as stack:
            self._service = await stack.enter_async_context(Service(self._loaded))
            self._session = await stack.enter_async_context(inside(self._service))
            raw = await stack.enter_async_context(undecoded(self._session))
            replace_in = self._service.replace
            await stack.enter_async_context(
                Reloader(self._read, lambda fresh, secrets: replace_in(_own(fresh), secrets), since=self._began)
            )
            self._stack = stack.pop_all()
        self._line = Line(raw, Crossing(asyncio.get_running_loop()))
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._service = self._session = self._line = None
        for opened in list(self._open):  # what nobody read to its end; later there is no loop to close it in
            opened.close()
        await self._stack.aclose()

    def open(self) -> Blocking:
        """For programs that don't await, and notebooks, whatever loop runs there: open until its `close`. A cell that
        runs again gets what it has opened. Raises RuntimeError within `async with`.
        """
        with self._opening:
            if self._blocking is None or self._blocking.closed:
                if self._service is not None:
                    raise RuntimeError("it is open already, in its `async with` block, where calls are awaited")
                self._blocking = Blocking(self)
            return self._blocking

    def __enter__(self) -> Blocking:
        return self.open()

    def __exit__(self, *exc: object) -> None:
        if self._blocking is not None:
            self._blocking.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
    ) -> Reply:
        """Send one request to a route and return the API's reply, whatever its status.

        `path` is what a client would ask the proxy for, or a link of a reply; `data` is bytes, a form's fields, or
        something to stream. Redirects are not followed. Raises Fault where the proxy would answer an error of its own.
        """
        if self._session is None:
            raise closed()
        try:
            reply = await self._session.request(
                method.upper(),
                URL(BASE + _target(path), encoded=True),
                params=params,
                headers=headers,
                json=json,
                data=data,
                allow_redirects=False,
            )
        except aiohttp.ClientError as error:
            raise broken(error) from None
        code = reply.headers.get("X-Keyless-Error")
        if code is not None and _is_code(code):
            raise _fault(code, await reply.json(content_type=None) or {})
        opened = Reply(reply, asyncio.get_running_loop())
        self._open.add(opened)
        return opened

    def transport(self) -> Any:
        """For a client of httpx, with or without await: `httpx.Client(transport=keyless.transport())`. It leads to
        `http://keyless/ROUTE`; an answer of the proxy's own is a reply there, not a Fault.
        """
        return Transport(self._opened)

    def adapter(self, max_retries: Any = 0) -> Any:
        """For requests: `session.mount("http://keyless/", keyless.adapter())`. As `transport`. `max_retries` is
        what its HTTPAdapter takes: a number, or urllib3's Retry. Raises KeylessError.
        """
        try:
            from proxy.library.adapter import Adapter  # noqa: PLC0415 -- an extra, and a quarter of a second
        except ImportError as error:
            raise KeylessError(f"needs requests: pip install 'keyless[requests]' ({error})") from None
        return Adapter(self._opened, max_retries)

    def _opened(self) -> Line:
        if self._line is None:
            raise closed()
        return self._line

    async def token(self, provider: str) -> str:
        """A provider's credential, for a program that must speak to the API by itself. It lives on for a minute, or
        half its life if that is shorter. Raises Fault.
        """
        if self._service is None:
            raise closed()
        service = self._service
        return (await hand_out(service.plan, service.cells, clock.now, provider)).access_token


def _own(loaded: Loaded) -> Loaded:
    """Who has the config in hand needs no key to it, and writes log lines as it sees fit."""
    log = loaded.config.log.model_copy(update={"access": False})
    unshaped = replace(loaded, presets={})  # errors are read here, not by an API's SDK
    return unshaped.with_config(clients=[], browser=Browser(), log=log)


def _is_code(word: str) -> TypeGuard[Code]:
    return word in CODES


def _target(path: str) -> str:
    """As it goes out: what can't stand in a request line is quoted, the rest stays as written."""
    target = path.removeprefix(BASE).partition("#")[0]
    if not target.startswith("/"):
        raise Fault("path_refused", "expected the path of a route, such as /crm/contacts")
    return quote(target, safe=string.punctuation)


def _fault(code: Code, problem: dict[str, Any]) -> Fault:
    """The answer of the proxy's own, as what it was before it became one. That to a HEAD has no document."""
    detail, retry_after = problem.get("detail", CODES[code].title), problem.get("retry_after")
    return Fault(code, detail, provider=problem.get("provider"), retry_after=retry_after)
