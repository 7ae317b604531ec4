"""Finding an issuer's endpoints (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).

Owns: the metadata requests and what makes a document trustworthy. Must not know which grant follows.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from proxy.auth.paths import read_json
from proxy.auth.reading.failure import TRANSIENT_STATUSES, retry_after, scrub
from proxy.auth.token import Consent, IssuerReply, IssuerRequest, Tls
from proxy.errors import FailureClass, IssuerError
from proxy.values.listen import is_loopback

T = TypeVar("T")
Finding = Generator[IssuerRequest, IssuerReply, T]
Places = Callable[[str], tuple[str, ...]]
"""The URLs at which an issuer's metadata may lie, in the order in which they are asked."""


class Endpoints(NamedTuple):
    """`issuer`: as the metadata names it. `announces_itself`: each callback of a login carries it (RFC 9207).
    `metadata` is all of it, as it came; `scope`, what a login should ask for where the config says nothing.
    """

    token: str
    authorization: str | None = None
    device: str | None = None
    revocation: str | None = None
    issuer: str | None = None
    announces_itself: bool = False
    metadata: Mapping[str, Any] = MappingProxyType({})
    scope: str | None = None


def find_endpoints(issuer: str, wall: float, tls: Tls | None, consent: Consent, places: Places) -> Finding[Endpoints]:
    """Raises IssuerError. `consent` is the provider's."""
    for url in places(issuer):
        reply = yield IssuerRequest("GET", url, (("Accept", "application/json"),), tls=tls, consent=consent)
        if reply.status in TRANSIENT_STATUSES:
            raise IssuerError(
                FailureClass.PASSING,
                f"the issuer's metadata can't be had: status {reply.status}",
                retry_after=retry_after(reply.headers, wall),
                again=True,
            )
        document = _document(reply)
        if document is not None:
            return _endpoints(document, issuer, tls, plain=consent.plain_http and issuer.startswith("http://"))
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


def secure(url: str, *, plain: bool = False) -> bool:
    """https, or http to this machine: anything else would send the secret in the open. `plain`: that is meant."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None or not url.isascii() or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and (plain or is_loopback(host)))


def _document(reply: IssuerReply) -> dict[str, Any] | None:
    if reply.status != 200:
        return None
    try:
        document = read_json(reply.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) and "token_endpoint" in document else None


def _endpoints(document: dict[str, Any], issuer: str, tls: Tls | None, *, plain: bool) -> Endpoints:
    """RFC 8414 §3.3: a document of another issuer must not be used; it could send the secret elsewhere.

    `plain`: the document itself came over plain http, as the config allows, and so may what it names.
    """
    named = document.get("issuer")
    if not isinstance(named, str) or named.rstrip("/") != issuer.rstrip("/"):
        raise IssuerError(
            FailureClass.CREDENTIAL,
            f"the issuer's metadata is of another issuer: {scrub(str(named), frozenset())}",
            hint="Give `issuer` exactly as its metadata spells it.",
        )
    aliases = document.get("mtls_endpoint_aliases") if tls is not None and tls.cert is not None else None
    if isinstance(aliases, dict):  # RFC 8705 §5: where it asks for our certificate
        document = document | aliases
    token = _url(document, "token_endpoint", plain)
    if token is None:
        raise IssuerError(
            FailureClass.CREDENTIAL,
            "the token endpoint in the issuer's metadata is no https URL",
            hint="Give `token_url` instead of `issuer`.",
        )
    return Endpoints(
        token,
        _url(document, "authorization_endpoint", plain),
        _url(document, "device_authorization_endpoint", plain),
        _url(document, "revocation_endpoint", plain),
        named,
        document.get("authorization_response_iss_parameter_supported") is True,
        document,
    )


def _url(document: dict[str, Any], name: str, plain: bool) -> str | None:
    url = document.get(name)
    return url if isinstance(url, str) and secure(url, plain=plain) else None
