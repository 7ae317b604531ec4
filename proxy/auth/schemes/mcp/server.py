"""What an MCP server says of who gives tokens for it (RFC 9728; MCP, authorization).

Owns: the requests that find it out, and what makes the answer trustworthy. Must not know: the client, the login. All
that comes here is a stranger's word: it may lead nowhere but to a place that speaks for itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from proxy.auth.paths import read_json
from proxy.auth.reading.failure import TRANSIENT_STATUSES, retry_after, scrub
from proxy.auth.schemes.oauth2.discovery import Endpoints, Finding, find_endpoints, secure
from proxy.auth.token import Consent, IssuerReply, IssuerRequest, Tls
from proxy.errors import FailureClass, IssuerError

_PARAMETER = re.compile(r'\b(resource_metadata|scope)="([^"]*)"')
_PING = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "ping"}).encode("ascii")
"""To be refused: a POST ends, where a GET may open a stream that does not."""
_ADVICE = "Ask whoever runs the server; nobody was asked to log in."
_WELL_KNOWN = "/.well-known/oauth-protected-resource"


class Asked(NamedTuple):
    """`url` is the server's, `named` what it must call itself."""

    url: str
    named: str
    wall: float
    tls: Tls | None
    consent: Consent

    @property
    def plain(self) -> bool:
        """What it names may be plain http, too: the operator has said so."""
        return self.consent.plain_http and self.url.startswith("http://")


class Server(NamedTuple):
    """`issuer` gives tokens for it; `scope` is what the server asks for, None where it says nothing."""

    issuer: str
    scope: str | None


def ask_server(asked: Asked) -> Finding[Server]:
    """Raises IssuerError. A server that says nothing of itself is its own issuer (MCP of March 2025)."""
    reply = yield _request("POST", asked.url, asked, _PING)
    told = dict(_PARAMETER.findall(reply.headers.get("www-authenticate", ""))) if reply.status == 401 else {}
    for url in _places(asked, told.get("resource_metadata")):
        reply = yield _request("GET", url, asked)
        document = _document(reply, url, asked.wall)
        if document is not None:
            return Server(_issuer(document, asked), told.get("scope") or _scopes(document))
    return Server(_origin(asked.url), told.get("scope"))


def ask_issuer(issuer: str, asked: Asked) -> Finding[Endpoints]:
    """Raises IssuerError for one that can't be trusted with a login."""
    try:
        endpoints = yield from find_endpoints(issuer, asked.wall, asked.tls, asked.consent, metadata_urls)
    except IssuerError as error:
        if error.failure is FailureClass.CREDENTIAL:
            error.hint = _ADVICE  # the config has no key for what a stranger names
        raise
    methods = endpoints.metadata.get("code_challenge_methods_supported")
    if not isinstance(methods, list) or "S256" not in methods:
        raise _refusal(f"the issuer {_shown(issuer)} does not say that it checks PKCE with S256, without which a login"
                       " can be stolen", "Its operator has to enable that; MCP asks for it.")  # fmt: skip
    page = endpoints.authorization
    if page is not None and not page.startswith("https://") and not asked.url.startswith("http://"):
        raise _refusal(f"the issuer {_shown(issuer)} would have the login page opened over plain http")
    return endpoints


def login_page(endpoints: Endpoints) -> str:
    """Raises IssuerError where there is none that may be opened."""
    if endpoints.authorization is not None:
        return endpoints.authorization
    named = endpoints.metadata.get("authorization_endpoint")
    if named is None:
        raise _refusal("the issuer's metadata names no login page")
    raise _refusal(f"the login page in the issuer's metadata is no https URL: {_shown(str(named))}")


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """In the order of MCP: RFC 8414, OpenID Connect inserted, and appended."""
    root, path = _origin(issuer), urlsplit(issuer).path.rstrip("/")
    inserted = (
        f"{root}/.well-known/oauth-authorization-server{path}",
        f"{root}/.well-known/openid-configuration{path}",
    )
    return (*inserted, f"{root}{path}/.well-known/openid-configuration") if path else inserted


def _places(asked: Asked, told: str | None) -> Iterator[str]:
    """Where its metadata may lie: where its challenge says, else where RFC 9728 has it. Raises IssuerError."""
    if told is not None:
        if not secure(told, plain=asked.plain) or _origin(told) != _origin(asked.url):
            raise _refusal(f"the server's challenge leads elsewhere for its metadata: {_shown(told)}")
        yield told
        return
    root, path = _origin(asked.url), urlsplit(asked.url).path.rstrip("/")
    yield from dict.fromkeys((f"{root}{_WELL_KNOWN}{path}", f"{root}{_WELL_KNOWN}"))


def _request(method: str, url: str, asked: Asked, body: bytes | None = None) -> IssuerRequest:
    headers: tuple[tuple[str, str], ...] = (("Accept", "application/json"),)
    if body is not None:
        headers = (("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json"))
    return IssuerRequest(method, url, headers, body, asked.tls, asked.consent)


def _document(reply: IssuerReply, url: str, wall: float) -> dict[str, Any] | None:
    """None where there is none. Raises IssuerError for what may be there another time, or is somewhere else."""
    if reply.status in TRANSIENT_STATUSES:
        message = f"the server's metadata can't be had: status {reply.status}"
        wait = retry_after(reply.headers, wall)
        raise IssuerError(FailureClass.PASSING, message, retry_after=wait, again=True)
    if 300 <= reply.status < 400:
        raise _refusal(f"the server's metadata at {_shown(url)} redirects elsewhere, which is not followed")
    if reply.status != 200:
        return None
    try:
        document = read_json(reply.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _issuer(document: dict[str, Any], asked: Asked) -> str:
    """RFC 9728 §3.3: metadata of another resource must not be used."""
    resource, servers = document.get("resource"), document.get("authorization_servers")
    if not isinstance(resource, str) or _plain(resource) != _plain(asked.named):
        raise _refusal(
            f"the server's metadata is of another resource: {_shown(str(resource))}",
            "If the server may call itself so, write that as the provider's `resource`; else correct `url`.",
        )
    issuer = servers[0] if isinstance(servers, list) and servers else None
    if not isinstance(issuer, str):
        raise _refusal("the server's metadata names no authorization server")
    if not secure(issuer, plain=asked.plain):
        raise _refusal(f"the server's metadata names an authorization server that is no https URL: {_shown(issuer)}")
    return issuer


def _scopes(document: dict[str, Any]) -> str | None:
    scopes = document.get("scopes_supported")
    return " ".join(word for word in scopes if isinstance(word, str)) or None if isinstance(scopes, list) else None


def _plain(url: str) -> str:
    """Scheme and host in any case; an empty path is that of the root (RFC 3986 §6.2). What is no URL stays as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path or "/").geturl()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _shown(text: str) -> str:
    return scrub(text, frozenset())


def _refusal(message: str, hint: str = _ADVICE) -> IssuerError:
    return IssuerError(FailureClass.CREDENTIAL, message, hint=hint)
