"""What an issuer means by a code and by words: the class of a failure, and what the operator should do.

Owns: the hints, and the words that real servers use (issue 11, line 23). Must not know: where code and words stand in
a reply, or how they are shown. One text of theirs often stands for several causes; then the hint names them all.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from proxy.errors import FailureClass

TRANSIENT_CODES = frozenset({"server_error", "temporarily_unavailable"})

HINTS = {
    "invalid_client": "Check the client id and the client secret, and how they are sent (`client_auth`).",
    "unauthorized_client": "The issuer doesn't let this client use this grant: enable it in the issuer's console. "
    "Some say so of a wrong client id or client secret, too.",
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
_SCOPE_HINT = "The issuer wants a scope: set `scope`."
_PERSON_HINT = "The issuer refuses the user name or the password: check both."
_STATUS_HINTS = {
    400: "Compare the token request with the issuer's documentation.",
    401: "Check the credential: its id, its secret, and where they are sent.",
    403: "Check the credential and what it is allowed, the issuer's IP allow-list included.",
    404: "There is no token endpoint at this URL: correct it.",
    405: "The token endpoint doesn't take this method: correct the URL or the method.",
}
_TEXT_HINTS = (
    (
        re.compile(r"client authentication failed|invalid client (credential|authentication)", re.IGNORECASE),
        "The issuer refuses the client id or the client secret, with one text for both: check them, and `client_auth`.",
    ),
    (
        re.compile(r"unknown client|client.{0,12}not (found|exist)|invalid client.?id", re.IGNORECASE),
        "The issuer doesn't know the client id (API key): check it for missing characters, and the account it is of.",
    ),
    (
        re.compile(r"(invalid|incorrect|wrong|bad) client.?secret", re.IGNORECASE),
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

_DEAD = re.compile(
    r"(invalid|expired|revoked|unknown|malformed)[ _-]?refresh[ _-]?token|\btoken_expired\b"
    r"|refresh[ _-]?token\b.{0,40}\b(invalid|expired|revoked|unknown|not (found|valid|active|exist))",
    re.IGNORECASE,
)
"""Of a refresh token; the first, in capitals, is Firebase's."""
_LACKING = re.compile(r"missing|required|\bmust\b|parameter|scope|client|content.?type|unsupported", re.IGNORECASE)
"""What else an `invalid_request` may be about."""
_SCOPELESS = re.compile(
    r"(missing|required?s?|must (contain|include|have|specify)|without|empty|\bno)\b.{0,60}\bscopes?\b"
    r"|\bscopes?\b.{0,40}\b(missing|required|must|empty|not (given|provided|specified|present))",
    re.IGNORECASE,
)
_PERSON = re.compile(r"user.?name|password|resource owner|invalid credentials", re.IGNORECASE)
_OF_A_PERSON = frozenset({"invalid_grant", "access_denied"})
_OF_THE_CLIENT = frozenset({"invalid_client", "unauthorized_client", "invalid_request"})
_REFUSING = frozenset({401, 403})


class Said(NamedTuple):
    """A reply that is no token: what can be told of it. `empty`: it has no body."""

    status: int
    code: str | None
    words: str
    empty: bool = False

    def __repr__(self) -> str:
        return f"<Said {self.status}>"  # an issuer's words may hold what it was sent


class Advice(NamedTuple):
    """What a provider's own config makes of a refusal. `person`: a user name and a password are sent (`grant:
    password`); `scopeless`: no scope is asked for; `proof`: what may be wrong with how the client proves itself.
    """

    person: bool = False
    scopeless: bool = False
    proof: str | None = None


PLAIN = Advice()


def meaning(said: Said, advice: Advice, *, refreshing: bool) -> tuple[FailureClass, str | None]:
    """The class, and a hint. `refreshing`: a stored refresh token was sent, whose death means a new login."""
    status, code, words = said.status, said.code, said.words
    if status in (408, 429) or _QUOTA.search(words):
        return FailureClass.PASSING, (_QUOTA_HINT if status != 408 else None)
    if refreshing and _is_dead(said):
        return FailureClass.LOGIN, _LOGIN_HINT
    if code in HINTS or (400 <= status < 500 and code not in TRANSIENT_CODES):
        return FailureClass.CREDENTIAL, _mending(said, advice)
    if 300 <= status < 400:
        return FailureClass.CREDENTIAL, _REDIRECT_HINT
    return FailureClass.PASSING, _text_hint(words)


def _is_dead(said: Said) -> bool:
    if said.code == "invalid_grant":
        return True
    if not 400 <= said.status < 500:
        return False
    if said.code == "invalid_request" and not _LACKING.search(said.words):
        return True
    return (said.status == 400 and said.empty) or _DEAD.search(f"{said.code} {said.words}") is not None


def _mending(said: Said, advice: Advice) -> str:
    """What to do about a credential, or a use of it, that is wrong."""
    code, words = said.code, said.words
    if _SCOPELESS.search(words) or (advice.scopeless and code == "invalid_scope"):
        return _SCOPE_HINT
    wordless = code is None and said.status in _REFUSING
    if advice.person and (code in _OF_A_PERSON or wordless or _PERSON.search(words)):
        return _PERSON_HINT
    hint = _text_hint(words) or HINTS.get(code or "") or _STATUS_HINTS.get(said.status, _STATUS_HINTS[400])
    of_the_client = code in _OF_THE_CLIENT or (code is None and said.status in (400, *_REFUSING))
    return f"{hint} {advice.proof}" if advice.proof is not None and of_the_client else hint


def _text_hint(words: str) -> str | None:
    return next((hint for pattern, hint in _TEXT_HINTS if pattern.search(words)), None)
