"""What a proxy offers to commands, by its config and where it listens.

Owns: which address and which rows of SDKs a route has for a program. Must not know: connections, keys. A command that
asks a running proxy reads offers (offer.py) and loads none of this.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple

from proxy.config.loaded import Loaded
from proxy.config.model import Route
from proxy.errors import Fault
from proxy.process.lending.offer import Offer, OfferedRoute, mark
from proxy.values.listen import Door, Listener
from proxy.values.names import did_you_mean

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Sdk

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- what listens everywhere is reached on loopback


def offer(loaded: Loaded, doors: Sequence[Door], prefixes: Collection[str] = ()) -> Offer:
    """Of these routes, or of all. Raises Fault for one that there isn't, or where no program can reach the proxy."""
    routes = loaded.config.routes
    for prefix in prefixes:
        if prefix not in routes:
            raise Fault("no_route", f"there is no route {prefix}{did_you_mean(prefix, routes)}")
    wanted = [prefix for prefix in routes if prefix in prefixes or not prefixes]
    offered = tuple(_route(prefix, routes[prefix], _places(prefix, doors), loaded) for prefix in wanted)
    tls = loaded.config.tls
    local_tls = (
        tls is not None and tls.is_local and any(url.startswith("https:") for route in offered for url in route.urls)
    )
    salt = token_hex(16)
    marks = tuple(mark(salt, text) for text in frozenset[str]().union(*loaded.secrets.values()))
    variables = tuple(sorted(loaded.variables))
    return Offer(offered, variables, bool(loaded.config.clients), local_tls, salt, marks)


def wants_tls(loaded: Loaded, prefix: str) -> bool:
    """Whether an SDK of the route takes nothing but https."""
    return any("tls" in row.needs for row in _rows(loaded, loaded.config.routes[prefix]))


def address(doors: Sequence[Door]) -> str:
    """Where all routes are, by their prefixes. Raises Fault where no program can reach it."""
    return _places("/", doors)[0].url


class _Place(NamedTuple):
    """`below`: what stands between the address and the API's paths."""

    where: Listener
    below: str
    is_own: bool

    @property
    def url(self) -> str:
        return self.where.url + self.below

    def fits(self, needs: Collection[str]) -> bool:
        return ("tls" not in needs or self.where.tls) and ("root" not in needs or not self.below)


def _places(prefix: str, doors: Sequence[Door]) -> list[_Place]:
    """The route's own address first, since nobody gives it one that needs none; of several one that speaks plain HTTP:
    a program would have to trust a certificate first.
    """
    places = [
        _Place(
            listener._replace(host=_EVERYWHERE.get(listener.host, listener.host)),
            "" if own else prefix.rstrip("/"),
            own is not None,
        )
        for listener, own in doors
        if not listener.path and own in (None, prefix)
    ]
    if not places:
        raise Fault(
            "route_refused", "the proxy listens on unix sockets alone; programs need a port: add one to `listen`"
        )
    return sorted(places, key=lambda place: (not place.is_own, place.where.tls))


def _route(prefix: str, route: Route, places: list[_Place], loaded: Loaded) -> OfferedRoute:
    url = places[0].url
    preset = loaded.presets.get(route.provider)
    if preset is None:
        return OfferedRoute(prefix, url)
    rows = tuple(
        row.model_dump(include={"name", "env", "base", "setting"}, exclude_none=True)
        | ({} if fit.url == url else {"url": fit.url})
        for row in _rows(loaded, route)
        if (fit := next((place for place in places if place.fits(row.needs)), None)) is not None
    )
    name = loaded.uses[route.provider]
    variables = (variable for parameter in preset.parameters.values() for variable in parameter.of_vendor)
    owns = dict.fromkeys([name.upper().partition("-")[0], *(variable.partition("_")[0] for variable in variables)])
    return OfferedRoute(prefix, url, name, tuple(owns), rows)


def _rows(loaded: Loaded, route: Route) -> list[Sdk]:
    """Of the SDKs for its base."""
    preset = loaded.presets.get(route.provider)
    if preset is None:
        return []
    base = preset.base_of(str(route.upstream))
    return [row for row in preset.sdk if not row.bases or base in row.bases]
