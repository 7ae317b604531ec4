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
REPLACED = frozenset((b"host", b"content-length", b"expect", b"trailer"))
"""Said anew for the API; a request's trailers end here, and so does what announces them."""
NEVER_BACK = frozenset((b"strict-transport-security", b"alt-svc", b"clear-site-data"))
OURS = b"x-keyless-"

_MEMO_BOUND = 4096
_PASS, _DROP = b"pass", b"drop"
_NOT_NAMED = frozenset((b"", b"keep-alive", b"close", b"upgrade", b"transfer-encoding"))  # each is looked at by itself

NOTED_IN_REQUESTS = frozenset(
    (b"connection", b"upgrade", b"transfer-encoding", b"cookie", b"accept-encoding", b"sec-websocket-protocol")
)
NOTED_IN_REPLIES = frozenset(
    (b"content-type", b"content-encoding", b"content-length", b"location", b"content-location", b"link", b"upgrade")
)


class Sieve:
    """Sorts headers by name into those that pass, those that the caller must look at, and those that are dropped.

    Each spelling of a name is looked at once; after that a header costs one dictionary lookup.
    """

    __slots__ = ("_drop", "_memo", "_noted", "_prefixes")

    def __init__(self, drop: frozenset[bytes], prefixes: tuple[bytes, ...], noted: frozenset[bytes]) -> None:
        self._drop = drop
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
            fate = _DROP if lower in self._drop or lower.startswith(self._prefixes) else _PASS
        if len(self._memo) < _MEMO_BOUND:
            self._memo[name] = fate
        return fate


class _Only(Sieve):
    """Lets pass what others drop, and nothing else."""

    __slots__ = ()

    def _look(self, name: bytes) -> bytes:
        lower = name.lower()
        return _PASS if lower in self._drop or lower.startswith(self._prefixes) else _DROP


def preflight_sieve() -> Sieve:
    """For preflights that the API answers itself: they come without a client key, and take nothing else along."""
    return _Only(frozenset((b"origin", b"user-agent", b"accept")), (b"access-control-request-",), frozenset())


def request_sieve(slots: frozenset[bytes], removed: Iterable[str], forwarded: bool, *, origin: bool = False) -> Sieve:
    """For requests to the API; `slots` are the headers that the provider fills. `origin`: the API answers CORS."""
    edited = lower_names(removed)
    noted = NOTED_IN_REQUESTS - edited
    drop = HOP_BY_HOP | CREDENTIALS | (OF_BROWSERS - {b"origin"} if origin else OF_BROWSERS) | REPLACED | slots | edited
    if forwarded:
        return Sieve(drop, (b"sec-fetch-", OURS), noted)
    return Sieve(drop | OF_PROXIES, (b"sec-fetch-", b"x-forwarded-", OURS), noted)


def reply_sieve(removed: Iterable[str], cookies: bool, cors: bool) -> Sieve:
    """For replies to the client; `cors` says that the proxy answers CORS itself."""
    edited = lower_names(removed)
    drop = HOP_BY_HOP | NEVER_BACK | edited
    if not cookies:
        drop |= {b"set-cookie"}
    return Sieve(drop, (b"access-control-", OURS) if cors else (OURS,), NOTED_IN_REPLIES)


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
