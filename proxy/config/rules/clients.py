"""What is wrong, or soon will be, with the keys, names and rates of the clients.

Owns: the rules between clients, and between a client and the rest of the config. Must not know: files, lines, the
clock. Findings don't quote values, which may have come out of `${...}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from proxy.config.model import Client, ClientKey
from proxy.config.model.client import SHORTEST
from proxy.values.names import Names
from proxy.values.units import Rate
from proxy.values.where import Finding, Where

_BAD_KEY = f"expected sha256: and 64 hex digits, or a key of at least {SHORTEST} characters"


def check_clients(clients: list[Client], routes: Names | None, providers: Names | None) -> Iterator[Finding]:
    """`routes` and `providers` are the names there are; None if that can't be told."""
    seen: dict[bytes, int] = {}
    names: dict[str, int] = {}
    for index, client in enumerate(clients):
        where: Where = ("clients", index)
        if (first := names.setdefault(client.name, index)) != index:
            yield Finding((*where, "name"), f"the same name as clients[{first}]")
        if client.key is not None:
            yield from _keys((*where, "key"), index, client.key, seen)
        for number, prefix in enumerate(client.routes or []):
            if routes is not None and prefix not in routes:
                yield Finding((*where, "routes", number), "no such route", routes.near(prefix), got=True)
        yield from check_rates((*where, "rate"), client.rate)
        yield from _read_tokens((*where, "read_tokens"), client, providers)


def _keys(where: Where, index: int, keys: list[ClientKey], seen: dict[bytes, int]) -> Iterator[Finding]:
    if not keys:
        yield Finding(where, "expected at least one key; `keyless client new NAME` makes one")
    own: set[bytes] = set()
    for number, key in enumerate(keys):
        here = (*where, number)
        if not key.sound:
            yield Finding(here, _BAD_KEY)
            continue
        first = seen.setdefault(key.digest, index)
        if key.digest in own:
            yield Finding(here, "listed twice")
        elif first != index:
            yield Finding(here, f"the same key as clients[{first}]")
        own.add(key.digest)
        if key.not_before is not None and key.expires is not None and key.expires <= key.not_before:
            yield Finding((*here, "expires"), "expires before its not_before, so it would never be good")


def check_rates(where: Where, rates: list[Rate] | None) -> Iterator[Finding]:
    """One per window: both would be counted, and only the lower one could ever be reached."""
    seen = set()
    for number, rate in enumerate(rates or ()):
        if rate.per in seen:
            yield Finding((*where, number), f"a second rate per {rate.per}; keep the lower one")
        seen.add(rate.per)


def _read_tokens(where: Where, client: Client, providers: Names | None) -> Iterator[Finding]:
    if isinstance(client.read_tokens, bool) or providers is None:
        return
    for number, name in enumerate(client.read_tokens):
        if name not in providers:
            yield Finding((*where, number), "no such provider", providers.near(name), got=True)
