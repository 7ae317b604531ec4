"""The only client that speaks to token endpoints, and asks this machine (local.py) where a login does.

Owns: the order of a login's steps. Must not know: what a reply means (schemes do), HTTP (caller.py).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from proxy import shortage
from proxy.auth.token import Consent, Flow, IssuerReply, IssuerRequest, Minted, Request
from proxy.errors import FailureClass, IssuerError
from proxy.logs.bugs import kind
from proxy.tokens.calls.local import Local
from proxy.tokens.calls.terms import CONNECT_TIMEOUT, TOTAL_TIMEOUT, Terms
from proxy.wire.outbound.dial import Resolve, public_context, resolve

if TYPE_CHECKING:
    from proxy.tokens.calls.caller import Caller

T = TypeVar("T")


class Issuer:
    """Runs logins. One per process; `async with` opens and closes its connections. For the rest see Terms."""

    def __init__(
        self,
        proxies: Mapping[str, str] | None = None,
        bypass: Callable[[str], bool] = lambda _host: False,
        tls: Callable[[], ssl.SSLContext] = public_context,
        *,
        folder: Path = Path(),
        connect_timeout: float = CONNECT_TIMEOUT,
        total_timeout: float = TOTAL_TIMEOUT,
        resolve: Resolve = resolve,
    ) -> None:
        self._terms = Terms(proxies or {}, bypass, tls, folder, connect_timeout, total_timeout, resolve)
        self._local = Local(folder)
        self._caller: Caller | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._caller is not None:
            await self._caller.aclose()
        self._local.close()

    async def login(self, flow: Flow) -> Minted:
        """Drive one login to its end. Raises IssuerError."""
        return await self.run(flow)

    async def run(self, steps: Generator[Request, IssuerReply, T]) -> T:
        """The same for any exchange with an issuer: discovery, a device's code, a revocation."""
        with closing(steps):
            try:
                request = next(steps)
                while True:
                    request = steps.send(await self._call(request))
            except StopIteration as end:
                result: T = end.value
                return result

    async def admit(self, url: str, consent: Consent) -> None:
        """Nothing is sent. Raises IssuerError for a URL that no request may go to."""
        await (self._caller or await self.ready()).admit(url, consent)

    async def _call(self, request: Request) -> IssuerReply:
        if not isinstance(request, IssuerRequest):
            return await self._local.answer(request)
        return await (self._caller or await self.ready()).call(request)

    async def ready(self) -> Caller:
        """Import what makes calls, in a thread: traffic goes on meanwhile. Raises IssuerError."""
        try:
            made = await asyncio.to_thread(import_module, "proxy.tokens.calls.caller")
        except (ImportError, OSError) as error:  # it is installed, so its files can't be opened
            invalidate_caches()  # that folders were found empty is remembered otherwise
            lack = shortage.of(error)
            if lack is None:
                raise IssuerError(FailureClass.PASSING, f"a part of Keyless can't be read: {kind(error)}") from None
            ours = shortage.tell(lack)
            raise IssuerError(FailureClass.PASSING, ours.detail, ours=ours) from None
        if self._caller is None:  # somebody else may have waited for it, too
            self._caller = made.Caller(self._terms)
        return self._caller
