"""A reply as a program reads it: its head, then its body as it comes.

Owns: this view of it. Must not know: how it was asked for (keyless.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Self

import aiohttp
from multidict import CIMultiDictProxy

from proxy.errors import Fault, KeylessError


class StatusError(KeylessError):
    """The API refused, or failed. `reply` can still be read. The text holds no query, in which a key may stand."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message)
        self.reply = reply
        self.status = reply.status


class Reply:
    """The head is there; the body comes as it's read. It is decoded if it came compressed."""

    def __init__(self, reply: aiohttp.ClientResponse, loop: asyncio.AbstractEventLoop) -> None:
        self._reply = reply
        self._loop = loop

    def __repr__(self) -> str:
        return f"<Reply {self.status}, attempts {self.attempts}>"

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        return self._reply.headers

    @property
    def attempts(self) -> int:
        """2 if the API refused the first token and the request was sent again with a newer one."""
        return int(self.headers.get("X-Keyless-Attempts", 1))

    def raise_for_status(self) -> Self:
        """Raises StatusError for a status from 400 on."""
        if self.status >= 400:
            asked = self._reply
            raise StatusError(f"{asked.method} {asked.url.path}: {asked.status} {asked.reason or ''}".rstrip(), self)
        return self

    async def read(self) -> bytes:
        """All of the body. Raises Fault if it breaks off."""
        try:
            return await self._reply.read()
        except aiohttp.ClientError as error:
            raise broken(error) from None

    async def text(self) -> str:
        """In the charset that the API names, else UTF-8."""
        await self.read()
        return await self._reply.text(errors="replace")

    async def json(self) -> Any:
        """Whatever the API calls it. Raises ValueError for what is no JSON."""
        await self.read()
        return await self._reply.json(content_type=None)

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece as it comes; leaving early closes the connection. Raises Fault if it breaks off."""
        try:
            async for piece in self._reply.content.iter_any():
                yield piece
        except aiohttp.ClientError as error:
            raise broken(error) from None
        finally:
            self._reply.close()

    def close(self) -> None:
        """No one will read on."""
        self._reply.close()

    def __del__(self) -> None:
        """A reply that nobody read must not keep its connection; and the thread may be another one than the loop's."""
        with suppress(RuntimeError):  # the loop has ended, and the connection with it
            self._loop.call_soon_threadsafe(self._reply.close)


def broken(error: aiohttp.ClientError) -> Fault:
    return Fault("upstream_protocol", f"the exchange broke off ({type(error).__name__})")
