"""What the model alone can't see: names that must exist, places that must fit together.

Owns: every rule between two parts of a config. Must not know: files, lines, the environment. Findings don't quote
values, which may have come out of `${...}`; the loader adds what the user wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from proxy.auth.keys.check import check_provider, template_findings
from proxy.auth.reading.upstream import HOLE
from proxy.config.model import Config, HeaderEdits, Route
from proxy.config.model.client import SHORTEST
from proxy.config.rules.clients import check_clients, check_rates
from proxy.config.rules.identities import check_identities
from proxy.config.rules.loops import check_loops
from proxy.config.rules.passing import check_beside, check_passing
from proxy.config.rules.reach import check_upstream
from proxy.config.rules.tracing import check_tracing
from proxy.config.secrets.seal import SHORTEST as SHORTEST_KEY
from proxy.http.grammar import field_problem
from proxy.values.listen import Listener, parse
from proxy.values.names import Names
from proxy.values.record import record
from proxy.values.redis_url import RedisUrl
from proxy.values.template import Template
from proxy.values.where import Finding, Where

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?", re.ASCII)
_CERTIFIED = ("127.0.0.1", "::1", "localhost")
_EXPOSED = "without clients only this machine may reach the proxy"
_WAYS_OUT = "; add `clients` with a key each, or say `anyone: true`, or listen on 127.0.0.1"


@record
class Known:
    """What the file names, also where its content is wrong and so not in the model. None: can't be told."""

    providers: Names | None
    routes: Names | None
    guarded: bool
    presets: Collection[str] = ()


def check(config: Config, known: Known) -> Iterator[Finding]:
    """Every mistake between the parts of a config."""
    yield from _listeners(config, known)
    for name, provider in config.providers.items():
        yield from _name(("providers", name), name)
        yield from check_provider(("providers", name), provider)
    for prefix, route in config.routes.items():
        yield from _route(("routes", prefix), prefix, route, config, known)
    yield from check_clients(config.clients, known.routes, known.providers)
    yield from check_identities(config)
    yield from check_loops(config)
    yield from check_tracing(config)
    yield from _browser(config)
    yield from _store(config)
    if config.audit is not None and config.audit.key is not None:
        yield from _key(("audit", "key"), config.audit.key)
    if config.admin.key is not None and len(config.admin.key) < SHORTEST:
        yield Finding(("admin", "key"), f"expected at least {SHORTEST} characters")


def _name(where: Where, provider: str) -> Iterator[Finding]:
    if provider == "none":
        yield Finding(where, "`none` means a route without a credential; give the provider another name")
    if not provider or re.search(r"[/\s\x00-\x1f\x7f]", provider):
        yield Finding(where, "a provider's name can't be empty, nor hold a slash or blanks: it stands in URLs")


def _browser(config: Config) -> Iterator[Finding]:
    for index, host in enumerate(config.browser.hosts or []):
        if not _HOST.fullmatch(host):
            reason = "expected a name or an address, such as proxy.example.com or [::1]:8080; each is listed by itself"
            yield Finding(("browser", "hosts", index), reason, got=True)


def _store(config: Config) -> Iterator[Finding]:
    if config.store.startswith("redis") and not config.store_key:
        yield Finding(("store",), "a store for several machines needs store_key, the same on all of them")
    if config.store.startswith("redis"):
        try:
            RedisUrl.parse(config.store)
        except ValueError as error:
            yield Finding(("store",), str(error))
    if config.store_key is not None:
        yield from _key(("store_key",), config.store_key)


def _key(where: Where, keys: Sequence[str]) -> Iterator[Finding]:
    if not keys or min(map(len, keys)) < SHORTEST_KEY:
        yield Finding(where, "expected at least 16 characters; `keyless seal --new-key` makes one")


def _listeners(config: Config, known: Known) -> Iterator[Finding]:
    main: list[tuple[Where, str]] = [(("listen", index), text) for index, text in enumerate(config.listen)]
    own: list[tuple[Where, str]] = [
        (("routes", prefix, "listen"), route.listen) for prefix, route in config.routes.items() if route.listen
    ]
    pages: list[tuple[Where, str]] = [(("admin", "listen"), config.admin.listen)] if config.admin.listen else []
    seen: list[tuple[Where, Listener]] = []
    for where, text in (*main, *own, *pages):
        try:
            listener = parse(text, config.tls is not None)
        except ValueError as error:
            yield Finding(where, str(error), got=True)
            continue
        yield from _listener(where, listener, seen, config, known)
        seen.append((where, listener))
    if not config.listen:
        yield Finding(("listen",), "expected at least one address, such as 127.0.0.1:8080")


def _listener(
    where: Where, listener: Listener, seen: Sequence[tuple[Where, Listener]], config: Config, known: Known
) -> Iterator[Finding]:
    twin = next((other for other, known_there in seen if listener.meets(known_there)), None)
    if where[0] == "listen":
        if any(listener.port + len(listener.path) and listener.address == other.address for _, other in seen):
            yield Finding(where, "listed twice")
    elif twin is not None:
        whose = f"routes.{twin[1]}.listen" if twin[0] == "routes" else "listen"
        yield Finding(where, f"the address of `{whose}`, too; one address serves one route alone, or all", got=True)
    if where[0] == "routes" and not listener.port and not listener.path:
        yield Finding(where, "expected a port: programs must know where their route is", got=True)
    if listener.tls and config.tls is None:
        yield Finding(where, "https needs a certificate", "; add `tls: local`, or files of your own", got=True)
    if listener.tls and config.tls is not None and config.tls.is_local and listener.host not in _CERTIFIED:
        yield Finding(where, "`tls: local` is for 127.0.0.1, [::1] and localhost alone", got=True)
    if where[0] == "admin":
        if not listener.loopback and config.admin.key is None:
            yield Finding(where, "where other machines reach it, it needs `admin.key`", got=True)
    elif not listener.loopback and not known.guarded:
        yield Finding(where, _EXPOSED, _WAYS_OUT, got=True)


def _route(where: Where, prefix: str, route: Route, config: Config, known: Known) -> Iterator[Finding]:
    yield from _prefix(where, prefix, config.admin.path)
    provider = config.providers.get(route.provider)
    if route.provider != "none" and known.providers is not None and route.provider not in known.providers:
        hint = known.providers.near(route.provider, "none", *known.presets)
        yield Finding((*where, "provider"), "no such provider or preset", hint or _choice(known.providers), got=True)
    if route.stand_in and route.provider == "none":
        yield Finding((*where, "stand_in"), "without a provider there is no token that could be asked for")
    elif route.stand_in is True and provider is not None and provider.stand_in is None:
        advice = "its provider has no stand_in; write the path where tokens are asked for, such as /oauth/2.0/token"
        yield Finding((*where, "stand_in"), advice)
    if route.require_scope is not None and route.provider == "none":
        yield Finding((*where, "require_scope"), "without a provider there is no token that could have a scope")
    yield from check_passing((*where, "pass"), route, provider)
    in_path = HOLE not in route.upstream and _is_filled(route.upstream)
    yield from check_beside(where, route, provider, in_path=in_path)
    yield from _upstream((*where, "upstream"), route, config)
    yield from check_rates((*where, "rate"), route.rate)
    for key, edits in (("headers", route.headers), ("reply_headers", route.reply_headers)):
        yield from _edits((*where, key), edits)


def _choice(providers: Names) -> str:
    return f"; there are {providers.choice()} and none" if providers else "; there are no providers, but `none`"


def _prefix(where: Where, prefix: str, admin: str) -> Iterator[Finding]:
    if f"{prefix}/".startswith(admin):
        yield Finding(where, f"{admin} is the proxy's own; choose another prefix, or another admin.path")
    if {".", ".."} & set(prefix.split("/")):
        yield Finding(where, "a prefix can't have dot segments; clients take them out before they send")


def _upstream(where: Where, route: Route, config: Config) -> Iterator[Finding]:
    if "#" in route.upstream:
        yield Finding(where, "a URL to forward to can't have a #fragment")
    if HOLE in route.upstream:
        yield from _named_upstream(where, route, config)
        return
    before, slashes, rest = route.upstream.partition("://")
    host, slash, rest = rest.partition("/")
    path, mark, query = rest.partition("?")
    if _is_filled(before + slashes + host) or _is_filled(query):
        advice = "; put it into the provider's inject.query" if mark else ""
        yield Finding(where, f"a credential can only stand in the path of a URL{advice}")
        return
    if route.provider == "none":
        yield from template_findings(where, slash + path, None)
    elif route.provider in config.providers:
        yield from template_findings(where, slash + path, config.providers[route.provider])
    yield from check_upstream(where[:-1], route)


def _named_upstream(where: Where, route: Route, config: Config) -> Iterator[Finding]:
    """`https://{upstream}/path`: the issuer says where the API is."""
    before, _, rest = route.upstream.partition(HOLE)
    if before != "https://" or rest[:1] not in ("", "/") or "{" in rest:
        yield Finding(where, f"{HOLE} stands for a host: write https://{HOLE}, with a plain path behind it or without")
    provider = config.providers.get(route.provider)
    if route.provider == "none" or (provider is not None and not provider.names_upstream):
        yield Finding(where, f"{HOLE} needs a provider whose `reply.upstream` says where the issuer names it")
    yield from check_upstream(where[:-1], route)


def _is_filled(text: str) -> bool:
    try:
        return bool(Template.parse(text).names)
    except ValueError:
        return True


def _edits(where: Where, edits: HeaderEdits) -> Iterator[Finding]:
    for name, value in edits.set.items():
        if problem := field_problem(name, value):
            yield Finding((*where, "set", name), problem)
    for index, name in enumerate(edits.remove):
        if problem := field_problem(name, ""):
            yield Finding((*where, "remove", index), problem)
