"""What a reload may not do unless the operator says so: run a command that it did not run, or send a secret to a host
that it did not go to. Pure.

Owns: which host each secret goes to, and which commands mint. Must not know: when one reloads, what is said of it.
Commands that read the config itself are refused where they would be run (config/secrets/resolve.py).

Whoever can write the config of a running proxy could otherwise have its secrets sent to a server of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from proxy.auth.token import CommandRequest
from proxy.config.loaded import Loaded
from proxy.errors import HeldBack

_SHORTEST = 8
"""Characters of a secret that is looked for inside others: shorter ones may be there by chance."""

Destinations = dict[str, set[str]]
"""Secrets, and the origins that they go to."""


def check_hosts(served: Iterable[Loaded], wanted: Loaded) -> None:
    """Raises HeldBack where a secret of one that is or was `served` would go to a host that it did not go to there."""
    known: Destinations = defaultdict(set)
    for loaded in served:
        for _, secret, origin in _sent(loaded):
            known[secret].add(origin)
    reasons = [
        f"{who} would send a secret to {origin}, where it did not go before"
        for who, sent, origin in _sent(wanted)
        if any(origin not in known[secret] for secret in known if _holds(sent, secret))
    ]
    if reasons:
        raise HeldBack(tuple(dict.fromkeys(reasons)))


def check_commands(served: Iterable[Loaded], wanted: Loaded) -> None:
    """Raises HeldBack where a provider would run what none ran. A word or a variable that differs may change it all."""
    permitted = [command for loaded in served for _, command in _run(loaded)]
    reasons = [
        f"provider {name} would run {command.argv[0]!r} in a way that was not there before"
        for name, command in _run(wanted)
        if command not in permitted
    ]
    if reasons:
        raise HeldBack(tuple(dict.fromkeys(reasons)))


def _run(loaded: Loaded) -> Iterator[tuple[str, CommandRequest]]:
    for name, provider in loaded.config.providers.items():
        yield from ((name, command) for command in provider.commands)


def _holds(sent: str, secret: str) -> bool:
    return sent == secret or (len(secret) >= _SHORTEST and secret in sent)


def _sent(loaded: Loaded) -> Iterator[tuple[str, str, str]]:
    """Whose, the text, and an origin that it goes to: an issuer's, an API's."""
    config = loaded.config
    routes = [(prefix, str(route.upstream), route.provider) for prefix, route in config.routes.items()]
    widened = {route.provider for route in config.routes.values() if route.leads_elsewhere}
    for name, provider in config.providers.items():
        listed = [each.host for each in provider.hosts if each.credential]
        asked = _led({_origin(url) for url in _urls(provider.model_dump())}, listed)
        own = _led({_origin(upstream) for _, upstream, of in routes if of == name}, listed)
        others = listed if name in widened else []
        called = {*own, *(f"{upstream.partition('://')[0]}://{host}" for upstream in own for host in others)}
        secrets = (*loaded.secrets.get(name, ()), *provider.unwritten)
        # a metadata service asks for no secret: what it answers is one
        for secret in secrets or tuple(f"what {origin} answers" for origin in sorted(asked)):
            yield from ((f"provider {name}", secret, origin) for origin in sorted(asked | called))
    for prefix, upstream, _ in routes:  # which may hold one itself
        yield f"route {prefix}", upstream, _origin(upstream)


def _led(origins: set[str], listed: list[str]) -> set[str]:
    """Where a reply names the host, it may be any that is listed."""
    named = {f"https://{host}" for host in listed}
    return {origin for origin in origins if "{" not in origin} | (
        named if any("{" in each for each in origins) else set()
    )


def _urls(tree: Any, key: str = "") -> Iterator[str]:
    if isinstance(tree, str):
        if key == "issuer" or key.endswith("url"):
            yield tree
    elif isinstance(tree, dict):
        for step, value in tree.items():
            yield from _urls(value, str(step))
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _urls(value, key)


def _origin(url: str) -> str:
    """The scheme is a part of it: what went out over TLS shall not go in the clear. What is no URL, though its key says
    so, stands for itself.
    """
    try:
        scheme, where, *_ = urlsplit(url)
    except ValueError:
        return url.rpartition("@")[2].lower()
    return f"{scheme}://{where.rpartition('@')[2]}".lower()
