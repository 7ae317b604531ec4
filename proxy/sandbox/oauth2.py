"""A token endpoint by the book: RFC 6749 with client_credentials and refresh_token, and its discovery document.

Owns: the checks in the order of the RFC, and its error codes. Must not know: HTTP libraries, the clock.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any
from urllib.parse import unquote_plus

from proxy.sandbox.issuer import PUBLIC_KEY, Ask, Desk
from proxy.sandbox.reply import Reply, json_reply, tidy

SCOPES = ("read", "write")
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))  # RFC 6749 §5.1


class Denied(Exception):  # noqa: N818 -- a decision of this file's, not a failure
    def __init__(self, error: str, description: str, status: int = 400, *headers: tuple[str, str]) -> None:
        super().__init__(error)
        document = {"error": error, "error_description": description}
        self.reply = json_reply(status, document, *NO_STORE, *headers)


def oauth2(ask: Ask, desk: Desk) -> Reply:
    try:
        client = _client(ask, desk)
        scope = _scope(ask)
        renewed = _granted(client, ask, desk)
    except Denied as denied:
        return denied.reply
    token = desk.mint()
    document: dict[str, Any] = {
        "access_token": token.value,
        "token_type": "Bearer",
        "expires_in": tidy(desk.left(token)),
        "scope": scope,
    }
    if renewed is not None:
        document["refresh_token"] = renewed
    return json_reply(200, document, *NO_STORE)


def discovery(issuer: str) -> Reply:
    document = {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/token",
        "grant_types_supported": ["client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["token"],
    }
    return json_reply(200, document)


def _client(ask: Ask, desk: Desk) -> str:
    """The authenticated client id (§2.3); a public client may come without a secret."""
    posted = ask.form.get("client_id"), ask.form.get("client_secret")
    if ask.authorization is not None and posted[1] is not None:
        raise Denied("invalid_request", "client authenticated twice: by header and by body")
    client, secret = posted if ask.authorization is None else _basic(ask.authorization)
    if client == PUBLIC_KEY and secret is None:
        return PUBLIC_KEY
    if client is None or client not in desk.keys:
        raise _unauthorized("unknown client")
    if secret != desk.keys[client]:
        raise _unauthorized("wrong client secret")
    return client


def _basic(authorization: str) -> tuple[str, str]:
    """§2.3.1: both halves are form-encoded before they are joined."""
    scheme, _, coded = authorization.partition(" ")
    try:
        joined = base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _unauthorized("the Authorization header is not Basic") from None
    client, colon, secret = joined.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _unauthorized("the Authorization header is not Basic")
    return unquote_plus(client), unquote_plus(secret)


def _unauthorized(description: str) -> Denied:
    return Denied("invalid_client", description, 401, ("WWW-Authenticate", 'Basic realm="sandbox"'))


def _scope(ask: Ask) -> str:
    wanted = ask.form.get("scope", SCOPES[0])
    if not set(wanted.split()) <= set(SCOPES):
        raise Denied("invalid_scope", f"known scopes: {' '.join(SCOPES)}")
    return wanted


def _granted(client: str, ask: Ask, desk: Desk) -> str | None:
    """Whether the grant holds; a rotated refresh token, if it brings one."""
    match ask.form.get("grant_type"):
        case "client_credentials" if client == PUBLIC_KEY:
            raise Denied("unauthorized_client", "a public client cannot use client_credentials")
        case "client_credentials":
            return None
        case "refresh_token":
            return _spent(ask.form.get("refresh_token"), desk)
        case None:
            raise Denied("invalid_request", "grant_type is missing")
        case _:
            raise Denied("unsupported_grant_type", "use client_credentials or refresh_token")


def _spent(given: str | None, desk: Desk) -> str | None:
    if given is None:
        raise Denied("invalid_request", "refresh_token is missing")
    if given not in desk.refresh_tokens:
        raise Denied("invalid_grant", "the refresh token is unknown or was spent")
    if not desk.rotate:
        return None
    desk.refresh_tokens.remove(given)
    renewed = f"sandbox-refresh.{secrets.token_urlsafe(16)}"
    desk.refresh_tokens.add(renewed)
    return renewed
