"""Routes that name a provider or a preset, and leave the rest to it (docs/config.md#routes-in-one-line).

Owns: which of the two a name is, the provider that a preset becomes, and the upstream that it brings. Must not know:
parameters, secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from proxy.config.written.expanded import Expanded
from proxy.config.written.filling import Filling
from proxy.values.names import Names, did_you_mean
from proxy.values.where import Finding, Where

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Preset

Catalogue = Mapping[str, "Preset"]

NONE = "none"
"""What stands where a route goes without a credential."""


def name_providers(expanded: Expanded, catalogue: Catalogue) -> None:
    """Routes that are a text become mappings; a preset that is named where no provider is becomes one."""
    routes, written = expanded.tree.get("routes"), expanded.tree.get("providers")
    if not isinstance(routes, dict) or not isinstance(written, dict | None):
        return
    providers = written or {}
    choice = Names((*providers, *catalogue)) if any(isinstance(route, str) for route in routes.values()) else Names(())
    added: dict[str, Any] = {}
    spelled_out = {}
    for prefix, route in routes.items():
        where: Where = ("routes", prefix)
        spelled_out[prefix] = _spelled_out(where, route, choice, expanded) if isinstance(route, str) else route
        name = route if isinstance(route, str) else route.get("provider") if isinstance(route, dict) else None
        if not isinstance(name, str) or name not in catalogue or name in added:
            continue
        if name not in providers:
            added[name] = {"use": name}
            expanded.origins["providers", name] = where if isinstance(route, str) else (*where, "provider")
            expanded.filled["providers", name] = f"preset {name}"
        elif _is_another(providers[name], name):
            remark = f"this provider counts, not the preset {name}; give it another name if the preset is meant"
            expanded.remarks.append(Finding(("providers", name), remark))
    expanded.remarks[:] = dict.fromkeys(expanded.remarks)
    expanded.tree["routes"] = spelled_out
    if added:
        expanded.tree["providers"] = {**providers, **added}


def _is_another(provider: Any, preset: str) -> bool:
    return not (isinstance(provider, dict) and provider.get("use") == preset)


def _spelled_out(where: Where, name: str, choice: Names, expanded: Expanded) -> Any:
    if name in choice:
        return {"provider": name}
    expanded.unfilled.add(where)
    if name == NONE:
        finding = Finding(where, "`none` says nothing of where to; write {upstream: https://..., provider: none}")
    else:
        finding = Finding(where, "no such provider or preset", choice.near(name, NONE), got=True)
    expanded.findings.append(finding)
    return name


# ---------------------------------------------------------------------------------------------- upstreams


def name_upstreams(expanded: Expanded, fillings: Mapping[str, Filling]) -> None:
    """Routes without an upstream get the one of their provider's preset."""
    routes, providers = expanded.tree.get("routes"), expanded.tree["providers"]
    for name, provider in providers.items():
        if isinstance(provider, dict):
            expanded.findings += _wrong_base(("providers", name, "base"), provider.get("base"), fillings.get(name))
    if not isinstance(routes, dict):
        return
    for prefix, route in routes.items():
        name = route.get("provider") if isinstance(route, dict) else None
        if isinstance(name, str) and isinstance(providers.get(name), dict):
            own = route.get("base")
            base = own if own is not None else providers[name].get("base")
            routes[prefix] = _with_upstream(("routes", prefix), route, base, fillings.get(name), expanded)
        elif own_base := isinstance(route, dict) and route.get("base"):
            expanded.findings += _wrong_base(("routes", prefix, "base"), own_base, None)


def _with_upstream(
    where: Where, route: dict[str, Any], base: Any, filling: Filling | None, expanded: Expanded
) -> dict[str, Any]:
    to: Where = (*where, "upstream")
    if route.get("upstream") is not None:
        if route.get("base") is not None:
            expanded.findings.append(Finding((*where, "base"), "`upstream` says where to; leave one of the two out"))
        if filling is not None:
            _try_live(where, filling, expanded, _path(route["upstream"]))
        return route
    expanded.findings += _wrong_base((*where, "base"), route.get("base"), filling)
    bases = {} if filling is None else filling.preset.bases or {}
    picked = base if isinstance(base, str) and base in bases else next(iter(bases), None)
    upstream = None if filling is None else filling.preset.base(picked)
    if filling is None or upstream is None:
        expanded.unfilled.add(to)
        expanded.findings.append(Finding(to, f"missing; the provider {route['provider']} brings none"))
        return route
    expanded.of_provider[to] = route["provider"]
    expanded.filled[to] = f"preset {filling.use}" + (f", base {picked}" if picked else "")
    live = filling.preset.live
    if live is not None and picked == (live.base or next(iter(bases), None)):
        _try_live(where, filling, expanded)
    return route | {"upstream": filling.value(upstream, to)}


def _path(upstream: Any) -> str:
    """What is no URL is told by others."""
    try:
        return urlsplit(upstream).path if isinstance(upstream, str) else ""
    except ValueError:
        return ""


def _try_live(where: Where, filling: Filling, expanded: Expanded, below: str | None = None) -> None:
    """`below` is the path of an upstream that is not the preset's: as much of it as the call begins with is there."""
    live, preset = filling.preset.live, filling.preset
    if live is None:
        return
    path = live.path
    if below is not None:
        whole = _path(filling.value(preset.base(live.base), (*where, "live"))).rstrip("/") + path
        path = whole.removeprefix(below.rstrip("/")) if whole.startswith(below.rstrip("/") + "/") else path
    expanded.live[str(where[1])] = live.model_copy(update={"path": filling.value(path, (*where, "live"))})


def _wrong_base(where: Where, name: Any, filling: Filling | None) -> Iterator[Finding]:
    bases = {} if filling is None else filling.preset.bases or {}
    if isinstance(name, str) and not bases:
        yield Finding(where, "only for a provider whose preset has `bases`")
    elif isinstance(name, str) and name not in bases:
        yield Finding(where, f"expected one of {', '.join(bases)}", did_you_mean(name, bases), got=True)
