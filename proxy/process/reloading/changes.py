"""What is different between two loads of a config, in names for the log. Pure. Must not know: values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from proxy.config.loaded import Loaded
from proxy.errors import ConfigError, Problem
from proxy.values.listen import PAGES

AT_START = ("listen", "tls", "store", "store_key", "workers", "log", "audit", "trace")
"""What a running proxy can't change; and of `limits`, what belongs to its listeners and its pool."""
_LIMITS_AT_START = ("max_header", "max_connections", "upstream_connections", "head", "idle", "stall")

Changes = dict[str, list[str]]


def changes(old: Loaded, new: Loaded) -> Changes:
    """Routes and providers that are new, gone or others, and other keys; nothing for what is the same."""
    different = {
        **_differences("routes", old.config.routes, new.config.routes),
        **_differences("providers", _providers(old), _providers(new)),
        "settings": _settings(old, new),
    }
    return {what: names for what, names in different.items() if names}


def need_a_restart(old: Loaded, new: Loaded) -> list[str]:
    ours, theirs = old.config, new.config
    names = [name for name in AT_START if getattr(ours, name) != getattr(theirs, name)]
    own = [
        f"routes.{prefix}.listen"
        for prefix in {**ours.routes, **theirs.routes}
        if _own(old, prefix) != _own(new, prefix)
    ]
    pages = ["admin.listen"] if ours.admin.listen != theirs.admin.listen else []
    limits = [name for name in _LIMITS_AT_START if getattr(ours.limits, name) != getattr(theirs.limits, name)]
    return [*names, *own, *pages, *(f"limits.{name}" for name in limits)]


def _own(loaded: Loaded, prefix: str) -> str | None:
    """The address that a route has for itself."""
    route = loaded.config.routes.get(prefix)
    return None if route is None else route.listen


def changed_secrets(old: Loaded, new: Loaded, whole: bool) -> Changes:
    """The providers and clients whose secrets are others. Where only secrets were read, whatever differs is one."""
    ours, theirs = old.config, new.config
    providers = [
        name
        for name in ours.providers.keys() & theirs.providers.keys()
        if old.secrets.get(name) != new.secrets.get(name)
        or (not whole and ours.providers[name] != theirs.providers[name])
    ]
    woken = [name for name in old.unconfigured if name in theirs.providers]
    keys = {client.name: client.key for client in ours.clients}
    clients = [client.name for client in theirs.clients if keys.get(client.name, client.key) != client.key]
    different = {"providers": sorted((*providers, *woken)), "clients": clients}
    return {what: names for what, names in different.items() if names}


def joined(these: Changes, those: Changes) -> Changes:
    """Both, each name once."""
    return {what: sorted({*these.get(what, ()), *those.get(what, ())}) for what in (*these, *those)}


def without_secrets(different: Changes, secrets: Changes) -> Changes:
    """What is left to say where secrets alone were read again, and their change is told elsewhere."""
    told = {"providers_changed": secrets.get("providers", ()), "providers_added": ()}
    return {what: _without(names, told.get(what, ())) for what, names in different.items() if what != "settings"}


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    left_out = frozenset(others)
    return [name for name in names if name not in left_out]


def check_listeners(old: Loaded, new: Loaded) -> None:
    """The listeners stay as they are, so clients may not go while other machines reach them. Raises ConfigError."""
    if new.config.clients or new.config.anyone:
        return
    for listener, door in old.config.doors:
        if not listener.loopback and door != PAGES:
            text = f"until a restart the proxy listens on {listener.address}, which needs `clients` or `anyone: true`"
            raise ConfigError([Problem(str(new.files[0]), 1, "clients", text)])


def _differences(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Changes:
    return {
        f"{what}_added": [name for name in new if name not in old],
        f"{what}_removed": [name for name in old if name not in new],
        f"{what}_changed": [name for name in new if name in old and old[name] != new[name]],
    }


def _providers(loaded: Loaded) -> dict[str, Any]:
    """With the presets that they use: not all of one goes into its providers."""
    providers = {**loaded.config.providers, **loaded.unconfigured}
    return {name: (provider, loaded.presets.get(name)) for name, provider in providers.items()}


def _settings(old: Loaded, new: Loaded) -> list[str]:
    names = [name for name in type(old.config).model_fields if name not in ("routes", "providers", *AT_START)]
    return [name for name in names if getattr(old.config, name) != getattr(new.config, name)]
