"""As whom a login at an MCP server's issuer is made: a client that is known there, one that shows its document, or one
that is registered for it (RFC 7591).

Owns: the choice, the registration and what makes its reply one. Must not know: the server, tokens.
"""

from __future__ import annotations

import json
from typing import Any

from proxy.auth.paths import read_json
from proxy.auth.reading.failure import Diagnosis, scrub
from proxy.auth.schemes.mcp.keys import McpProvider
from proxy.auth.schemes.oauth2.discovery import Endpoints, Finding, secure
from proxy.auth.token import Consent, IssuerReply, IssuerRequest, Registration, Tls
from proxy.errors import FailureClass, IssuerError

NAME = "Keyless"
LONGEST = 4096
"""Characters of an id or a secret."""
_WORDS = {"none": "none", "client_secret_post": "post", "client_secret_basic": "basic"}
"""How a client proves itself, in the registry's words, and in the config's; what we ask for first."""
_DIAGNOSIS = Diagnosis.compile("error_description", ())


def given_client(provider: McpProvider, endpoints: Endpoints) -> Registration | None:
    """The client that needs no registration; None where there is none."""
    issuer = endpoints.issuer or ""
    if provider.client_id is not None:
        return Registration(issuer, provider.client_id, client_auth=given_auth(provider))
    document = provider.client_metadata
    if document is not None and endpoints.metadata.get("client_id_metadata_document_supported") is True:
        return Registration(issuer, document)
    return None


def given_auth(provider: McpProvider) -> str:
    return provider.client_auth or ("none" if provider.client_secret is None else "basic")


def register(
    endpoints: Endpoints, redirect_uri: str, wall: float, tls: Tls | None, consent: Consent
) -> Finding[Registration]:
    """A client of this machine's own, for one login. Raises IssuerError."""
    url = endpoints.metadata.get("registration_endpoint")
    if url is None:
        raise IssuerError(
            FailureClass.CREDENTIAL,
            "the issuer registers no clients by itself",
            hint=f"Register one there, with the redirect URI {redirect_uri} (any port), and give its `client_id`.",
        )
    plain = consent.plain_http and (endpoints.issuer or "").startswith("http://")
    if not isinstance(url, str) or not secure(url, plain=plain):
        raise _unusable("the issuer's registration endpoint is no https URL")
    headers = (("Accept", "application/json"), ("Content-Type", "application/json"))
    body = json.dumps(_wanted(endpoints, redirect_uri)).encode("ascii")
    reply = yield IssuerRequest("POST", url, headers, body, tls, consent)
    return _registration(endpoints.issuer or "", reply, wall)


def _wanted(endpoints: Endpoints, redirect_uri: str) -> dict[str, Any]:
    """RFC 7591 §2; a native application, whose redirect may lead to this machine."""
    offered = endpoints.metadata.get("token_endpoint_auth_methods_supported")
    methods = [word for word in _WORDS if not isinstance(offered, list) or word in offered]
    return {
        "client_name": NAME,
        "application_type": "native",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": (methods or ["none"])[0],
    }


def _registration(issuer: str, reply: IssuerReply, wall: float) -> Registration:
    try:
        document = read_json(reply.body)
    except ValueError:
        document = None
    if not (200 <= reply.status < 300 and isinstance(document, dict)):
        error = _DIAGNOSIS.explain(reply, document, "it registers no client", wall, frozenset(), refreshing=False)
        error.hint = "Give a `client_id` that the issuer knows, or `client_metadata`, if it takes those."
        raise error
    client_id, secret = _word(document, "client_id"), _word(document, "client_secret")
    word = _word(document, "token_endpoint_auth_method") or ("client_secret_basic" if secret else "none")
    if client_id is None:
        raise _unusable("the issuer's reply to the registration holds no client id that can be used")
    if word not in _WORDS or (word != "none" and secret is None):
        way = scrub(word, frozenset())
        raise _unusable(f"the registered client is to prove itself in a way that can't be: {way}")
    return Registration(issuer, client_id, None if word == "none" else secret, _WORDS[word])


def _word(document: dict[str, Any], name: str) -> str | None:
    text = document.get(name)
    fits = isinstance(text, str) and 0 < len(text) <= LONGEST and text.isascii() and text.isprintable()
    return text if fits else None


def _unusable(message: str) -> IssuerError:
    return IssuerError(FailureClass.CREDENTIAL, message, hint="Give a `client_id` that the issuer knows.")
