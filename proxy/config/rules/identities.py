"""How clients prove themselves: what of it contradicts itself or the listeners.

Must not know: files, lines. No finding quotes a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proxy.config.model import Client, Config, JwtClient
from proxy.values.listen import is_loopback
from proxy.values.where import Finding, Where

_WAYS = ("key", "certificate", "jwt")
_NAMED = re.compile(r"(dns|uri|email|cn):\S(.*\S)?|sha256:([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}")


def check_identities(config: Config) -> Iterator[Finding]:
    for index, client in enumerate(config.clients):
        yield from _client(("clients", index), client, config)
    yield from _twice(config.clients)
    yield from _key_sets(config.clients)
    yield from _listener(config)


def _client(where: Where, client: Client, config: Config) -> Iterator[Finding]:
    given = [way for way in _WAYS if getattr(client, way) is not None]
    if not given:
        yield Finding((*where, "key"), "missing; give one of key, certificate and jwt")
    elif len(given) > 1:
        yield Finding((*where, given[1]), f"a client proves itself in one way, and this one has {given[0]}")
    if client.certificate is not None:
        yield from _certificate((*where, "certificate"), client.certificate, config)
    if client.jwt is not None:
        yield from _jwt((*where, "jwt"), client.jwt)


def _certificate(where: Where, names: list[str], config: Config) -> Iterator[Finding]:
    if config.tls is None or config.tls.client_ca is None:
        yield Finding(where, "no certificate is asked for; set tls.client_ca to the authority that issues them")
    if not names:
        yield Finding(where, "expected at least one name")
    for index, name in enumerate(names):
        if not _NAMED.fullmatch(name):
            forms = "dns:NAME, uri:URI, email:ADDRESS, cn:NAME or sha256:FINGERPRINT"
            yield Finding((*where, index), f"expected {forms}", got=True)


def _jwt(where: Where, jwt: JwtClient) -> Iterator[Finding]:
    for key in ("issuer", "jwks_uri"):
        url = getattr(jwt, key)
        if url is not None and url.startswith("http://") and not is_loopback(_host(url)):
            yield Finding((*where, key), "plain http lets anyone on the way choose the keys; use https")
    for name, values in jwt.claims.items():
        if not values:
            yield Finding((*where, "claims", name), "expected at least one value")
    if not jwt.audience or not all(jwt.audience):
        yield Finding((*where, "audience"), "expected what `aud` must name; else any token of the issuer would do")


def _key_sets(clients: list[Client]) -> Iterator[Finding]:
    """An issuer has one set of keys."""
    first: dict[str, tuple[str | None, bool]] = {}
    for index, client in enumerate(clients):
        if (
            client.jwt is not None
            and first.setdefault(client.jwt.issuer.rstrip("/"), way := (client.jwt.jwks_uri, client.jwt.private)) != way
        ):
            words = "the same issuer has another jwks_uri, or another `private`, further up"
            yield Finding(("clients", index, "jwt", "jwks_uri"), words)


def _twice(clients: list[Client]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, client in enumerate(clients):
        for name in client.certificate or ():
            first = seen.setdefault(normal(name), index)
            if first != index:
                yield Finding(("clients", index, "certificate"), f"a name that clients[{first}] has, too")


def _listener(config: Config) -> Iterator[Finding]:
    tls = config.tls
    if tls is None:
        return
    if tls.client_ca is None and tls.client_cert == "required":
        yield Finding(("tls", "client_cert"), "needs client_ca: whose certificates are good?")
    written = [*config.listen, *(route.listen for route in config.routes.values() if route.listen)]
    if all(text.startswith(("unix:", "http:")) for text in written):
        plain = ", nor does http://" if any(text.startswith("http:") for text in written) else ""
        yield Finding(("tls",), f"no listener speaks TLS: unix sockets don't{plain}")
    shown = any(client.certificate is not None for client in config.clients)
    if tls.client_ca is not None and tls.client_cert == "optional" and not shown:
        yield Finding(
            ("tls", "client_ca"), "has no effect: no client has a `certificate`, and client_cert is not `required`"
        )


def normal(name: str) -> str:
    """One spelling of what a certificate is known by: DNS names and digests know no case."""
    kind, _, value = name.partition(":")
    if kind == "sha256":
        value = value.replace(":", "").lower()
    return f"{kind}:{value.lower() if kind == 'dns' else value}"


def _host(url: str) -> str:
    return re.sub(r":\d*$", "", url.split("/")[2]).strip("[]")
