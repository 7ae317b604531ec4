"""What may go to an API beside its provider's credential, of a client's own headers and of the route's: nothing in the
credential's own places.

Must not know: files, lines, requests. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

from proxy.auth.schemes import Provider
from proxy.config.model import Route
from proxy.http.credentials import OF_CREDENTIALS
from proxy.http.grammar import TOKEN
from proxy.values.where import Finding, Where

_ALLOWED = frozenset(name.decode("ascii") for name in OF_CREDENTIALS)


def check_passing(where: Where, route: Route, provider: Provider | None) -> Iterator[Finding]:
    """`where` is that of the key."""
    filled = frozenset() if provider is None else _filled(provider)
    for index, name in enumerate(route.pass_):
        if (problem := _problem(name, filled)) is not None:
            yield Finding((*where, index), problem)


def check_beside(where: Where, route: Route, provider: Provider | None, *, in_path: bool) -> Iterator[Finding]:
    """`where` is the route's; `in_path`: a credential stands in the path of its upstream. Of two credentials in one
    place the API would choose (docs/traps.md 20).
    """
    if provider is None or (in_path and provider.sent_as_bearer):  # then it stands nowhere else
        return
    inject = provider.effective_inject
    filled = _filled(provider) | ({"cookie"} if inject.cookie else set())
    for name in route.headers.set:
        if name.lower() in filled:
            yield Finding((*where, "headers", "set", name), "the provider fills this header; say it in one of the two")
    query = {name.lower() for name, _ in parse_qsl(route.upstream.partition("?")[2], keep_blank_values=True)}
    for name in inject.query:
        if name.lower() in query:
            yield Finding((*where, "upstream"), f"the provider fills {name!r} of the query; say it in one of the two")


def _filled(provider: Provider) -> frozenset[str]:
    try:
        return provider.filled_headers
    except ValueError:  # a signature that can't be made is told where it is described
        return frozenset()


def _problem(name: str, filled: frozenset[str]) -> str | None:
    lower = name.lower()
    if not TOKEN.fullmatch(name):
        return "not a name that a header can have"
    if lower in filled:
        return "the provider fills this header; what a client sends there never reaches the API"
    if lower == "cookie":
        return "cookies pass where the route says `cookies: pass`"
    if lower not in _ALLOWED:
        return "not a header in which a credential stands: it passes anyway, or never"
    return None
