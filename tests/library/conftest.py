"""A service in this process, with one route to an API that a test plays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.library.blocking import Blocking
from proxy.library.keyless import Keyless
from tests.raw import Play, RawApi

TOKEN = "a-static-secret"


class Program:
    """Somebody's, with a config. `api` is behind the route `/a`."""

    def __init__(self, folder: Path, api: RawApi, stack: AsyncExitStack) -> None:
        self.api = api
        self.config = folder / "config.yaml"
        self._stack = stack

    def keyless(self) -> Keyless:
        return Keyless(self.config)

    async def opened(self) -> Blocking:
        """In a thread of its own; closed with the test."""
        blocking = await asyncio.to_thread(self.keyless().open)
        self._stack.push_async_callback(asyncio.to_thread, blocking.close)
        return blocking


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Made with what the API does: replies in order, or a play for each connection."""
    async with AsyncExitStack() as stack:

        async def made(*replies: bytes, play: Play | None = None, **route: Any) -> Program:
            api = RawApi.answering(*replies) if play is None else RawApi(play)
            await stack.enter_async_context(api)
            common = {"upstream": f"{api.url}/v1", "provider": "p"}
            config = {"routes": {"/a": common | route}, "providers": {"p": {"scheme": "static", "token": TOKEN}}}
            (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
            return Program(tmp_path, api, stack)

        yield made


def ok(body: bytes = b"ok", *lines: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
