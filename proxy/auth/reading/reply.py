"""An issuer's reply becomes a `Minted` or an `IssuerError`, never anything else (docs/traps.md 13, 22).

Owns: finding the parts of a reply by its ReplyMap, compiled once. Must not know: how the request was made or sent.
A stranger's bytes come in, so every step here expects the worst of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from proxy.auth.hosts import Hosts
from proxy.auth.keys.provider import Host
from proxy.auth.keys.reply import ExpiresAt, ExpiresIn, ReplyMap
from proxy.auth.paths import Path, as_text
from proxy.auth.reading.failure import Diagnosis
from proxy.auth.reading.lifetime import Lifetime
from proxy.auth.reading.located import Located, Ok, paths_of
from proxy.auth.reading.meaning import PLAIN, Advice
from proxy.auth.reading.upstream import named_upstream
from proxy.auth.rules import texts
from proxy.auth.token import IssuerReply, Minted
from proxy.errors import FailureClass, IssuerError
from proxy.values.record import record

LONGEST_TOKEN = 64 * 1024
"""No server takes a header of this size."""

NOTHING: Mapping[str, Any] = {}

_WHOLE = "@"
"""The path of all that a body says."""
WORD = re.compile(r"(?![{\[<])[!-~]+")
"""A token alone, with nothing that names it. A page, or an error in JSON, is none."""

_VISIBLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_PROVEN = frozenset({"mac", "dpop", "pop"})
"""Each call has to prove a key besides (RFC 9449 §7.1; RFC 6749 §7.1 names mac)."""


@record
class ReplyReader:
    """A ReplyMap, compiled."""

    token: str
    refresh_token: str | None
    scope: str | None
    ok: Ok
    lifetime: Lifetime
    diagnosis: Diagnosis
    paths: Mapping[str, Path]
    form: str | None = None
    bearer: bool = False
    upstream: str | None = None
    hosts: Hosts | None = None

    @classmethod
    def compile(
        cls,
        reply: ReplyMap,
        ttl: float | None,
        hosts: Iterable[Host] = (),
        *,
        bearer: bool = False,
        advice: Advice = PLAIN,
    ) -> ReplyReader:
        """`hosts` are those that the reply may name as the upstream; `bearer`: nobody has said how the token is sent,
        so it goes as Bearer; `advice` is for its refusals. Raises ValueError for a path that is not JMESPath.
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
        token = reply.token_at
        locators = (token, reply.refresh_token, reply.scope, reply.refresh_in, reply.upstream)
        return cls(
            token,
            reply.refresh_token,
            reply.scope,
            ok,
            lifetime,
            Diagnosis.compile(reply.error, reply.errors, advice),
            paths_of((*locators, lifetime.expires_in, lifetime.expires_at, *reply.ok)),
            reply.format,
            bearer,
            reply.upstream,
            Hosts.compile(hosts),
        )

    def read(
        self,
        reply: IssuerReply,
        wall: float,
        secrets: frozenset[str] = frozenset(),
        *,
        refreshing: bool = False,
        held: str | None = None,
        kept: Mapping[str, Any] = NOTHING,
    ) -> Minted:
        """`wall` is when the request was sent; `secrets` are kept out of messages; `refreshing` says that the grant
        was a stored refresh token, whose `invalid_grant` means a new login; `held` is a token that is prolonged, and
        need not be told again; `kept` is what the replies before it gave. Raises IssuerError.
        """
        located = replace(Located.of(reply, self.form, self.paths, wall), kept=kept)
        why = self._objection(located) if held is None else located.objection(self.ok)
        token = located.find(self.token) if held is None else held
        if why is not None or not isinstance(token, str):
            why = why or ""
            raise self.diagnosis.explain(reply, located.document, why, wall, secrets, refreshing=refreshing)
        value = _checked(token)
        if self.bearer:
            _check_type(located.document)
        cookie = located.cookie(self.token)
        span = self.lifetime.read(
            located.find, value, wall, located.said, cookie=None if cookie is None else cookie.life
        )
        return Minted(
            value,
            span.life,
            span.refresh_in,
            self._optional(located, self.refresh_token),
            self._optional(located, self.scope),
            located.document,
            located.said,
            span.doubt,
            self._upstream(located, first=not refreshing),
        )

    def _upstream(self, located: Located, *, first: bool) -> str | None:
        """A refresh need not name it again. Raises IssuerError for one that is not allowed."""
        said = None if self.upstream is None else located.find(self.upstream)
        if self.upstream is None or self.hosts is None or (said is None and not first):
            return None
        try:
            return named_upstream(said, self.hosts)
        except ValueError as error:
            hint = "See `reply.upstream` and `hosts` of the provider: only what is listed there may be named."
            raise IssuerError(FailureClass.PASSING, str(error), hint=hint) from None

    def _objection(self, located: Located) -> str | None:
        objection = located.objection(self.ok)
        if objection is not None:
            return objection
        token = located.find(self.token)
        if not isinstance(token, str) or not token:
            return located.lacks(self.token)
        if self.form == "text" and self.token == _WHOLE and not WORD.fullmatch(token):
            return "not one word, as a token alone is"
        return None

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
