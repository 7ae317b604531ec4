"""HTTP to token endpoints: aiohttp, held to the limits of one call (docs/lifecycle.md#the-issuer-call).

Owns: the connections to issuers. Must not know: what a reply means, what the next step is. Nothing here logs, and no
message here quotes a URL: its query may hold a secret. The first call imports this: aiohttp takes a tenth of a second
and 8 MiB, which credentials that last never need.
"""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from proxy.auth.token import Consent, IssuerReply, IssuerRequest, Tls
from proxy.errors import FailureClass, IssuerError
from proxy.plan.reach import OutOfReach, Reach
from proxy.tokens.calls.call_errors import LONGEST_FIELD, LONGEST_HEAD, MOST_FIELDS, BrokeOff, explained, late, too_long
from proxy.tokens.calls.resolver import ReachResolver, literal_in_reach
from proxy.tokens.calls.terms import MAX_REPLY, Terms
from proxy.values.listen import is_loopback
from proxy.version import __version__
from proxy.wire.outbound.dial import tls_context

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": f"keyless/{__version__}"}


class Caller:
    """One per process, and `aclose` at its end."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._context_of_all: ssl.SSLContext | None = None
        self._sessions: dict[Reach | None, aiohttp.ClientSession] = {}

    async def aclose(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def call(self, request: IssuerRequest) -> IssuerReply:
        """Raises IssuerError."""
        url = _url(request.url, plain_http=request.consent.plain_http)
        try:
            async with asyncio.timeout(self._terms.total_timeout):
                return await self._exchange(request, url)
        except TimeoutError:
            raise late(url) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise explained(url, error) from None

    async def admit(self, url: str, consent: Consent) -> None:
        """May it be dialled? A name that can't be looked up now may be another time. Raises IssuerError."""
        place = _url(url, plain_http=consent.plain_http)
        if self._proxy(place) is not None:
            return
        try:
            reach = literal_in_reach(place.host or "", consent)
            await ReachResolver(self._terms.resolve, reach).resolve(place.host or "", place.port or 0)
        except OutOfReach as refusal:
            raise explained(place, refusal) from None
        except OSError:
            return

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
            ca = None if tls.ca is None else (self._terms.folder / tls.ca).read_text(encoding="ascii")
            context = tls_context(ca)
            if tls.cert is not None:
                key = None if tls.key is None else self._terms.folder / tls.key
                context.load_cert_chain(self._terms.folder / tls.cert, key, password="")
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
        proxy = self._terms.proxies.get("https") if url.scheme == "https" and not self._terms.bypass(host) else None
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
                    ssl=self._public(), limit=0, force_close=True, resolver=ReachResolver(self._terms.resolve, reach)
                ),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._terms.connect_timeout),
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
            self._context_of_all = self._terms.tls()
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
