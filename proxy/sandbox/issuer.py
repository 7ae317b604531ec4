"""Who gets a token, and in what words each style says yes or no.

Owns: the token endpoints of all styles as functions from a request's parts to a reply; `oauth2` has a file of its
own. Must not know: HTTP libraries, the clock. What the issuer has at hand for one request is a `Desk`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from proxy.sandbox.reply import Reply, json_reply, tidy
from proxy.sandbox.tokens import Token

KEY = "sandbox-key"
SECRET = "sandbox-secret"  # noqa: S105 -- made up, and printed in the README
PUBLIC_KEY = "sandbox-public"
"""An oauth2 client without a secret: it may only use refresh tokens."""
REFRESH_TOKEN = "sandbox-refresh"  # noqa: S105 -- made up, and printed in the README


class Ask(NamedTuple):
    """The parts of a token request that any style looks at. `document` is the JSON body, if it was JSON."""

    query: Mapping[str, str] = {}
    form: Mapping[str, str] = {}
    document: Any = None
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    now: float
    keys: Mapping[str, str] = field(repr=False)
    """The accepted keys with their secrets."""
    mint: Callable[[], Token] = field(repr=False)
    refresh_tokens: set[str] = field(default_factory=set, repr=False)
    rotate: bool = False

    def left(self, token: Token) -> float:
        return max(0.0, token.expires - self.now)


def baidu(ask: Ask, desk: Desk) -> Reply:
    """Parameters in the query or as a form, either method; errors as aip.baidubce.com words them."""
    given = {**ask.form, **ask.query}
    if given.get("grant_type") != "client_credentials":
        return _oauth_error(400, "unsupported_grant_type", "The authorization grant type is not supported")
    if given.get("client_id", "") not in desk.keys:
        return _oauth_error(401, "invalid_client", "unknown client id")
    if given.get("client_secret") != desk.keys[given["client_id"]]:
        return _oauth_error(401, "invalid_client", "Client authentication failed")
    token = desk.mint()
    document = {
        "access_token": token.value,
        "expires_in": tidy(desk.left(token)),
        "refresh_token": f"25.sandbox-{token.generation}",
        "scope": "public brain_all_scope wenxinworkshop_default",
        "session_key": "sandbox",
        "session_secret": "sandbox",
    }
    return json_reply(200, document)


def aiob(ask: Ask, desk: Desk) -> Reply:
    """The envelope of AIOB's token V2. Its error codes are not published: these numbers are made up."""
    given = ask.document if isinstance(ask.document, dict) else {}
    key, secret = given.get("accessKey"), given.get("secretKey")
    if not key:
        return _envelope(desk, 400101, "accessKey,不能为空")
    if not secret:
        return _envelope(desk, 400102, "secretKey,不能为空")
    if not isinstance(key, str) or desk.keys.get(key) != secret:
        return _envelope(desk, 400103, "accessKey 或 secretKey 错误")
    token = desk.mint()
    return _envelope(
        desk,
        200,
        "OK",
        {
            "tenantId": 123123,
            "accountId": "sandbox",
            "accessToken": token.value,
            "expiresTime": tidy(desk.left(token) / 60),  # minutes, as the vendor's; a fraction for short lives
            "accessKey": key,
            "secretKey": secret,
        },
    )


def _envelope(desk: Desk, code: int, message: str, data: Any = None) -> Reply:
    """AIOB answers HTTP 200 whatever happens."""
    return json_reply(200, {"time": int(desk.now * 1000), "code": code, "msg": message, "data": data})


def session(ask: Ask, desk: Desk) -> Reply:
    """A client key for an access token, without a secret."""
    key = ask.document.get("clientKey") if isinstance(ask.document, dict) else None
    if not isinstance(key, str) or key not in desk.keys:
        return json_reply(401, {"error": "unauthorized", "message": "invalid clientKey"})
    token = desk.mint()
    return json_reply(200, {"accessToken": token.value, "expiresIn": tidy(desk.left(token))})


def _oauth_error(status: int, error: str, description: str) -> Reply:
    return json_reply(status, {"error": error, "error_description": description})
