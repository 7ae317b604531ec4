"""What an issuer's failing reply means: its class, a message for the operator, and advice.

Owns: which class a failure is of (docs/lifecycle.md#back-off, #the-issuer-call), and the hints. Must not know how a
good reply is read. Nothing that leaves here holds a secret: vendors do echo them, so each text of theirs is scrubbed,
cut and made printable.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from proxy.auth.keys.reply import ErrorRule
from proxy.auth.paths import Path, as_text, compile_path
from proxy.auth.reading.lifetime import skew_told
from proxy.auth.reading.times import dated, http_date
from proxy.auth.rules import PREFIX, Conditions
from proxy.auth.spellings import spellings
from proxy.auth.token import IssuerReply
from proxy.errors import FailureClass, IssuerError

_CODE_PATHS = ("error", "error.code", "error.status", "error_code", "errcode", "errorCode", "code")
_WORD_PATHS = ("error_description", "error.message", "msg", "message", "errmsg", "error_msg", "errorMessage", "detail")
_CODES = tuple(map(compile_path, _CODE_PATHS))
_WORDS = tuple(map(compile_path, (*_WORD_PATHS, "error")))
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

TRANSIENT_STATUSES = frozenset({408, 429, *range(500, 600)})
TRANSIENT_CODES = frozenset({"server_error", "temporarily_unavailable"})

HINTS = {
    "invalid_client": "Check the client id and the client secret, and how they are sent (`client_auth`).",
    "unauthorized_client": "The issuer doesn't let this client use this grant; enable it in the issuer's console.",
    "invalid_scope": "Correct `scope`: the issuer doesn't know it, or doesn't grant it to this client.",
    "unsupported_grant_type": "The issuer doesn't offer this grant; correct `grant`, or `params.grant_type`.",
    "invalid_request": "The issuer misses a parameter or dislikes one; compare `params` with its documentation.",
    "invalid_target": "Correct `audience`: the issuer doesn't know it.",
    "access_denied": "The issuer doesn't allow this; ask its administrator.",
    "redirect_uri_mismatch": "The grant in use is probably the wrong one; else register the redirect URI.",
    "invalid_grant": "The issuer doesn't grant this to the client; check that the service is enabled for the account.",
}
"""Errors that say the credential or its use is wrong (RFC 6749 §5.2, RFC 8693), with what to do."""

_LOGIN_HINT = "The refresh token is no longer valid: log in again and configure the new one."
_REDIRECT_HINT = "The token endpoint redirects, and a redirect is never followed with a secret: correct the URL."
_STATUS_HINTS = {
    400: "Compare the token request with the issuer's documentation.",
    401: "Check the credential: its id, its secret, and where they are sent.",
    403: "Check the credential and what it is allowed, the issuer's IP allow-list included.",
    404: "There is no token endpoint at this URL: correct it.",
    405: "The token endpoint doesn't take this method: correct the URL or the method.",
}
_TEXT_HINTS = (
    (
        re.compile(r"unknown client|client.{0,12}not (found|exist)|invalid client.?id", re.IGNORECASE),
        "The issuer doesn't know the client id (API key): check it for missing characters, and the account it is of.",
    ),
    (
        re.compile(r"client authentication failed|(invalid|incorrect|wrong|bad) client.?secret", re.IGNORECASE),
        "The issuer knows the client id but refuses the client secret: check or renew the secret.",
    ),
    (
        re.compile(r"white.?list|allow.?list|白名单|\bip\b.{0,24}\bnot\b.{0,12}\b(allowed|permitted)", re.IGNORECASE),
        "Add this machine's public address to the issuer's IP allow-list.",
    ),
)
_QUOTA = re.compile(
    r"quota|too many requests|(rate|daily|request|qps) limit|limit (exceeded|reached)|配额|超限|限流", re.IGNORECASE
)
_QUOTA_HINT = "A quota of the issuer is used up: wait, ask for more, or set `refresh.min_interval`."


_WRONG_CLOCK = 120.0
"""Seconds; a request may have been on its way for some of them."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How one provider's failures are told apart; compiled once."""

    description: Path | None
    rules: tuple[tuple[frozenset[int] | None, Conditions, FailureClass, str | None], ...]

    @classmethod
    def compile(cls, description: str | None, rules: Sequence[ErrorRule]) -> Diagnosis:
        return cls(
            None if description is None else compile_path(description),
            tuple(
                (
                    None if rule.status is None else frozenset(rule.status),
                    Conditions.compile(rule.json_, rule.message, rule.body),
                    FailureClass(rule.class_),
                    rule.hint,
                )
                for rule in rules
            ),
        )

    def explain(
        self, reply: IssuerReply, document: Any, why: str, wall: float, secrets: frozenset[str], *, refreshing: bool
    ) -> IssuerError:
        """The error for a reply that is no token. `why` is ours and names what was missing from a 2xx."""
        code = error_code(document, secrets)
        words = scrub(self._description(document), secrets)
        failure, hint = self._ruled(reply, document) or _classify(reply.status, code, words, refreshing=refreshing)
        transient = reply.status in TRANSIENT_STATUSES or code in TRANSIENT_CODES
        if not transient and (told := _clock(reply, wall)) is not None:
            hint = f"{told} {hint or ''}".rstrip()
        said = ": ".join(filter(None, (code, words if words != code else None)))
        return IssuerError(
            failure,
            f"the issuer answered {reply.status}" + (f" {said}" if said else "") + (f" ({why})" if why else ""),
            error=code,
            hint=hint,
            retry_after=retry_after(reply.headers, wall) if failure is FailureClass.PASSING else None,
            again=failure is FailureClass.PASSING and transient,
        )

    def _ruled(self, reply: IssuerReply, document: Any) -> tuple[FailureClass, str | None] | None:
        beginning = reply.body[:PREFIX]
        for statuses, conditions, failure, hint in self.rules:
            if (statuses is None or reply.status in statuses) and conditions.match(document, beginning):
                return failure, hint
        return None

    def _description(self, document: Any) -> str:
        for path in (self.description, *_WORDS):
            text = None if path is None else path.find(document)
            if isinstance(text, str) and text.strip():
                return text
        return ""


def _clock(reply: IssuerReply, wall: float) -> str | None:
    """What a wrong clock has signed is refused for reasons that name all but the clock."""
    said = dated(reply.headers)
    ahead = 0.0 if said is None else said - wall
    if abs(ahead) < _WRONG_CLOCK:
        return None
    return f"Set this machine's clock, if it is the wrong one: {skew_told(ahead)}."


def _classify(status: int, code: str | None, words: str, *, refreshing: bool) -> tuple[FailureClass, str | None]:
    if status in (408, 429) or _QUOTA.search(words):
        return FailureClass.PASSING, (_QUOTA_HINT if status != 408 else None)
    if code == "invalid_grant" and refreshing:
        return FailureClass.LOGIN, _LOGIN_HINT
    if code in HINTS:
        return FailureClass.CREDENTIAL, _text_hint(words) or HINTS[code]
    if 300 <= status < 400:
        return FailureClass.CREDENTIAL, _REDIRECT_HINT
    if 400 <= status < 500 and code not in TRANSIENT_CODES:
        return FailureClass.CREDENTIAL, _text_hint(words) or _STATUS_HINTS.get(status, _STATUS_HINTS[400])
    return FailureClass.PASSING, _text_hint(words)


def _text_hint(words: str) -> str | None:
    return next((hint for pattern, hint in _TEXT_HINTS if pattern.search(words)), None)


def error_code(document: Any, secrets: frozenset[str]) -> str | None:
    """The issuer's error code, if it looks like one: it may be shown to clients, prose may not."""
    for path in _CODES:
        text = as_text(path.find(document))
        if text is None or not _CODE.fullmatch(text):
            continue
        if text in HINTS or text in TRANSIENT_CODES or not any(each in text for each in _spellings(secrets)):
            return text
    return None


def retry_after(headers: Mapping[str, str], wall: float) -> float | None:
    """Seconds, from either form of RFC 9110 §10.2.3; None if it is absent, past or nonsense.

    A date is by the issuer's clock; `wall` is ours, for a reply that doesn't tell what that says.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text, re.ASCII):
        return float(text)
    moment = http_date(text)
    said = dated(headers)
    now = wall if said is None else said
    return None if moment is None or not 0 < moment - now < math.inf else moment - now


def scrub(text: str, secrets: frozenset[str]) -> str:
    """A vendor's text, fit for a log line: no secret in any spelling, printable, at most 200 characters."""
    for spelling in sorted(_spellings(secrets), key=len, reverse=True):
        text = text.replace(spelling, "***")
    printable = "".join(character if character.isprintable() else " " for character in text)
    short = " ".join(printable.split())
    return short if len(short) <= 200 else short[:199] + "…"


def _spellings(secrets: frozenset[str]) -> set[str]:
    """Short ones too: what an issuer is told is a secret, and its prose is no client's data."""
    found = {spelling.decode() for secret in secrets for spelling in spellings(secret)}
    for secret in filter(None, secrets):
        encoded = (quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace"))
        found.update((secret, *encoded, json.dumps(secret)[1:-1]))
    return found
