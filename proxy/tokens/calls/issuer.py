"""The only client that speaks to token endpoints, and asks this machine (local.py) where a login does.

Owns: the connections to issuers and the limits of one call (docs/lifecycle.md#the-issuer-call). Must not know: what a
reply means; schemes do. Nothing here logs, and no message here quotes a URL: its query may hold a secret.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from proxy.auth.token import Flow, IssuerReply, IssuerRequest, Minted, Request, Tls
from proxy.errors import FailureClass, IssuerError
from proxy.plan.reach import Reach
from proxy.tokens.calls.call_errors import LONGEST_FIELD, LONGEST_HEAD, MOST_FIELDS, BrokeOff, explained, late, too_long
from proxy.tokens.calls.local import Local
from proxy.tokens.calls.resolver import ReachResolver, literal_in_reach
from proxy.values.listen import is_loopback
from proxy.version import __version__
from proxy.wire.outbound.dial import Resolve, resolve, tls_context

CONNECT_TIMEOUT = 5.0
TOTAL_TIMEOUT = 15.0
MAX_REPLY = 1024 * 1024

T = TypeVar("T")

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": f"keyless/{__version__}"}


class Issuer:
    """Runs logins over HTTP. One per process; `async with` opens and closes its connections.

    `proxies` maps `https` to the URL of an outbound proxy; `bypass` says for which hosts none is used (NO_PROXY).
    `folder` is where the files of a request's `tls` are looked for: the config's.
    """

    def __init__(
        self,
        proxies: Mapping[str, str] | None = None,
        bypass: Callable[[str], bool] = lambda _host: False,
        tls: Callable[[], ssl.SSLContext] = tls_context,
        *,
        folder: Path = Path(),
        connect_timeout: float = CONNECT_TIMEOUT,
        total_timeout: float = TOTAL_TIMEOUT,
        resolve: Resolve = resolve,
    ) -> None:
        self._ask = resolve
        self._proxies = proxies or {}
        self._bypass = bypass
        self._tls = tls
        self._folder = folder
        self._local = Local(folder)
        self._connect_timeout = connect_timeout
        self._total_timeout = total_timeout
        self._context_of_all: ssl.SSLContext | None = None
        self._sessions: dict[Reach | None, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for session in self._sessions.values():
            await session.close()
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

    async def _call(self, request: Request) -> IssuerReply:
        if not isinstance(request, IssuerRequest):
            return await self._local.answer(request)
        url = _url(request.url, plain_http=request.consent.plain_http)
        try:
            async with asyncio.timeout(self._total_timeout):
                return await self._exchange(request, url)
        except TimeoutError:
            raise late(url) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise explained(url, error) from None

    async def _exchange(self, request: IssuerRequest, url: URL) -> IssuerReply:
        # read anew for each call: certificates that live for hours are replaced while we run
        trust = True if request.tls is None else await asyncio.to_thread(self._context, request.tls)
        proxy = self._proxy(url)
        reach = None if proxy is not None else literal_in_reach(url.host or "", request.consent)
        async with self._open(reach).request(
            request.method,
            url,
            headers=CIMultiDict(request.headers),
            data=request.body,
            allow_redirects=False,
            proxy=proxy,
            ssl=trust,
        ) as reply:
            if sum(len(name) + len(value) + 4 for name, value in reply.raw_headers) > LONGEST_HEAD:
                raise too_long(url)
            body = bytearray()
            async for chunk in reply.content.iter_chunked(65536):
                body += chunk
                if len(body) > MAX_REPLY:
                    raise IssuerError(FailureClass.PASSING, f"{url.host} answered with more than 1 MiB")
            headers = {name.lower(): value for name, value in reply.headers.items()}
            return IssuerReply(reply.status, headers, bytes(body), tuple(reply.headers.getall("Set-Cookie", ())))

    def _context(self, tls: Tls) -> ssl.SSLContext:
        """Raises IssuerError for a file that can't be used. No file asks for a password: nobody is there to type it."""
        try:
            ca = None if tls.ca is None else (self._folder / tls.ca).read_text(encoding="ascii")
            context = self._tls() if ca is None else tls_context(ca)
            if tls.cert is not None:
                key = None if tls.key is None else self._folder / tls.key
                context.load_cert_chain(self._folder / tls.cert, key, password="")
        except (OSError, ValueError) as error:
            names = ", ".join(name for name in tls if name is not None)
            hint = "Correct the provider's `tls`: PEM files; the key has no password and belongs to the certificate."
            reason = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
            message = f"tls: {names}: {reason or 'not usable as they are'}"
            raise IssuerError(FailureClass.CREDENTIAL, message, hint=hint) from None
        return context

    def _proxy(self, url: URL) -> str | None:
        """Loopback may be plain http, so only https goes through a proxy: in a tunnel that it can't look into."""
        host = url.host or ""
        proxy = self._proxies.get("https") if url.scheme == "https" and not self._bypass(host) else None
        return proxy if proxy is None or "://" in proxy else f"http://{proxy}"

    def _open(self, reach: Reach | None) -> aiohttp.ClientSession:
        """One session per reach: aiohttp remembers what a name resolves to. None: by way of the outbound proxy.

        No `trust_env`: it would add the passwords of ~/.netrc to token requests. No kept connections either: calls
        are minutes apart, and one that an issuer closed meanwhile would fail a login that may not be sent twice. No
        limit: a slow issuer must not make another provider's login wait for its turn. Replies are never paused
        while they come, and bounded as they are read: uvloop's TLS drops what it holds for a reader that is behind
        when the issuer ends the connection without close_notify.
        """
        if reach not in self._sessions:
            self._sessions[reach] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=self._public(), limit=0, force_close=True, resolver=ReachResolver(self._ask, reach)
                ),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_HEADERS,
                skip_auto_headers=("Content-Type",),
                middlewares=(_once,),
                max_line_size=LONGEST_FIELD,
                max_field_size=LONGEST_FIELD,
                max_headers=MOST_FIELDS,
                read_bufsize=MAX_REPLY,
            )
        return self._sessions[reach]

    def _public(self) -> ssl.SSLContext:
        """Made at the first use: reading the roots takes tens of milliseconds."""
        if self._context_of_all is None:
            self._context_of_all = self._tls()
        return self._context_of_all


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp sends a GET again by itself when its connection breaks; how many tries a flight has is our business."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        raise BrokeOff from None


def _url(text: str, *, plain_http: bool) -> URL:
    try:
        url = URL(text, encoded=True)
        host, _ = url.host or "", url.port
    except ValueError:
        raise _misconfigured("the token endpoint's URL can't be read") from None
    if url.scheme == "https" and host:
        return url
    if url.scheme == "http" and host and (plain_http or is_loopback(host)):
        return url
    raise _misconfigured(f"{host or 'the token endpoint'}: its URL must be https, or http on loopback")


def _misconfigured(message: str) -> IssuerError:
    return IssuerError(FailureClass.CREDENTIAL, message, hint="Correct the token endpoint's URL.")
