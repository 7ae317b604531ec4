"""What of a cell survives a restart, or is shared: the record in the store (docs/lifecycle.md#store).

Owns: its shape and its version. Must not know: how it is sealed or where it lies. Times are Unix seconds, absolute, so
that a restart does not trust a dead token.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, field
from typing import Any

from proxy.auth.token import Registration, Token
from proxy.values.now import Now
from proxy.values.record import record

VERSION = 1


@record
class Intent:
    """Written before a rotating refresh token is sent: after a crash it tells that the token may be spent.

    `fingerprint` is a digest of the refresh token.
    """

    fingerprint: str
    at: float  # Unix time

    @classmethod
    def of(cls, refresh_token: str | None, at: float) -> Intent:
        """None is the config's own."""
        return cls(_fingerprint(refresh_token), at)

    def marks(self, refresh_token: str | None) -> bool:
        return self.fingerprint == _fingerprint(refresh_token)


def _fingerprint(refresh_token: str | None) -> str:
    return hashlib.sha256((refresh_token or "").encode("utf-8")).hexdigest()[:32]


@record
class Record:
    """`value` is None where there is no live token: after a login, or when an operator has expired it."""

    generation: int  # also the fence: no write replaces a later one
    value: str | None = field(default=None, repr=False)
    minted: float = 0.0  # Unix time at which the request to the issuer was sent
    expires: float = 0.0  # Unix time
    soft: float = 0.0  # seconds before the end: it is renewed in the background
    hard: float = 0.0  # seconds before the end: requests wait for the next
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None  # as granted, if the issuer said it
    reply: Any = field(default=None, repr=False)  # the issuer's, parsed, for `{reply.PATH}`
    intent: Intent | None = None  # a refresh token is being spent, or was when its process died
    names: tuple[str, ...] = ()  # the providers that share the cell, for people who look into the store
    upstream: str | None = None  # where the issuer said that the API is: host and path
    registration: Registration | None = None  # as whom, and at which issuer, the refresh token was got
    login: str = ""  # tells one login of a person from the next, which may be another account's; refreshes keep it

    @classmethod
    def of(cls, token: Token, names: tuple[str, ...]) -> Record:
        return cls(
            token.generation,
            token.value,
            token.minted.wall,
            token.expires.wall,
            token.soft,
            token.hard,
            token.refresh_token,
            token.scope,
            token.reply,
            names=names,
            upstream=token.upstream,
        )

    def token(self, now: Now) -> Token | None:
        """The token as this machine's clocks see it, or None if it is dead.

        What is left is counted on the wall clock, and is never more than the whole life: so a clock that was set back
        since prolongs nothing beyond that.
        """
        left = min(self.expires - now.wall, self.expires - self.minted)
        if self.value is None or left <= 0:
            return None
        born = min(self.minted, now.wall)
        return Token(
            self.generation,
            self.value,
            Now(now.boot - (now.wall - born), born),
            Now(now.boot + left, now.wall + left),
            self.soft,
            self.hard,
            self.refresh_token,
            self.scope,
            self.reply,
            self.upstream,
        )

    def to_bytes(self, cell: str) -> bytes:
        """`cell` goes under the seal, too, so that one cell's record can't be passed off as another's."""
        return json.dumps({"v": VERSION, "cell": cell, **asdict(self)}, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_bytes(cls, data: bytes, cell: str) -> Record:
        """Raises ValueError for anything that is not a record of this version and cell."""
        try:
            known = json.loads(data)
            if not isinstance(known, dict) or known.pop("v", None) != VERSION:
                raise ValueError("not a record of this version")
            if known.pop("cell", None) != cell:
                raise ValueError("the record of another cell")
            intent = known.pop("intent", None)
            registered = known.pop("registration", None)
            names = tuple(known.pop("names", ()))
            record = cls(
                **known,
                names=names,
                intent=None if intent is None else Intent(**intent),
                registration=None if registered is None else Registration(**registered),
            )
        except (TypeError, RecursionError) as error:
            raise ValueError(f"not a record ({type(error).__name__})") from None
        record._check()
        return record

    def _check(self) -> None:
        intent = self.intent or Intent("", 0.0)
        registered = self.registration or Registration("", "")
        texts = (self.value, self.refresh_token, self.scope, self.upstream, registered.client_secret)
        times = (self.minted, self.expires, self.soft, self.hard, intent.at)
        if type(self.generation) is not int or self.generation < 0:
            raise ValueError("a record's generation is a whole number")
        if not all(text is None or isinstance(text, str) for text in texts):
            raise ValueError("a record's texts are texts")
        if not all(
            isinstance(text, str) for text in (*self.names, self.login, intent.fingerprint, *_named(registered))
        ):
            raise ValueError("a record's names are texts")
        if not all(isinstance(time, (int, float)) and math.isfinite(time) for time in times):
            raise ValueError("a record's times are numbers")


def _named(registration: Registration) -> tuple[str, ...]:
    return registration.issuer, registration.client_id, registration.client_auth
