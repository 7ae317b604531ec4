"""The digest by which token cells are told apart (docs/lifecycle.md#cell; docs/traps.md 6, 7).

Owns: one digest over everything that changes the token. Must not know what a scheme is made of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from proxy.auth.keys.provider import Host
from proxy.auth.keys.reply import ReplyMap


def digest(*parts: Any) -> str:
    """SHA-256 over canonical JSON, secrets in full: LiteLLM and apisix took a part of them and mixed accounts up."""
    return hashlib.sha256(json.dumps(_canonical(parts), separators=(",", ":")).encode()).hexdigest()


def reading(reply: ReplyMap, ttl: float | None, hosts: Iterable[Host] = ()) -> dict[str, Any]:
    """How the reply is read, as far as another way would give another token. Error texts don't.

    What came later counts only where it is said: the tokens that stores hold keep their names. `hosts` are those that
    a reply may name: with fewer, what was named before is not good any more.
    """
    unsaid = {"error", "errors"} | {name for name in ("format", "upstream") if getattr(reply, name) is None}
    named = {} if reply.upstream is None else {"hosts": [each.model_dump() for each in hosts]}
    return {**reply.model_dump(exclude=unsaid), "ttl": ttl, **named}


def _canonical(part: Any) -> Any:
    """Keys in order and of one type; a list of pairs, so that YAML's odd keys can't collide or fail to sort."""
    if isinstance(part, dict):
        return {"object": sorted(([str(key), _canonical(value)] for key, value in part.items()), key=_by_key)}
    if isinstance(part, list | tuple):
        return [_canonical(each) for each in part]
    return part if part is None or isinstance(part, str | int | float | bool) else str(part)


def _by_key(pair: list[Any]) -> str:
    return str(pair[0])
