"""A login in the browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636, RFC 8252).

Owns: the URL that the person is sent to, and the judgement of whatever comes back. Must not know: sockets, browsers. A
callback is a stranger's word until its `state` is ours; what fails that test changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import field
from typing import NamedTuple

from proxy.auth.reading.failure import scrub
from proxy.auth.schemes.oauth2.discovery import Endpoints
from proxy.auth.schemes.oauth2.grants import scope_fields
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.request import text_pairs, with_query
from proxy.errors import FailureClass, IssuerError
from proxy.values.record import record

_CODE = re.compile(r"[ -~]{1,4096}")  # RFC 6749, appendix A.11


@record
class Attempt:
    """One login. `state` tells its callback from others', `verifier` proves at the end that we began it."""

    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def new(cls, redirect_uri: str) -> Attempt:
        return cls(redirect_uri, secrets.token_urlsafe(24), secrets.token_urlsafe(48))

    def redemption(self, code: str) -> dict[str, str]:
        """The form that turns the code into tokens."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }


class Code(NamedTuple):
    """The issuer's answer to this attempt."""

    code: str

    def __repr__(self) -> str:
        return "Code()"


class Denied(NamedTuple):
    """The answer to this attempt: no. `why` is printable and short. `verified`: it is the issuer who says so."""

    error: str
    why: str
    verified: bool = True


class Foreign(NamedTuple):
    """Not the answer to this attempt, whoever sent it; the real one may yet come."""

    why: str


def challenge(verifier: str) -> str:
    """S256 (RFC 7636 §4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def authorization_url(provider: OAuth2Provider, endpoints: Endpoints, attempt: Attempt) -> str:
    """Where the person logs in. Raises IssuerError if nobody says where that is."""
    if endpoints.authorization is None:
        raise IssuerError(
            FailureClass.CREDENTIAL,
            "the issuer's metadata names no authorization endpoint",
            hint="Give `authorization_url`, or use `grant: device_code` if the issuer offers that.",
        )
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": attempt.redirect_uri,
        "state": attempt.state,
        "code_challenge": challenge(attempt.verifier),
        "code_challenge_method": "S256",
        **scope_fields(provider),
        **dict(text_pairs(provider.authorization_params)),
    }
    return with_query(endpoints.authorization, query)


def judge(query: Sequence[tuple[str, str]], attempt: Attempt, endpoints: Endpoints) -> Code | Denied | Foreign:
    """What a callback with this query means."""
    known = dict(query)
    if len(known) < len(query):
        return Foreign("a parameter came twice")  # RFC 6749 §3.1
    if not hmac.compare_digest(known.get("state", "").encode("utf-8"), attempt.state.encode("ascii")):
        return Foreign("its state is not that of this login")
    strange = _wrong_issuer(known.get("iss"), endpoints)
    # Login pages forget who they are in their errors. Such a one brings no code that could be sent to the wrong issuer,
    # and where it is not heard, the person waits for nothing.
    if "error" in known and (strange is None or "iss" not in known):
        error = scrub(known["error"], frozenset())
        return Denied(error, scrub(known.get("error_description", ""), frozenset()) or error, strange is None)
    if strange is not None:
        return Foreign(strange)
    code = known.get("code", "")
    return Code(code) if _CODE.fullmatch(code) else Foreign("it brings no code")


def _wrong_issuer(named: str | None, endpoints: Endpoints) -> str | None:
    """RFC 9207 §2.4: an answer of another issuer would have us send its code to ours, or ours to it."""
    if endpoints.issuer is None or (named is None and not endpoints.announces_itself):
        return None
    if named is None:
        return "it does not say which issuer it comes from"
    return None if named == endpoints.issuer else "it comes from another issuer"
