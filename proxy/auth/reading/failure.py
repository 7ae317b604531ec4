"""An issuer's failing reply becomes an error: its class, a message for the operator, and advice.

Owns: where code and words stand, the provider's own rules, and the message (docs/lifecycle.md#the-issuer-call). Must
not know: what a code means (meaning.py), or how a good reply is read. Nothing that leaves here holds a secret: vendors
do echo them, so each text of theirs is scrubbed, cut and made printable.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

from proxy.auth.keys.reply import ErrorRule
from proxy.auth.paths import Path, as_text, compile_path
from proxy.auth.reading.lifetime import skew_told
from proxy.auth.reading.meaning import HINTS, PLAIN, TRANSIENT_CODES, Advice, Said, meaning
from proxy.auth.reading.times import dated, http_date
from proxy.auth.rules import PREFIX, Conditions
from proxy.auth.spellings import spellings
from proxy.auth.token import IssuerReply
from proxy.errors import FailureClass, IssuerError
from proxy.values.record import record

_CODE_PATHS = ("error", "error.code", "error.status", "error_code", "errcode", "errorCode", "code")
_WORD_PATHS = ("error_description", "error.message", "msg", "message", "errmsg", "error_msg", "errorMessage", "detail")
_CODES = tuple(map(compile_path, _CODE_PATHS))
_WORDS = tuple(map(compile_path, (*_WORD_PATHS, "error")))
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

TRANSIENT_STATUSES = frozenset({408, 429, *range(500, 600)})

_WRONG_CLOCK = 120.0
"""Seconds; a request may have been on its way for some of them."""


@record
class Diagnosis:
    """How one provider's failures are told apart; compiled once."""

    description: Path | None
    rules: tuple[tuple[frozenset[int] | None, Conditions, FailureClass, str | None], ...]
    advice: Advice = PLAIN

    @classmethod
    def compile(cls, description: str | None, rules: Sequence[ErrorRule], advice: Advice = PLAIN) -> Diagnosis:
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
            advice,
        )

    def explain(
        self, reply: IssuerReply, document: Any, why: str, wall: float, secrets: frozenset[str], *, refreshing: bool
    ) -> IssuerError:
        """The error for a reply that is no token. `why` is ours and names what was missing from a 2xx."""
        code = error_code(document, secrets)
        words = scrub(self._description(document), secrets)
        told = Said(reply.status, code, words, not reply.body.strip())
        failure, hint = self._ruled(reply, document) or meaning(told, self.advice, refreshing=refreshing)
        transient = reply.status in TRANSIENT_STATUSES or code in TRANSIENT_CODES
        if not transient and (clock := _clock(reply, wall)) is not None:
            hint = f"{clock} {hint or ''}".rstrip()
        said = _once(str(reply.status), code, words)
        return IssuerError(
            failure,
            f"the issuer answered {said}" + (f" ({why})" if why else ""),
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


def _once(status: str, code: str | None, words: str) -> str:
    """The three of them; one with which the next begins stands there alone."""
    parts = [status, *filter(None, (code, words))]
    said = [part for part, after in zip(parts, [*parts[1:], ""], strict=True) if not _begins(after, part)]
    return f"{status} {code}: {words}" if len(said) == 3 else " ".join(said)


def _begins(text: str, word: str) -> bool:
    return text.startswith(word) and not text[len(word) : len(word) + 1].isalnum()


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
