"""What weakens security without being a mistake: said by `check` and at start, and nothing is stopped.

Owns: the rules, and what each names as the way out. Must not know: files and lines; the loader places the findings.
A choice that the config says out loud in a narrower setting is not warned about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from proxy.config import listen
from proxy.config.model import Config
from proxy.config.secrets import Reference, pieces
from proxy.config.sensitive import secret_places
from proxy.config.where import NOWHERE, Finding, Where, at

MADE_UP = "sandbox-"
"""What the sandbox's credentials begin with; they open nothing."""
_FEWEST = 8
"""Different characters in a key; sixteen random hex digits have fewer once in a million."""


def warnings(config: Config, written: Mapping[str, Any]) -> Iterator[Finding]:
    """`written` is the tree with its `${...}` unresolved and its presets filled in."""
    yield from _open_listeners(config)
    yield from _clients(config, written)


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
    exposed = [text for text in config.listen if not listen.parse(text).loopback]
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


def _clients(config: Config, written: Mapping[str, Any]) -> Iterator[Finding]:
    for index, client in enumerate(config.clients):
        where: Where = ("clients", index)
        if client.read_tokens is True:
            yield Finding((*where, "read_tokens"), "it may have the token of every provider; list those that it needs")
        if client.key.startswith("sha256:"):
            continue
        if len(set(client.key)) < _FEWEST:
            yield Finding((*where, "key"), "easily guessed; `keyless client new` makes one that is not")
        if _is_literal(at(written, (*where, "key"))):
            yield Finding(
                (*where, "key"),
                "written in the clear; write the sha256:... that `keyless client new` prints, or ${NAME}",
            )


def _is_literal(text: Any) -> bool:
    """Whether nothing in it comes from elsewhere."""
    if text is NOWHERE or not isinstance(text, str):
        return False
    return not any(isinstance(piece, Reference) for piece in pieces(text))
