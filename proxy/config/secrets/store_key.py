"""Which keys seal and open: the config's `store_key`, else the environment's, and the key file of a file store.

Owns: their order. Must not know: what they seal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.config.secrets.resolve import Sources, resolve
from proxy.config.secrets.seal import SHORTEST
from proxy.config.written.reference import KEY_VARIABLE, Reference

_KEY_FILE = "key"


def with_key(tree: dict[str, Any], sources: Sources) -> dict[str, Any]:
    """The tree with the environment's key, if it has none of its own."""
    if tree.get("store_key") is None and sources.value(Reference("env", KEY_VARIABLE)):
        return tree | {"store_key": f"${{{KEY_VARIABLE}}}"}
    return tree


def keys_of(tree: Mapping[str, Any], sources: Sources) -> tuple[str, ...]:
    """What opens and, the first of them, seals: `store_key`, and the key file of a file store."""
    part = {key: tree[key] for key in ("store", "store_key") if tree.get(key) is not None}
    resolved = resolve(part, sources)
    known = {} if resolved.missing or resolved.findings else resolved.tree
    written = known.get("store_key", ())
    keys = [written] if isinstance(written, str) else written if isinstance(written, list) else []
    kind, _, folder = str(known.get("store", "")).partition(":")
    beside = sources.value(Reference("file", f"{folder}/{_KEY_FILE}")) if kind == "file" else None
    good = [key for key in keys if isinstance(key, str) and len(key) >= SHORTEST]
    return tuple(dict.fromkeys((*good, *([beside.strip()] if beside else []))))
