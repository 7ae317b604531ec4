"""What weakens security without being a mistake: said by `check` and at start, and nothing is stopped.

Owns: the rules, and what each names as the way out. Must not know: files and lines; the loader places the findings.
A choice that the config says out loud in a narrower setting is not warned about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from proxy.config.model import Client, ClientKey, Config
from proxy.config.model.client import HASHED
from proxy.config.secrets.sensitive import secret_places
from proxy.config.written.reference import Reference, pieces
from proxy.values import moments
from proxy.values.listen import PAGES
from proxy.values.where import NOWHERE, Finding, Where, at

MADE_UP = "sandbox-"
"""What the sandbox's credentials begin with; they open nothing."""
SOON = 14 * 86400.0
"""Seconds before its end from which on a key is spoken of."""
_FEWEST = 8
"""Different characters in a key; sixteen random hex digits have fewer once in a million."""


def warnings(config: Config, written: Mapping[str, Any], wall: float) -> Iterator[Finding]:
    """`written` is the tree with its `${...}` unresolved and its presets filled in; `wall` is Unix time."""
    yield from _open_listeners(config)
    for index, client in enumerate(config.clients):
        yield from _client(("clients", index), client, at(written, ("clients", index, "key")), wall)
    yield from _counting(config)
    for prefix, route in config.routes.items():
        if route.pass_:
            names = ", ".join(route.pass_)
            yield Finding(
                ("routes", prefix, "pass"),
                f"the client's own {names} reaches the API beside the provider's credential: whoever calls chooses it",
            )


def in_the_clear(written: Mapping[str, Any], secret: Collection[Where], public: Collection[Where]) -> Iterator[Finding]:
    """Secrets that stand in the file themselves; of interest where others can read the file."""
    providers = written.get("providers", {})
    places = [
        place for name in providers for place in secret_places(providers[name], ("providers", name), secret, public)
    ]
    for where in (*places, ("admin", "key"), ("store_key",)):
        text = at(written, where)
        if isinstance(text, str) and not text.startswith(MADE_UP) and _is_literal(text):
            yield Finding(
                where, "a secret in a file that every user of this machine can read; write ${NAME}, or chmod o-r it"
            )


def _open_listeners(config: Config) -> Iterator[Finding]:
    exposed = [listener.address for listener, door in config.doors if not listener.loopback and door != PAGES]
    if not exposed or config.clients:
        return
    yield Finding(
        ("anyone",), f"whoever reaches {', '.join(exposed)} may use every account; `clients` with a key each ends that"
    )
    if config.browser.hosts is None:
        yield Finding(
            ("browser", "hosts"),
            "any web page can get at the proxy under a name of its own (DNS rebinding); list the proxy's names here",
        )


def _client(where: Where, client: Client, written: Any, wall: float) -> Iterator[Finding]:
    if client.read_tokens is True:
        yield Finding((*where, "read_tokens"), "it may have the token of every provider; list those that it needs")
    several = written if isinstance(written, list) else [written]
    for number, (key, one) in enumerate(zip(client.keys, several, strict=False)):
        here: Where = (*where, "key", *((number,) if isinstance(written, list) else ()))
        yield from _key(here, key, one.get("key") if isinstance(one, dict) else one)
        yield from _end(here, client, key, wall)


def _key(where: Where, key: ClientKey, written: Any) -> Iterator[Finding]:
    if key.key.startswith(HASHED):
        return
    if len(set(key.key)) < _FEWEST:
        yield Finding(where, "easily guessed; `keyless client new` makes one that is not")
    if _is_literal(written):
        yield Finding(where, "written in the clear; write the sha256:... that `keyless client new` prints, or ${NAME}")


def _end(where: Where, client: Client, key: ClientKey, wall: float) -> Iterator[Finding]:
    """An expired key never keeps a proxy from starting."""
    if key.expires is None or key.expires - wall > SOON:
        return
    told = "has expired" if key.expires <= wall else "expires soon"
    replaced = any(other.expires is None or other.expires - wall > SOON for other in client.keys)
    advice = "" if replaced else "; `keyless client new` makes the next one"
    yield Finding(where, f"the key of {client.name} {told} ({moments.shown(key.expires)}){advice}")


def _counting(config: Config) -> Iterator[Finding]:
    rated = any(client.rate for client in config.clients) or any(route.rate for route in config.routes.values())
    if rated and config.workers != 1 and not config.store.startswith("redis"):
        yield Finding(("workers",), "each worker counts rates for itself; `store: redis://...` counts them together")


def _is_literal(text: Any) -> bool:
    """Whether nothing in it comes from elsewhere."""
    if text is NOWHERE or not isinstance(text, str):
        return False
    return not any(isinstance(piece, Reference) for piece in pieces(text))
