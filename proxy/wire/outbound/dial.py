"""How a socket to an API is opened: DNS with a short cache, happy eyeballs, TLS, an outbound proxy.

Owns: name resolution and TLS contexts. Must not know: pools or HTTP beyond CONNECT.
"""

from __future__ import annotations

import asyncio
import functools
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import cast
from urllib.parse import SplitResult, unquote, urlsplit

import aiohappyeyeballs
import certifi

from proxy.http.origin import Origin
from proxy.plan.reach import Reach, admit, reach_of, route_consent
from proxy.tasks import spawn
from proxy.wire.outbound.connection import Connection
from proxy.wire.tls import Tls

DNS_SECONDS = 30.0
MOST_NAMES = 1024
STAGGER = 0.25
MAX_CONNECT_REPLY = 16 * 1024

_CONNECTED = re.compile(rb"HTTP/1\.[01] 2\d\d[ \r]")

AddrInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
Resolve = Callable[[str, int], Awaitable[list[AddrInfo]]]
Where = tuple[str, int, Reach | None]
"""Host, port, and the kinds of addresses that may be dialled; None: whatever is found, for the operator's own proxy."""


def tls_context(ca: str | None = None) -> ssl.SSLContext:
    """Names checked, TLS 1.2 at least; there is no way to switch verification off.

    Trusted are the system's roots and certifi's, or only `ca`: certificates in PEM. Raises ValueError, ssl.SSLError.
    """
    if ca == "":  # ssl takes it for none, and would trust the system's
        raise ValueError("no certificate to trust")
    context = ssl.create_default_context(cadata=ca)
    if ca is None:
        context.load_verify_locations(certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


@functools.cache
def public_context() -> ssl.SSLContext:
    """Made at the first use: reading the roots takes tens of milliseconds."""
    return tls_context()


async def resolve(host: str, port: int) -> list[AddrInfo]:
    """Ask the system. Raises socket.gaierror, or UnicodeError for what can't be a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(int(family), int(kind), proto, name, where) for family, kind, proto, name, where in found]  # type: ignore[misc]  # the stub allows bytes in sockaddr


class Dialer:
    """`proxies` maps `https` to a proxy URL; `bypass` says for which hosts none is used (NO_PROXY).

    `tls` gives the context for an origin; the pool keeps connections per origin, so it must be the same each time.
    """

    def __init__(
        self,
        proxies: Mapping[str, str] | None = None,
        bypass: Callable[[str], bool] = lambda _host: False,
        tls: Callable[[Origin], ssl.SSLContext] = lambda _origin: public_context(),
        resolve: Resolve = resolve,
    ) -> None:
        self._proxies = proxies or {}
        self._bypass = bypass
        self._tls = tls
        self._ask = resolve
        self._names: dict[Where, tuple[float, asyncio.Task[list[AddrInfo]]]] = {}

    async def __call__(
        self,
        origin: Origin,
        factory: Callable[[], Connection],
        timeout: float,  # noqa: ASYNC109 -- it differs per route
    ) -> Connection:
        """Open a connection within `timeout` seconds. Raises OSError (ssl.SSLError too), UnicodeError, TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            sock = await self._reach(origin)
            connection = factory()
            try:
                secured = self._secured(origin, connection) if origin.tls else None
                protocol = cast("asyncio.Protocol", secured[0] if secured else connection)
                transport, _ = await loop.create_connection(lambda: protocol, sock=sock)
            except BaseException:
                sock.close()
                raise
            if secured is not None:
                await _opened(secured[1], transport)
            return connection

    def _secured(self, origin: Origin, connection: Connection) -> tuple[Tls, asyncio.Future[Exception | None]]:
        """TLS to a host of this very name, and how its handshake went."""
        opened: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

        def tell(error: Exception | None) -> None:
            if not opened.done():
                opened.set_result(error)

        return Tls(connection, self._tls(origin), tell, name=origin.host), opened

    async def _reach(self, origin: Origin) -> socket.socket:
        proxy = self._proxies.get("https") if origin.tls else None
        if proxy is None or self._bypass(origin.host):
            reach = reach_of(origin.host, route_consent(origin.host, private=origin.private))
            return await self._connect((origin.host, origin.port, reach))
        return await self._connect_through(proxy, origin)

    # -------------------------------------------------------------- TCP

    async def _connect(self, where: Where) -> socket.socket:
        known = self._names.get(where)
        try:
            return await self._race(where)
        except OSError:
            # A remembered answer may be the reason: by now it is forgotten.
            if known is None or not known[1].done():
                raise
        return await self._race(where)

    async def _race(self, where: Where) -> socket.socket:
        try:
            addresses = await self._resolve(where)
            sock = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=STAGGER, interleave=1)
        except BaseException:
            # Whatever went wrong, a timeout included: the next attempt asks again.
            self._names.pop(where, None)
            raise
        with suppress(OSError):  # reset already; whoever uses it will see
            _prefer(addresses, sock.getpeername())
        return sock

    async def _resolve(self, where: Where) -> list[AddrInfo]:
        """One lookup for all who ask at the same time; one who gives up does not end it."""
        now = asyncio.get_running_loop().time()
        known = self._names.get(where)
        if known is None or now >= known[0]:
            self._names.pop(where, None)
            self._names[where] = known = now + DNS_SECONDS, spawn(self._lookup(where), "resolve")
            if len(self._names) > MOST_NAMES:
                del self._names[next(iter(self._names))]  # the oldest; who waits for it still gets it
        return await asyncio.shield(known[1])

    async def _lookup(self, where: Where) -> list[AddrInfo]:
        """The addresses that may be dialled. What this returns is dialled as it is: nobody looks the name up again."""
        host, port, reach = where
        addresses = await self._ask(host, port)
        if not addresses:
            raise OSError(f"{host} has no address")
        return addresses if reach is None else admit(addresses, reach)

    # -------------------------------------------------------------- CONNECT (RFC 9110 §9.3.6)

    async def _connect_through(self, proxy: str, origin: Origin) -> socket.socket:
        try:
            where = _proxy_url(proxy)
            sock = await self._connect((where.hostname or "", where.port or 80, None))
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise OSError(f"the outbound proxy can't be used: {reason or error}") from None
        try:
            await _tunnel(sock, origin, _proxy_authorization(where.username, where.password))
        except BaseException:
            sock.close()
            raise
        return sock


async def _opened(handshake: asyncio.Future[Exception | None], transport: asyncio.BaseTransport) -> None:
    """Raises what has ended the handshake."""
    try:
        error = await handshake
    except BaseException:  # whoever waits has given up
        cast("asyncio.Transport", transport).abort()
        raise
    if error is not None:
        raise error


def _prefer(addresses: list[AddrInfo], peer: object) -> None:
    """What answered goes first: a dead first address costs its stagger once, not for each connection."""
    if addresses[0][4] != peer:
        addresses.sort(key=lambda address: address[4] != peer)


async def _tunnel(sock: socket.socket, origin: Origin, authorization: bytes) -> None:
    loop = asyncio.get_running_loop()
    host = origin.host.encode("ascii" if origin.host.isascii() else "idna")
    authority = b"%b:%d" % (b"[%b]" % host if b":" in host else host, origin.port)
    await loop.sock_sendall(sock, b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (authority, authority, authorization))
    answer = b""
    while b"\r\n\r\n" not in answer:
        # Reading past the head is safe: nothing follows it until we have spoken TLS.
        received = await loop.sock_recv(sock, 4096)
        if not received or len(answer) > MAX_CONNECT_REPLY:
            raise OSError("the outbound proxy closed the connection")
        answer += received
    if _CONNECTED.match(answer) is None:
        status = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        raise OSError(f"the outbound proxy answered {status[1].decode() if status else 'nonsense'}")


def _proxy_url(proxy: str) -> SplitResult:
    """Raises OSError without quoting it: it may hold a password."""
    try:
        where = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        where.port  # noqa: B018 -- raises for a port that is none
    except ValueError:
        raise OSError("HTTPS_PROXY is not a URL") from None
    if where.scheme != "http" or not where.hostname:
        raise OSError("HTTPS_PROXY must be http://[USER:PASSWORD@]HOST:PORT")
    return where


def _proxy_authorization(username: str | None, password: str | None) -> bytes:
    if username is None:
        return b""
    pair = f"{unquote(username)}:{unquote(password or '')}".encode()
    return b"Proxy-Authorization: Basic %b\r\n" % b64encode(pair)
