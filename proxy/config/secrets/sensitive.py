"""Which values are secrets: never shown in a problem, scrubbed from whatever goes out.

Owns: the judgement by a value's address. Must not know: where values come from or how they are scrubbed. A preset's
parameter says of itself what it is; everything else is judged by the key it stands under, rather too strictly.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from proxy.config.model.client import OWN_KEYS
from proxy.config.secrets.resolve import Substitution
from proxy.values.secret import Secret
from proxy.values.template import Template, is_template
from proxy.values.where import Finding, Where

_SECRET_KEY = re.compile(r"token|pass(word|wd|phrase)?$|secret|key|credential|assertion|authorization", re.IGNORECASE)
_PUBLIC_KEY = re.compile(
    r"(client|app|account|user|tenant|project|key)_?id|user(_?name)?|.*ur[il]|issuer|scopes?|audience|.*_?type|grant(_type)?",
    re.IGNORECASE,
)
_HOLDS_SECRETS = frozenset(("json", "form", "query", "headers", "header", "cookie", "body", "params", "set"))
_HOLDS_NONE = frozenset(
    ("scheme", "use", "reply", "refused", "refresh", "stand_in", "ttl", "exclusive", "client_auth", "tls")
)
_OWN = "this is a key for Keyless (kls_...), not one of the API's; put the API's own there"
SHORTEST = 8
"""Shorter values are not scrubbed: they would be found in innocent text."""


def may_show(where: Where) -> bool:
    """Whether a problem may repeat what the user wrote there."""
    keys = [step for step in where[_named(where) :] if isinstance(step, str)]
    return not any(
        key in _HOLDS_SECRETS or (_SECRET_KEY.search(key) and not _PUBLIC_KEY.fullmatch(key)) for key in keys
    )


def _named(where: Where) -> int:
    """How many steps are section and name: a route `/token` is no secret."""
    return 2 if where[:1] in (("providers",), ("routes",)) else 1


def credentials(
    provider: Any,
    where: Where,
    substitutions: Iterable[Substitution],
    secret: Collection[Where],
    public: Collection[Where],
) -> frozenset[str]:
    """Every text of the provider at `where` that must not go out; `provider` is resolved."""
    found = {
        each.value for each in substitutions if each.where[: len(where)] == where and _is_secret(each, secret, public)
    }
    for place, text in _secret_texts(provider, where, secret, public):
        found.update(_literals(place, text))
    return frozenset(Secret(text) for text in found if len(text) >= SHORTEST)


def own_keys(providers: Any) -> Iterator[Finding]:
    """Texts of the resolved providers that only this proxy, or another Keyless, has any use for."""
    for place, text in _texts(providers, ("providers",)):
        if text.startswith(OWN_KEYS):
            yield Finding(place, _OWN)


def secret_places(provider: Any, where: Where, secret: Collection[Where], public: Collection[Where]) -> Iterator[Where]:
    """Where secrets stand in the provider at `where`, which may hold `${...}` still."""
    for place, text in _secret_texts(provider, where, secret, public):
        if any(len(literal) >= SHORTEST for literal in _literals(place, text)):
            yield place


def _secret_texts(
    provider: Any, where: Where, secret: Collection[Where], public: Collection[Where]
) -> Iterator[tuple[Where, str]]:
    for place, text in _texts(provider, where):
        if _under(place, secret) or (not _under(place, public) and _is_secret_literal(place, text)):
            yield place, text


def _is_secret(substitution: Substitution, secret: Collection[Where], public: Collection[Where]) -> bool:
    place, value, query = substitution
    return is_secret(place, value, secret, public, query)


def is_secret(
    place: Where, value: str, secret: Collection[Where], public: Collection[Where], query: bool = False
) -> bool:
    """Whether a value that came from outside is one where it stands; `query`: behind a `?`."""
    if _under(place, secret):
        return True
    if _under(place, public):
        return False
    return query or not (_is_url(value) or _PUBLIC_KEY.fullmatch(_last_key(place)) or _in_public_part(place))


def _is_secret_literal(place: Where, text: str) -> bool:
    key = _last_key(place)
    if _in_public_part(place) or _is_url(text):
        return False
    return bool(_SECRET_KEY.search(key)) and not _PUBLIC_KEY.fullmatch(key)


def _literals(place: Where, text: str) -> Iterable[str]:
    """Of a template only what stands by itself is a value; `Bearer {token}` is not."""
    if not is_template(place):
        return (text,)
    try:
        template = Template.parse(text)
    except ValueError:
        return ()
    return () if template.names else template.literals


def _texts(value: Any, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*where, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*where, index))
    elif value is not None and not isinstance(value, bool):
        yield where, str(value)


def _under(place: Where, places: Collection[Where]) -> bool:
    return any(place[:depth] in places for depth in range(3, len(place) + 1))


def _last_key(place: Where) -> str:
    return next((step for step in reversed(place) if isinstance(step, str)), "")


def _in_public_part(place: Where) -> bool:
    return len(place) > 2 and place[2] in _HOLDS_NONE and place[2:4] != ("refresh", "request")


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))
