"""What a login brings, and what is kept of it.

Owns: the values that travel between schemes, lifecycle and injection. Must not know: who calls, when, or over what.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from proxy.values.address import canonical
from proxy.values.now import Now
from proxy.values.record import record
from proxy.values.secret import HIDDEN, Secret, hidden


class Tls(NamedTuple):
    """Paths of PEM files for one issuer: the client's certificate with its key (RFC 8705), and the roots to trust."""

    cert: str | None = None
    key: str | None = None
    ca: str | None = None


class Consent(NamedTuple):
    """Where the config lets requests go: `written` are the hosts that it spells out, each `canonical`.

    What an issuer's metadata names is not among them. Nothing said means names of public addresses, over TLS.
    """

    private: bool = False
    plain_http: bool = False
    written: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *urls: str | None, private: bool = False, plain_http: bool = False) -> Consent:
        """For URLs out of the config."""
        hosts = (urlsplit(url).hostname for url in urls if url is not None)
        return cls(private, plain_http, frozenset(canonical(host) for host in hosts if host))


NOTHING_SAID = Consent()


@record
class IssuerRequest:
    """One HTTP request to an issuer. It holds secrets, so its repr shows only where it goes."""

    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    tls: Tls | None = None
    consent: Consent = NOTHING_SAID


@record
class CommandRequest:
    """A program of the operator's, run in the config's folder; `variables` are set for it besides the process's own."""

    argv: tuple[str, ...] = field(repr=False)
    timeout: float  # seconds
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


@record
class FileRequest:
    """A file, relative to the config's folder, read anew each time: what a platform puts there is replaced now and
    then.
    """

    path: str


Request = IssuerRequest | CommandRequest | FileRequest


@record
class IssuerReply:
    """What the issuer answered; or what a command printed or a file holds, with a status of 200.

    Header names are lower case.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)


@record
class Minted:
    """What a login brought. Times are seconds counted from the moment the request was sent.

    `refresh_in` is the issuer's own wish, if it said one. `reply` is the parsed reply, for `{reply.PATH}`. `dated` is
    what the issuer's clock said, Unix time; `doubt`, why its word on the lifetime was not taken. `upstream` is where it
    said that the API is, host and path, as far as it may say so. `lacks`: scopes that were asked for and not granted.
    """

    value: str = field(repr=False)
    lifetime: float
    refresh_in: float | None = None
    refresh_token: str | None = field(default=None, repr=False)  # None: the one before stays good; "": it does not
    scope: str | None = None  # as granted, if the issuer said it
    reply: Any = field(default=None, repr=False)
    dated: float | None = None
    doubt: str | None = None
    upstream: str | None = None
    lacks: tuple[str, ...] = ()

    def refresh_token_after(self, before: str | None) -> str | None:
        """The one that is good from now on."""
        return before if self.refresh_token is None else self.refresh_token or None


@record
class Registration:
    """As whom a person has logged in, and at which issuer, where a server says so and not the config.

    A refresh token is bound to both (RFC 6749 §10.4), so they are kept beside it. `client_auth` is a word of
    the config.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    client_auth: str = "none"


Flow = Generator[Request, IssuerReply, Minted]
"""A login without I/O: yields requests, is sent replies, returns what was minted or raises IssuerError."""


@dataclass(slots=True, weakref_slot=True)
class Token:
    """A minted token with the times that its life is judged by.

    `fresh_boot` and `fresh_wall` are the ends of carefree use: before both, a request takes it without a thought.
    `previous` may live on at the API for a while, so what is said of it is looked at, too.
    """

    generation: int  # 1, 2, 3 ... within its cell
    value: str = field(repr=False)
    minted: Now  # when the request to the issuer was sent
    expires: Now  # its end by each clock; the earlier counts
    soft: float  # seconds before the end: it is renewed in the background
    hard: float  # seconds before the end: requests wait for the next
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None  # as granted, if the issuer said it
    reply: Any = field(default=None, repr=False)  # the issuer's, parsed, for `{reply.PATH}`
    upstream: str | None = None  # where the issuer said that the API is: host and path
    previous: Token | None = field(default=None, repr=False, compare=False)
    fresh_boot: float = field(init=False)
    fresh_wall: float = field(init=False)

    def __post_init__(self) -> None:
        self.value, self.refresh_token = Secret(self.value), hidden(self.refresh_token)
        self.fresh_boot = self.expires.boot - self.soft
        self.fresh_wall = self.expires.wall - self.soft

    def left(self, now: Now) -> float:
        """Seconds until it dies, by whichever clock says so first."""
        return min(self.expires.boot - now.boot, self.expires.wall - now.wall)

    def kept_out_of(self, text: str) -> str:
        """What an issuer says, without this token where it echoes it."""
        for each in filter(None, (self.value, self.refresh_token)):
            text = text.replace(each, HIDDEN)
        return text

    def follow(self, previous: Token | None) -> None:
        """Take the place of the one before; of those before that nothing is kept."""
        if previous is not None and previous is not self:
            previous.previous = None
            self.previous = previous

    @classmethod
    def eternal(cls, value: str, now: Now) -> Token:
        """The token of a static provider: never refreshed, never expires."""
        return cls(1, value, now, Now(math.inf, math.inf), 0.0, 0.0)
