"""Compiles a validated config into plans, once per load.

Must not know: files, sockets, the event loop. What can be wrong was refused before; here nothing is checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from proxy.auth.life.lifecycle import Lifecycle, Terms
from proxy.auth.placing.challenged import Challenged
from proxy.auth.placing.draft import Names, Placing
from proxy.auth.reading.upstream import HOLE
from proxy.auth.schemes import Provider, scheme_for
from proxy.auth.scope import RequiredScope
from proxy.config.loaded import Loaded
from proxy.config.model import Route
from proxy.config.secrets.lacking import Lacking
from proxy.plan import headers
from proxy.plan.admission import jwt_clients
from proxy.plan.admission.certificates import CertificateClients
from proxy.plan.admission.clients import Clients
from proxy.plan.admission.key_places import KeySlots
from proxy.plan.admission.quota import limits_of
from proxy.plan.caching.rule import CacheRule
from proxy.plan.elsewhere import Elsewhere
from proxy.plan.globs import globs
from proxy.plan.judged import Judged
from proxy.plan.led import Led
from proxy.plan.replies.confidential import Confidential
from proxy.plan.replies.links import Links
from proxy.plan.replies.rewrite import Rewrite
from proxy.plan.route import Plan, ProviderPlan, RoutePlan
from proxy.plan.stand_in import StandInPlan
from proxy.plan.target import Target
from proxy.values.now import Now
from proxy.values.template import Template


def compile_plan(loaded: Loaded, draw: Callable[[], float], now: Now) -> Plan:
    """`draw` gives the jitter of the lifecycles, `now` the birth of tokens that are there from the start."""
    config = loaded.config
    providers = {
        name: _provider(name, provider, loaded.secrets.get(name, frozenset()), draw, now)
        for name, provider in config.providers.items()
    }
    providers |= {name: ProviderPlan(name, missing) for name, missing in loaded.unconfigured.items()}
    limited = any(client.methods is not None for client in config.clients)
    around = _Around(loaded, providers, _Placings(config.providers, providers), limited)
    routes = {prefix: _served(route, around, _route(prefix, route, around)) for prefix, route in config.routes.items()}
    clients = Clients(config.clients)
    return Plan(
        providers,
        routes,
        clients,
        config.limits.max_body,
        CertificateClients.compile(config.clients, clients.plans),
        jwt_clients.compile_rules(config.clients, clients.plans),
    )


def _provider(
    name: str, provider: Provider, secrets: frozenset[str], draw: Callable[[], float], now: Now
) -> ProviderPlan:
    scheme = scheme_for(provider, secrets)
    terms = Terms(provider.refresh.before, provider.refresh.min_interval or 0.0, provider.exclusive)

    def life() -> Lifecycle:
        return Lifecycle(terms, draw, scheme.start(now))

    secrets = secrets if scheme.basic is None else secrets | {scheme.basic}
    return ProviderPlan(name, Lacking(), scheme, life, secrets, Confidential(secrets), provider.clients_log_in)


class _Placings:
    """One for all routes of a provider that place its credential alike."""

    def __init__(self, providers: dict[str, Provider], plans: dict[str, ProviderPlan]) -> None:
        self._providers, self._plans = providers, plans
        self._made: dict[tuple[str, Template | None], Placing] = {}

    def of(self, name: str, template: Template | None) -> Placing | None:
        if name not in self._providers:
            return None
        placing = self._made.get((name, template))
        if placing is None and (scheme := self._plans[name].scheme) is not None:
            inject = self._providers[name].inject_beside(path=template is not None)
            templates = () if template is None else (template,)
            placing = self._made[name, template] = scheme.placing(inject, templates)
            self._plans[name].confidential.include(placing)
        return placing


class _Around(NamedTuple):
    """What a route is compiled with. `limited`: some client may use certain methods only."""

    loaded: Loaded
    providers: dict[str, ProviderPlan]
    placings: _Placings
    limited: bool


def _route(prefix: str, route: Route, around: _Around) -> RoutePlan:
    loaded, providers, placings, _ = around
    provider = loaded.config.providers.get(route.provider)
    target = _target(prefix, route, loaded)
    placing = placings.of(route.provider, target.template)
    names = Names() if placing is None else placing.names
    stand_in = StandInPlan.of(route.stand_in, provider, loaded.presets.get(route.provider))
    slots = _key_slots(prefix, route, placing, target, stand_in)
    set_headers = _set_headers(route)
    below = prefix.rstrip("/").encode("ascii")
    reply_edited = [*route.reply_headers.remove, *route.reply_headers.set]
    dropped = [*reply_edited, *_of_challenges(route, placing)]
    return RoutePlan(
        prefix=prefix,
        upstream=route.upstream,
        target=target,
        provider=providers.get(route.provider),
        methods=None if route.methods is None else frozenset(route.methods),
        paths=None if route.paths is None else globs(route.paths),
        keep_prefix=route.keep_prefix,
        request_headers=_request_sieve(route, names, slots, set_headers, around),
        reply_headers=headers.reply_sieve(dropped, route.cookies == "pass", route.cors == "proxy"),
        reply_edited=headers.lower_names(reply_edited),
        set_headers=headers.set_lines(set_headers),
        set_reply_headers=headers.set_lines(route.reply_headers.set),
        timeout=route.timeout,
        replay_max_body=route.replay.max_body,
        cookies=route.cookies == "pass",
        cors=route.cors == "proxy",
        scrub=route.scrub,
        placing=placing,
        **Judged.compile(provider, route.pass_)._asdict(),
        stand_in=stand_in,
        links=Links(target, below, names, loaded.config.forwarded, below if route.keep_prefix else b""),
        key_slots=slots,
        limits=limits_of("route", prefix, route.rate),
        cache=CacheRule.compile(route.cache, loaded.config),
        traceparent=route.traceparent,
        required_scope=None if route.require_scope is None else RequiredScope(route.require_scope),
        error_shape=None if (preset := loaded.presets.get(route.provider)) is None else preset.error_shape,
    )


def _target(prefix: str, route: Route, loaded: Loaded) -> Target:
    own = loaded.certificates.get(prefix)
    return Target.parse(route.upstream, private=route.private, identity="" if own is None else own.identity)


def _key_slots(
    prefix: str, route: Route, placing: Placing | None, target: Target, stand_in: StandInPlan | None
) -> KeySlots:
    token_call = None if stand_in is None else stand_in.path
    passed, cookies = headers.lower_names(route.pass_), route.cookies == "pass"
    return KeySlots.compile(prefix, placing, target.template, token_call, cookies=cookies, passed=passed)


def _request_sieve(
    route: Route, names: Names, slots: KeySlots, set_headers: dict[str, str], around: _Around
) -> headers.Sieve:
    return headers.request_sieve(
        names.headers,
        [*route.headers.remove, *set_headers, *_unread(route, around.limited), *(["traceparent"] * route.traceparent)],
        around.loaded.config.forwarded,
        origin=route.cors == "pass",
        keys=headers.KEYS | slots.headers | slots.passed,
    )


def _served(route: Route, around: _Around, plan: RoutePlan) -> RoutePlan:
    """The URLs in replies follow the listener that was used, so those of a route's own address are made for it."""
    whole = _whole(route, around, plan)
    if route.listen is None:
        return whole
    return replace(whole, alone=_whole(route, around, replace(plan, links=plan.links.at_root())))


def _whole(route: Route, around: _Around, plan: RoutePlan) -> RoutePlan:
    """With the plans for what is not its usual request."""
    if isinstance(plan.placing, Challenged):
        plan = replace(plan, challenged=plan.placing)
    provider = around.loaded.config.providers.get(route.provider) if route.leads_elsewhere else None
    home = plan.target.origin
    reached = home.tls or route.plain_http
    # A stand-in on this machine speaks plain http, and names the vendor's other hosts as the vendor does.
    others = home if reached else home._replace(tls=True, port=443)
    hosts = provider.hosts if provider is not None and (reached or route.rewrite is not None) else []
    if route.rewrite is not None:
        plan = replace(plan, rewrite=Rewrite(plan.links, [each.host for each in hosts], None if reached else others))
    if hosts:
        plan = replace(plan, elsewhere=Elsewhere.compile(hosts, plan, others).plan)
    if HOLE in plan.upstream:
        plan = replace(plan, led=Led(plan).plan)
    return _with_preflight(plan)


def _with_preflight(plan: RoutePlan) -> RoutePlan:
    """Where the API answers CORS, it gets preflights, too; but for those whose path would need the credential."""
    if plan.cors or plan.led is not None or plan.target.template is not None:
        return plan
    bare = replace(
        plan,
        provider=None,
        methods=None,
        request_headers=headers.preflight_sieve(),
        set_headers=b"",
        placing=None,
        refusals=None,
        skewed=None,
        passing=None,
        stand_in=None,
        cache=None,
        required_scope=None,
        challenged=None,
        elsewhere=None,
    )
    return replace(plan, preflight=bare)


def _set_headers(route: Route) -> dict[str, str]:
    """With `scrub: strict` or `rewrite`, a body is asked for that can be looked into, whoever wishes for others."""
    written = route.headers.set
    if route.scrub != "strict" and route.rewrite is None:
        return written
    return {name: value for name, value in written.items() if name.lower() != "accept-encoding"} | headers.IDENTITY


def _unread(route: Route, limited: bool) -> list[str]:
    """Headers by which a request gets past what is checked or scrubbed: other methods, compressed frames."""
    dropped = headers.METHOD_OVERRIDES if limited or route.methods is not None else frozenset()
    if route.scrub != "headers" and route.provider != "none":
        dropped |= {headers.OF_EXTENSIONS}
    return [name.decode("ascii") for name in sorted(dropped)]


def _of_challenges(route: Route, placing: Placing | None) -> list[str]:
    """Headers of replies that are none of the client's: they ask for a credential that is ours, or speak of it."""
    answers = ["Authentication-Info"] if isinstance(placing, Challenged) else []
    return answers if route.provider == "none" else [headers.CHALLENGE, *answers]
