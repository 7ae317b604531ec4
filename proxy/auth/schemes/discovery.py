"""Finding an issuer's token endpoint (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).

Owns: the metadata requests and what makes a document trustworthy. Must not know which grant follows.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

from proxy.auth.failure import TRANSIENT_STATUSES, retry_after, scrub
from proxy.auth.paths import read_json
from proxy.auth.token import IssuerReply, IssuerRequest
from proxy.config.listen import is_loopback
from proxy.errors import FailureClass, IssuerError

Discovery = Generator[IssuerRequest, IssuerReply, str]


def discover(issuer: str, wall: float) -> Discovery:
    """Returns the token endpoint's URL or raises IssuerError."""
    for url in metadata_urls(issuer):
        reply = yield IssuerRequest("GET", url, (("Accept", "application/json"),))
        if reply.status in TRANSIENT_STATUSES:
            raise IssuerError(
                FailureClass.PASSING,
                f"the issuer's metadata can't be had: status {reply.status}",
                retry_after=retry_after(reply.headers, wall),
                again=True,
            )
        document = _document(reply)
        if document is not None:
            return _endpoint(document, issuer)
    raise IssuerError(
        FailureClass.CREDENTIAL,
        "the issuer publishes no metadata",
        hint="Correct `issuer`, or give `token_url` instead.",
    )


def metadata_urls(issuer: str) -> tuple[str, str]:
    """The first is made by appending, the second (RFC 8414) by inserting before the issuer's path."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    root = f"{parts.scheme}://{parts.netloc}"
    return (
        f"{root}{path}/.well-known/openid-configuration",
        f"{root}/.well-known/oauth-authorization-server{path}",
    )


def secure(url: str) -> bool:
    """https, or http to this machine: anything else would send the secret in the open."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None or not url.isascii() or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def _document(reply: IssuerReply) -> dict[str, Any] | None:
    if reply.status != 200:
        return None
    try:
        document = read_json(reply.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) and "token_endpoint" in document else None


def _endpoint(document: dict[str, Any], issuer: str) -> str:
    """RFC 8414 §3.3: a document of another issuer must not be used; it could send the secret elsewhere."""
    named, endpoint = document.get("issuer"), document["token_endpoint"]
    if not isinstance(named, str) or named.rstrip("/") != issuer.rstrip("/"):
        raise IssuerError(
            FailureClass.CREDENTIAL,
            f"the issuer's metadata is of another issuer: {scrub(str(named), frozenset())}",
            hint="Give `issuer` exactly as its metadata spells it.",
        )
    if not isinstance(endpoint, str) or not secure(endpoint):
        raise IssuerError(
            FailureClass.CREDENTIAL,
            "the token endpoint in the issuer's metadata is no https URL",
            hint="Give `token_url` instead of `issuer`.",
        )
    return endpoint
