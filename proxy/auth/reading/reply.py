"""An issuer's reply becomes a `Minted` or an `IssuerError`, never anything else (docs/traps.md 13, 22).

Owns: finding the parts of a reply by its ReplyMap, compiled once. Must not know: how the request was made or sent.
A stranger's bytes come in, so every step here expects the worst of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from proxy.auth.keys.reply import ExpiresAt, ExpiresIn, ReplyMap
from proxy.auth.paths import Path, as_text, compile_path, read_json
from proxy.auth.reading.failure import HINTS, TRANSIENT_CODES, Diagnosis, error_code
from proxy.auth.reading.lifetime import Lifetime
from proxy.auth.reading.times import dated
from proxy.auth.rules import holds, texts
from proxy.auth.token import IssuerReply, Minted
from proxy.errors import FailureClass, IssuerError

LONGEST_TOKEN = 64 * 1024
"""No server takes a header of this size."""

_VISIBLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_OAUTH_ERRORS = frozenset(HINTS) | TRANSIENT_CODES
_PROVEN = frozenset({"mac", "dpop", "pop"})
"""Each call has to prove a key besides (RFC 9449 §7.1; RFC 6749 §7.1 names mac)."""
_FORMS = ("application/x-www-form-urlencoded", "text/plain")


@dataclass(frozen=True, slots=True)
class Located:
    """A reply together with its document: what a locator (JMESPath or `header:NAME`) is looked up in."""

    reply: IssuerReply
    document: Any = field(repr=False)
    paths: Mapping[str, Path]

    def find(self, locator: str) -> Any | None:
        if locator.startswith("header:"):
            return self.reply.headers.get(locator.removeprefix("header:").strip().lower())
        return self.paths[locator].find(self.document)


@dataclass(frozen=True, slots=True)
class ReplyReader:
    """A ReplyMap, compiled."""

    token: str
    refresh_token: str | None
    scope: str | None
    ok: tuple[tuple[str, frozenset[str]], ...]
    lifetime: Lifetime
    diagnosis: Diagnosis
    paths: Mapping[str, Path]
    bearer: bool = False

    @classmethod
    def compile(cls, reply: ReplyMap, ttl: float | None, *, bearer: bool = False) -> ReplyReader:
        """`bearer`: nobody has said how the token is sent, so it goes as Bearer. Raises ValueError for a path that is
        not JMESPath.
        """
        into, at = reply.expires_in, reply.expires_at
        into = ExpiresIn(path=into) if isinstance(into, str) else into
        at = ExpiresAt(path=at) if isinstance(at, str) else at
        lifetime = Lifetime(
            expires_in=None if into is None else into.path,
            expires_in_unit="s" if into is None else into.unit,
            expires_at=None if at is None else at.path,
            expires_at_unit="s" if at is None else at.unit,
            refresh_in=reply.refresh_in,
            ttl=ttl,
        )
        ok = tuple((locator, texts(wanted)) for locator, wanted in reply.ok.items())
        locators = (reply.token, reply.refresh_token, reply.scope, reply.refresh_in, lifetime.expires_in)
        used = {locator for locator in (*locators, lifetime.expires_at, *reply.ok) if locator is not None}
        return cls(
            reply.token,
            reply.refresh_token,
            reply.scope,
            ok,
            lifetime,
            Diagnosis.compile(reply.error, reply.errors),
            {locator: compile_path(locator) for locator in used if not locator.startswith("header:")},
            bearer,
        )

    def read(
        self, reply: IssuerReply, wall: float, secrets: frozenset[str] = frozenset(), *, refreshing: bool = False
    ) -> Minted:
        """`wall` is when the request was sent; `secrets` are kept out of messages; `refreshing` says that the grant
        was a stored refresh token, whose `invalid_grant` means a new login. Raises IssuerError.
        """
        located = Located(reply, _document(reply), self.paths)
        why, token = self._objection(located), located.find(self.token)
        if why is not None or not isinstance(token, str):
            why = why or ""
            raise self.diagnosis.explain(reply, located.document, why, wall, secrets, refreshing=refreshing)
        value = _checked(token)
        if self.bearer:
            _check_type(located.document)
        said = dated(reply.headers)
        span = self.lifetime.read(located.find, value, wall, said)
        return Minted(
            value,
            span.life,
            span.refresh_in,
            self._optional(located, self.refresh_token),
            self._optional(located, self.scope),
            located.document,
            said,
            span.doubt,
        )

    def _objection(self, located: Located) -> str | None:
        """What keeps a reply from being a good one; an empty text if its status says enough."""
        if not 200 <= located.reply.status < 300:
            return ""
        for locator, wanted in self.ok:
            if not holds(located.find(locator), wanted):
                return f"`{locator}` isn't what `reply.ok` asks for"
        if error_code(located.document, frozenset()) in _OAUTH_ERRORS:
            return "an error inside a good status"
        token = located.find(self.token)
        if isinstance(token, str) and token:
            return None
        if located.document is None and not self.token.startswith("header:"):
            return "an empty body" if not located.reply.body.strip() else "not JSON"
        return f"no text at `{self.token}`"

    def _optional(self, located: Located, locator: str | None) -> str | None:
        text = None if locator is None else located.find(locator)
        if isinstance(text, list):  # scopes come as a list too
            text = " ".join(filter(None, map(as_text, text)))
        return text if isinstance(text, str) and text.strip() and text.isprintable() else None


def _checked(value: str) -> str:
    """docs/traps.md 22: a token that would end a header line, or that no header can carry, goes nowhere."""
    if len(value) > LONGEST_TOKEN:
        raise IssuerError(FailureClass.PASSING, "the token is longer than any server takes")
    if not _VISIBLE.fullmatch(value):
        raise IssuerError(FailureClass.PASSING, "the token holds characters that no header can carry")
    return value


def _check_type(document: Any) -> None:
    """RFC 6749 §7.1: a token of a type that needs more than being sent must not be sent as Bearer.

    Only those that are known to: issuers write `JWT`, `session`, or `bearer_token`, and mean Bearer.
    """
    kind = document.get("token_type") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind.strip().lower() in _PROVEN:
        raise IssuerError(
            FailureClass.CREDENTIAL,
            f"the issuer gave a token of type {kind.strip()}, which is worth nothing as a Bearer token (RFC 6749 §7.1)",
            hint="Have the issuer give Bearer tokens to this client, or say by `inject` how this one is sent.",
        )


def _document(reply: IssuerReply) -> Any | None:
    """The reply's JSON, or a form as GitHub sends it; None for anything else."""
    try:
        return read_json(reply.body)
    except ValueError:
        pass
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FORMS:
        return None
    try:
        fields = parse_qsl(reply.body.decode("ascii"), strict_parsing=True, max_num_fields=100)
    except ValueError:
        return None
    return dict(fields)
