"""The four vendors that the sandbox plays: how a token looks, where it sits in a request, how its death shows.

Owns: one row per style. Must not know: how tokens are handed out (`issuer`), or who is calling. The shapes are those
of the vendors' documents: Baidu's OAuth of Qianfan v1, Baidu's AIOB token V2, a client-key session, and RFC 6750.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from proxy.sandbox.reply import Reply, json_reply
from proxy.sandbox.tokens import Standing


class Style(NamedTuple):
    name: str
    value: Callable[[float, float], str]
    """A new random token, from the time and its lifetime."""
    presented: Callable[[Mapping[str, str], Mapping[str, str]], str | None]
    """The token in a request's query and headers, or None."""
    refusal: Callable[[Standing], Reply]


# ------------------------------------------------------------------------------------------- how a token looks


def _baidu_value(now: float, lifetime: float) -> str:
    return f"24.{secrets.token_hex(16)}.{int(lifetime)}.{int(now + lifetime)}.282335-sandbox"


def _aiob_value(_now: float, _lifetime: float) -> str:
    return f"cc-api-auth-v2/10.{secrets.token_hex(16)}"


def _session_value(now: float, lifetime: float) -> str:
    """A JWT in form and signature, whose key nobody keeps: the API looks tokens up and never verifies one."""
    claims = {"sub": "sandbox", "iat": int(now), "exp": int(now + lifetime), "jti": secrets.token_hex(8)}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_base64url(hmac.new(secrets.token_bytes(32), signed.encode(), hashlib.sha256).digest())}"


def _oauth2_value(_now: float, _lifetime: float) -> str:
    return f"sandbox.{secrets.token_urlsafe(24)}"


def _part(claims: Any) -> str:
    return _base64url(json.dumps(claims, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# ------------------------------------------------------------------------------------------- where it sits


def _in_query(query: Mapping[str, str], _headers: Mapping[str, str]) -> str | None:
    return query.get("access_token")


def _raw(_query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    return headers.get("Authorization")


def _bearer(_query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


# ------------------------------------------------------------------------------------------- how its death shows


def _baidu_refusal(standing: Standing) -> Reply:
    if standing is Standing.EXPIRED:
        return json_reply(200, {"error_code": 111, "error_msg": "Access token expired"})
    return json_reply(200, {"error_code": 110, "error_msg": "Access token invalid or no longer valid"})


def _aiob_refusal(_standing: Standing) -> Reply:
    return json_reply(401, {"code": 401, "msg": "token 失效"})


def _session_refusal(_standing: Standing) -> Reply:
    return Reply(403, b"token expired", "text/plain; charset=utf-8")


def _oauth2_refusal(standing: Standing) -> Reply:
    if standing is Standing.MISSING:  # RFC 6750 §3.1: no error code for a request without any credential
        return json_reply(401, {"error": "no access token"}, ("WWW-Authenticate", 'Bearer realm="sandbox"'))
    text = "The access token expired" if standing is Standing.EXPIRED else "The access token is not valid"
    challenge = f'Bearer realm="sandbox", error="invalid_token", error_description="{text}"'
    return json_reply(401, {"error": "invalid_token", "error_description": text}, ("WWW-Authenticate", challenge))


STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style("baidu", _baidu_value, _in_query, _baidu_refusal),
        Style("aiob", _aiob_value, _raw, _aiob_refusal),
        Style("session", _session_value, _bearer, _session_refusal),
        Style("oauth2", _oauth2_value, _bearer, _oauth2_refusal),
    )
}
