"""Talking to the proxy that runs with a config: by its runtime socket, which needs no key; or where there is none (it
is another user's, or in a container) by its `listen` and `admin` (docs/config.md#admin).
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import aiohttp
from yarl import URL

from proxy.admin.access.own_door import reachable, trust
from proxy.cli.kit.options import fail
from proxy.config.loaded import Loaded
from proxy.config.model import Config
from proxy.errors import CODES, Fault, KeylessError
from proxy.process import asking, runtime
from proxy.values.listen import Listener, parse

T = TypeVar("T")

TIMEOUT = 30.0


class UnansweredError(KeylessError):
    """No answer, or a refusal; the text says what to do."""


class Wanted(NamedTuple):
    """A request of the runtime socket, and the page below `admin.path` that means the same."""

    ask: str
    names: tuple[str, ...]
    method: str
    page: str


def ask_or_exit(config: Path, loaded: Loaded, wanted: Wanted) -> dict[str, Any]:
    """The answer; or why there's none on stderr, and exit code 1."""
    try:
        return asyncio.run(_ask(config, loaded, wanted))
    except UnansweredError as error:
        fail(str(error))


async def _ask(config: Path, loaded: Loaded, wanted: Wanted) -> dict[str, Any]:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await asking.ask(runtime.path_of(config, os.environ), wanted.ask, *wanted.names)
    except Fault as fault:
        raise UnansweredError(_said(fault.problem())) from None
    except (OSError, ValueError):  # TimeoutError, too
        return await ask(loaded, wanted.method, wanted.page)


def read_or_exit(read: Callable[[dict[str, Any]], T], document: dict[str, Any]) -> T:
    """What was answered, as the type that it is of; exit code 1 if it is none."""
    try:
        return read(document)
    except ValueError:
        fail("what answers is no Keyless, or of a release that this one doesn't know")


async def ask(loaded: Loaded, method: str, name: str) -> dict[str, Any]:
    """Raises UnansweredError. `name` stands in the URL as it is."""
    config = loaded.config
    listener = address(config)
    where = "http://localhost" if listener.path else listener.url
    try:
        status, document = await _exchange(
            loaded, listener, method, URL(f"{where}{config.admin.path}{name}", encoded=True)
        )
    except (aiohttp.ClientSSLError, ssl.SSLError):
        raise UnansweredError(f"what answers at {listener.url} does not show the certificate of tls.cert") from None
    except (aiohttp.ClientConnectionError, TimeoutError, OSError):
        raise UnansweredError(f"no proxy answers at {listener.url}; `keyless run` starts one") from None
    except (aiohttp.ClientError, ValueError):
        raise _foreign(listener) from None
    if status == 200 and isinstance(document, dict):
        return document
    code = document.get("code") if isinstance(document, dict) else None
    if code not in CODES:
        raise _foreign(listener)
    raise UnansweredError(_said(document))


def _said(problem: Mapping[str, Any]) -> str:
    return f"{problem['code']}: {problem.get('detail')}. {problem.get('hint')}"


def address(config: Config) -> Listener:
    """Where to find it: the first listener with an address of its own that lets us in. Raises UnansweredError."""
    required = config.tls is not None and config.tls.client_cert == "required"
    pages = [config.admin.listen] if config.admin.listen else config.listen
    listeners = [parse(written, config.tls is not None) for written in pages]
    listener = reachable(listeners, needs_certificate=required)
    if listener is not None:
        return listener
    if required:
        raise UnansweredError("tls.client_cert `required` keeps this command out; add a unix socket to `listen`")
    raise UnansweredError("the config listens on port 0, so that nobody can tell where its proxy is; give it a port")


async def _exchange(loaded: Loaded, listener: Listener, method: str, url: URL) -> tuple[int, Any]:
    config = loaded.config
    headers = {"Authorization": f"Bearer {config.admin.key}"} if config.admin.key else {}
    if config.browser.hosts:
        headers["Host"] = config.browser.hosts[0]  # the only ones that it answers to
    connector = aiohttp.UnixConnector(listener.path) if listener.path else aiohttp.TCPConnector(ssl=trust(loaded))
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
        session.request(method, url, headers=headers, allow_redirects=False) as reply,
    ):
        return reply.status, json.loads(await reply.read())


def _foreign(listener: Listener) -> UnansweredError:
    return UnansweredError(f"what answers at {listener.url} is no Keyless, or has another `admin.path`")
