"""What a request would get, without sending anything.

The verdicts and the request are the proxy's own: found, checked, drafted and filled as serve/forward.py has it done,
with stars for a credential. Only the telling is done here. Must not know: who is told, networks.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from proxy.admin.told import rules, shown
from proxy.auth.placing.draft import Draft, Placing
from proxy.auth.schemes import Provider
from proxy.auth.token import Consent, Token
from proxy.config.loaded import Loaded
from proxy.config.model import Route
from proxy.config.secrets.pem import utc_now
from proxy.http.fields import HOP_BY_HOP
from proxy.plan import headers
from proxy.plan.route import Plan, RoutePlan
from proxy.plan.router import Router
from proxy.serve.admit import stand_in
from proxy.serve.lane import Lane, find
from proxy.serve.prepare import draft, place
from proxy.values.now import Now
from proxy.values.where import dotted

STARS = Token.eternal(shown.HIDDEN, Now(0.0, 0.0))
_KNOWN = HOP_BY_HOP | headers.CREDENTIALS | headers.OF_BROWSERS | headers.OF_PROXIES
_FAMILIES = {"sec-fetch-*": b"sec-fetch-mode", "x-forwarded-*": b"x-forwarded-for"}
"""Headers that are dropped by the beginning of their name, with one of each."""


def explained(loaded: Loaded, plan: Plan, method: str, target: str) -> dict[str, Any]:
    """`plan` is what `loaded` compiles to. Raises Fault where the proxy would answer with one."""
    way, lost = find(Router({prefix: Lane(route, None) for prefix, route in plan.routes.items()}), _raw(target))
    if lost is not None:
        raise lost
    route = way.route.plan
    route.check(method, way.rest)
    placing = None if route.placing is None else route.placing.masked(shown.template)
    drafted = draft(route, method, way, route.request_headers.read([]))
    set_by_route = [name.decode("latin-1") for name, _ in drafted.fields]  # a value may be a key
    if placing is not None:
        place(drafted, placing, route.provider, STARS)
    written = loaded.config.routes[route.prefix]
    provider = loaded.config.providers.get(written.provider)
    plays = stand_in(route, way.rest) is not None
    return {
        "method": method,
        "route": route.prefix,
        "answered_by": "the proxy (stand-in for the token endpoint)" if plays else "the upstream",
        "client_key": bool(loaded.config.clients),
        "provider": _provider(written.provider, provider, loaded),
        "upstream": _upstream(drafted, shown.Mask(shown.secrets_of(loaded))),
        "named": _named(route, provider),
        "headers": {"removed": _removed(route), "set": ["Host", *set_by_route]},
        "injected": _injected(route, placing),
        "refused": rules.of_refusal(provider),
        "dead": rules.of_death(provider),
        "replay": {"max_body": route.replay_max_body} if route.refusals and not route.final else None,
        "cache": None if written.cache is None else written.cache.model_dump(),
        "timeout": written.timeout.model_dump(),
        "reach": {"upstream": _consent(written), "issuer": _consent(_issuer(route))},
        "tls": None if written.tls is None else written.tls.model_dump(exclude_none=True),
        "filled": _filled(loaded, route.prefix, written.provider),
        "ended": _ended(loaded, written.provider),
    }


def _filled(loaded: Loaded, prefix: str, provider: str) -> dict[str, str]:
    """What nobody wrote, and where it came from: a preset, or a variable that it names."""
    own = (("routes", prefix), ("providers", provider))
    return {dotted(where): source for where, source in loaded.filled.items() if where[:2] in own}


def _ended(loaded: Loaded, provider: str) -> str | None:
    preset = loaded.presets.get(provider)
    return None if preset is None or preset.ended is None else preset.ended.told(f"{utc_now():%Y-%m-%d}")


def _raw(target: str) -> bytes:
    return target.encode("utf-8", "surrogateescape")


def _consent(asked: Route | Consent | None) -> dict[str, bool] | None:
    return None if asked is None else {"private": asked.private, "plain_http": asked.plain_http}


def _issuer(route: RoutePlan) -> Consent | None:
    """None where there's none to ask."""
    return None if route.provider is None or route.provider.scheme is None else route.provider.scheme.consent


def _provider(name: str, provider: Provider | None, loaded: Loaded) -> dict[str, Any]:
    scheme, lacking = provider.scheme if provider else None, loaded.unconfigured.get(name)
    if lacking is None:
        return {"name": name, "scheme": scheme, "missing": []}
    return {"name": name, "scheme": scheme, "missing": lacking.listed(), "asleep": lacking.asleep()}


def _upstream(drafted: Draft, hidden: shown.Mask) -> str:
    """The URL. What stands in the query of the configured one is as secret as a credential."""
    drafted.own_query = _raw(shown.query(drafted.own_query.decode("utf-8")))
    whole = drafted.origin.url + drafted.target.decode("utf-8", "replace")
    return hidden(whole.replace(quote(shown.HIDDEN, safe=""), shown.HIDDEN))


def _named(route: RoutePlan, provider: Provider | None) -> list[str] | None:
    """The hosts of which the issuer names one; None where the config says where to."""
    if route.led is None or provider is None:
        return None
    return [each.host for each in provider.hosts if each.credential]


def _removed(route: RoutePlan) -> list[str]:
    """Names that don't reach the API, if the client sends them."""
    named = _KNOWN | (route.placing.names.headers if route.placing else frozenset())
    dropped = [name.decode("latin-1") for name in named if not _passes(route, name)]
    return sorted([*dropped, *(family for family, name in _FAMILIES.items() if not _passes(route, name))])


def _passes(route: RoutePlan, name: bytes) -> bool:
    lines, noted = route.request_headers.sort([(name, b"")])
    passed = name in route.key_slots.passed or (name == b"cookie" and bool(noted) and route.cookies)
    return bool(lines) or passed or name == b"upgrade"


def _injected(route: RoutePlan, masked: Placing | None) -> dict[str, dict[str, str]]:
    """By place."""
    found = {} if masked is None else masked.places
    return found if route.target.template is None else found | {"path": {route.upstream: shown.HIDDEN}}
