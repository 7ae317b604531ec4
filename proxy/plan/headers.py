"""Which headers pass, in each direction (docs/sdks.md#which-headers-pass).

Owns: the lists of names that never pass, and the edits of a route. Pure; names are compared as lower case bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast

from proxy.errors import Fault
from proxy.http import request_id
from proxy.http.credentials import KEY_HEADERS, OF_PRESETS
from proxy.http.fields import HOP_BY_HOP, Fields, facts, named_by_connection, without
from proxy.http.memo import Bound, remember
from proxy.http.repeated import Lines

KEYS: Final = frozenset((b"authorization", *KEY_HEADERS))
"""Where a client may present its key to the proxy; an API gets its own."""
CREDENTIALS: Final = KEYS | OF_PRESETS | {b"proxy-authorization", b"cookie"}
OF_BROWSERS: Final = frozenset((b"origin", b"referer"))
OF_PROXIES: Final = frozenset((b"forwarded", b"x-real-ip"))
STEERING: Final = frozenset(
    (
        *(b"x-original-url", b"x-rewrite-url", b"x-original-uri", b"x-envoy-original-path"),
        *(b"x-host", b"x-original-host", b"x-http-host-override", b"x-envoy-original-dst-host"),
        *(b"proxy", b"max-forwards"),
    )
)
"""By these, frameworks and proxies behind the API's door take another path or host than the one checked here.

`Proxy` becomes HTTP_PROXY in a CGI environment (httpoxy); `Max-Forwards` lets a hop answer in the API's place.
"""
IDENTITY: Final = {"Accept-Encoding": "identity"}
"""Asks for a body that can be looked into."""
METHOD_OVERRIDES = frozenset((b"x-http-method-override", b"x-http-method", b"x-method-override"))
"""Dropped where somebody's methods are limited; else they are a means of long queries (Google's APIs)."""
OF_EXTENSIONS = b"sec-websocket-extensions"
REPLACED: Final = frozenset((b"host", b"content-length", b"expect", b"trailer"))
"""Said anew for the API; a request's trailers end here, and so does what announces them."""
CHALLENGE = "WWW-Authenticate"
"""It asks for a credential. Where that is ours, some clients would log in by themselves, around the proxy."""
NEVER_BACK: Final = frozenset((b"strict-transport-security", b"alt-svc", b"clear-site-data"))
OURS: Final = b"x-keyless-"

_NAMES: Final = Bound(most=4096, longest=64)

AHEAD: Final = frozenset((b"sec-purpose", b"purpose", b"x-moz"))
"""Headers of browsers that fetch what nobody asked for yet."""
ABOUT_THE_REQUEST: Final = (
    AHEAD
    | request_id.FIELDS
    | {*(b"host", b"origin", b"sec-fetch-site", b"connection", b"upgrade", b"transfer-encoding", b"content-length")}
    | {b"sec-fetch-dest"}
)
"""What the proxy itself must know."""
NOTED_IN_REQUESTS: Final = frozenset((b"cookie", b"accept-encoding", b"sec-websocket-protocol"))
OF_CONTENT: Final = frozenset((b"content-type", b"content-encoding", b"content-length"))
_LINKS = (b"Location", b"Content-Location", b"Link", b"Operation-Location", b"Azure-AsyncOperation")
LINKING: Final = {name.lower(): name for name in _LINKS}
"""Headers of replies in which URLs stand that clients go to next."""
NOTED_IN_REPLIES: Final = OF_CONTENT | frozenset(LINKING) | {b"connection", b"upgrade"}


class Head:
    """What is known of a request by its head: the finished `lines` that pass, and `facts`, the noted headers by name.

    Read once. A replay starts from the same, and so does the next request that says the same, so nobody changes it.
    `joined` are all lines. `framed`: it announces a body, if only an empty one. `shown`: what was seen of keys in
    `slots` of it (serve/identify.py).
    """

    __slots__ = ("facts", "framed", "joined", "lines", "shown", "slots")

    def __init__(self, lines: list[bytes], facts: dict[bytes, bytes]) -> None:
        self.lines = lines
        self.joined = b"".join(lines)
        self.facts = facts
        self.framed = b"content-length" in facts or b"transfer-encoding" in facts
        self.slots: object | None = None
        self.shown = b""


class _Fate:
    """A header's: does it pass, and under which name (in lower case) must the caller look at it?"""

    __slots__ = ("note", "passes")

    def __init__(self, passes: bool, note: bytes | None) -> None:
        self.passes = passes
        self.note = note


class Sieve:
    """Sorts headers by name: some pass, some are dropped, some the caller must look at, of which some pass as well.

    Each spelling of a name is looked at once; after that a header costs one dictionary lookup.
    """

    __slots__ = ("_drop", "_fold", "_memo", "_noted", "_passing", "_prefixes")

    def __init__(
        self,
        drop: frozenset[bytes],
        prefixes: tuple[bytes, ...],
        noted: frozenset[bytes],
        passing: frozenset[bytes] = frozenset(),
        *,
        fold: bool = False,
    ) -> None:
        """`passing` are those of the noted that pass.

        `fold`: `X_Token` is dropped with `X-Token`, since to CGI and WSGI they are one (and so twice there).
        """
        self._drop = frozenset(map(_folded, drop)) if fold else drop
        self._fold = fold
        self._prefixes = prefixes
        self._noted = noted
        self._passing = passing
        self._memo: dict[bytes, _Fate] = {}

    def sort(self, headers: Fields) -> tuple[list[bytes], Fields]:
        """The headers that pass, as finished lines; and the noted ones, with their names in lower case."""
        memo = self._memo
        lines = []
        noted = []
        for name, value in headers:
            fate = memo.get(name)
            if fate is None:
                fate = self._look(name)
            if fate.passes:
                lines.append(b"%b: %b\r\n" % (name, value))
            if fate.note is not None:
                noted.append((fate.note, value))
        return lines, noted

    def read(self, fields: Fields, lines: Lines | None = None) -> Head:
        """A request's head, without what it names as the connection's own. `lines`: the fields came in these, which may
        come again. Raises Fault bad_request.
        """
        if lines is None:
            return self._read(fields)
        if lines.maker is not self:
            lines.maker, lines.made = self, self._read(fields)
        return cast("Head", lines.made)

    def _read(self, fields: Fields) -> Head:
        lines, noted = self.sort(fields)
        known = facts(noted)
        if len(known) != len(noted) and [name for name, _ in noted].count(b"host") > 1:
            raise Fault("bad_request", "the request names two hosts")  # RFC 9112 §3.2
        if b"connection" in known and (named := named_by_connection(known[b"connection"])):
            lines, _ = self.sort(without(fields, named))
            for name in named & NOTED_IN_REQUESTS:
                known.pop(name, None)
        return Head(lines, known)

    def _look(self, name: bytes) -> _Fate:
        return remember(self._memo, name, self._judge(name.lower()), len(name), _NAMES)

    def _judge(self, lower: bytes) -> _Fate:
        if lower in self._noted:
            return _Fate(lower in self._passing, lower)
        known = _folded(lower) if self._fold else lower
        return _Fate(not (known in self._drop or known.startswith(self._prefixes)), None)


class _Only(Sieve):
    """Lets pass what others drop, and nothing else."""

    __slots__ = ()

    def _judge(self, lower: bytes) -> _Fate:
        passes = lower in self._drop or lower.startswith(self._prefixes)
        return _Fate(passes, lower if lower in ABOUT_THE_REQUEST else None)


def preflight_sieve() -> Sieve:
    """For preflights that the API answers itself: they come without a client key, and take nothing else along."""
    return _Only(frozenset((b"origin", b"user-agent", b"accept")), (b"access-control-request-",), frozenset())


def request_sieve(
    slots: frozenset[bytes],
    removed: Iterable[str],
    forwarded: bool,
    *,
    origin: bool = False,
    keys: frozenset[bytes] = KEYS,
) -> Sieve:
    """For requests to the API; `slots` are the headers that the provider fills. `origin`: the API answers CORS. `keys`:
    where a client's key may stand.
    """
    edited = lower_names(removed)
    noted = ABOUT_THE_REQUEST | keys | (NOTED_IN_REQUESTS - edited)
    passing = AHEAD | request_id.FIELDS | ({b"origin"} if origin else frozenset())
    drop = HOP_BY_HOP | CREDENTIALS | OF_BROWSERS | REPLACED | STEERING | slots | edited
    if forwarded:
        return Sieve(drop, (b"sec-fetch-", OURS), noted, passing - edited - slots, fold=True)
    dropped = (b"sec-fetch-", b"x-forwarded-", OURS)
    return Sieve(drop | OF_PROXIES, dropped, noted, passing - edited - slots, fold=True)


def reply_sieve(removed: Iterable[str], cookies: bool, cors: bool) -> Sieve:
    """For replies to the client; `cors` says that the proxy answers CORS itself."""
    edited = lower_names(removed)
    drop = HOP_BY_HOP | NEVER_BACK | edited
    if not cookies:
        drop |= {b"set-cookie"}
    ours = (b"access-control-", OURS) if cors else (OURS,)
    return Sieve(drop, ours, NOTED_IN_REPLIES, OF_CONTENT - edited)


def _folded(name: bytes) -> bytes:
    return name.replace(b"_", b"-")


def lower_names(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(name.lower().encode("latin-1") for name in names)


def set_lines(headers: Mapping[str, str]) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers.items())
