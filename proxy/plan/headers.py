"""Which headers pass, in each direction (DESIGN §4).

Owns: the lists of names that never pass, and the edits of a route. Pure; names are compared as lower case bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Pairs = Iterable[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade", b"proxy-authenticate")
)
"""RFC 9110 §7.6.1; `Trailer` passes, since trailers do."""

CREDENTIALS = frozenset(
    (b"authorization", b"proxy-authorization", b"cookie", b"x-api-key", b"api-key", b"x-goog-api-key")
)
OF_BROWSERS = frozenset((b"origin", b"referer"))
OF_PROXIES = frozenset((b"forwarded", b"x-real-ip"))
STEERING = frozenset(
    (
        *(b"x-original-url", b"x-rewrite-url", b"x-original-uri", b"x-envoy-original-path"),
        *(b"x-host", b"x-original-host", b"x-http-host-override", b"x-envoy-original-dst-host"),
        *(b"proxy", b"max-forwards"),
    )
)
"""By these, frameworks and proxies behind the API's door take another path or host than the one checked here.

`Proxy` becomes HTTP_PROXY in a CGI environment (httpoxy); `Max-Forwards` lets a hop answer in the API's place.
"""
METHOD_OVERRIDES = frozenset((b"x-http-method-override", b"x-http-method", b"x-method-override"))
"""Dropped where somebody's methods are limited; else they are a means of long queries (Google's APIs)."""
OF_EXTENSIONS = b"sec-websocket-extensions"
REPLACED = frozenset((b"host", b"content-length", b"expect", b"trailer"))
"""Said anew for the API; a request's trailers end here, and so does what announces them."""
NEVER_BACK = frozenset((b"strict-transport-security", b"alt-svc", b"clear-site-data"))
OURS = b"x-keyless-"

_MEMO_BOUND = 4096
_PASS, _DROP = b"pass", b"drop"
_NOT_NAMED = frozenset((b"", b"keep-alive", b"close", b"upgrade", b"transfer-encoding"))  # each is looked at by itself

NOTED_IN_REQUESTS = frozenset((b"connection", b"upgrade", b"transfer-encoding", b"cookie", b"accept-encoding"))
NOTED_IN_REPLIES = frozenset(
    (b"content-type", b"content-encoding", b"content-length", b"location", b"content-location", b"link", b"upgrade")
)


class Sieve:
    """Sorts headers by name into those that pass, those that the caller must look at, and those that are dropped.

    Each spelling of a name is looked at once; after that a header costs one dictionary lookup.
    """

    __slots__ = ("_drop", "_fold", "_memo", "_noted", "_prefixes")

    def __init__(
        self, drop: frozenset[bytes], prefixes: tuple[bytes, ...], noted: frozenset[bytes], *, fold: bool = False
    ) -> None:
        """`fold`: `X_Token` is dropped with `X-Token`, since to CGI and WSGI they are one (and so twice there)."""
        self._drop = frozenset(map(_folded, drop)) if fold else drop
        self._fold = fold
        self._prefixes = prefixes
        self._noted = noted
        self._memo: dict[bytes, bytes] = {}

    def sort(self, headers: Pairs) -> tuple[list[bytes], list[tuple[bytes, bytes]]]:
        """The headers that pass, as finished lines; and the noted ones, with their names in lower case."""
        memo = self._memo
        lines = []
        noted = []
        for name, value in headers:
            fate = memo.get(name)
            if fate is None:
                fate = self._look(name)
            if fate is _PASS:
                lines.append(b"%b: %b\r\n" % (name, value))
            elif fate is not _DROP:
                noted.append((fate, value))
        return lines, noted

    def _look(self, name: bytes) -> bytes:
        lower = name.lower()
        if lower in self._noted:
            fate = lower
        else:
            known = _folded(lower) if self._fold else lower
            fate = _DROP if known in self._drop or known.startswith(self._prefixes) else _PASS
        if len(self._memo) < _MEMO_BOUND:
            self._memo[name] = fate
        return fate


def request_sieve(slots: frozenset[bytes], removed: Iterable[str], forwarded: bool) -> Sieve:
    """For requests to the API; `slots` are the headers that the provider fills."""
    edited = lower_names(removed)
    noted = NOTED_IN_REQUESTS - edited
    drop = HOP_BY_HOP | CREDENTIALS | OF_BROWSERS | REPLACED | STEERING | slots | edited
    if forwarded:
        return Sieve(drop, (b"sec-fetch-", OURS), noted, fold=True)
    return Sieve(drop | OF_PROXIES, (b"sec-fetch-", b"x-forwarded-", OURS), noted, fold=True)


def reply_sieve(removed: Iterable[str], cookies: bool, cors: bool) -> Sieve:
    """For replies to the client; `cors` says that the proxy answers CORS itself."""
    edited = lower_names(removed)
    drop = HOP_BY_HOP | NEVER_BACK | edited
    if not cookies:
        drop |= {b"set-cookie"}
    return Sieve(drop, (b"access-control-", OURS) if cors else (OURS,), NOTED_IN_REPLIES)


def _folded(name: bytes) -> bytes:
    return name.replace(b"_", b"-")


def lower_names(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(name.lower().encode("latin-1") for name in names)


def set_lines(headers: Mapping[str, str]) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers.items())


def named_by_connection(noted: Pairs) -> frozenset[bytes]:
    """The headers that `Connection` headers declare hop-by-hop, beside those that always are (TRAPS 21)."""
    said = b",".join(value for name, value in noted if name == b"connection").lower()
    return frozenset(token.strip() for token in said.split(b",")) - _NOT_NAMED


def without(headers: Pairs, names: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in names]
