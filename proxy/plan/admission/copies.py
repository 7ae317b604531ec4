"""A key that has proven a client goes no further: its copies are taken out of what is forwarded.

Owns: where copies are looked for. What stands in the places of credentials is dropped anyway (plan/headers.py), and in
the provider's own slots replaced. Pure. Must not know: how the key was found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from urllib.parse import unquote_plus, unquote_to_bytes

from proxy.auth.placing.places import is_called
from proxy.config.model.client import SHORTEST
from proxy.plan.admission.key_places import KeySlots
from proxy.plan.admission.readings import of_header
from proxy.plan.headers import Head
from proxy.plan.router import Way

_GONE = b"-"
"""In the place of a key."""


def without_keys(keys: Sequence[bytes], head: Head, way: Way[Any], slots: KeySlots) -> tuple[Head, Way[Any]]:
    """Head and way, the same ones where nothing is to be taken out."""
    if passed := [name for name in slots.passed if name in head.facts and holds_key(head.facts[name], keys)]:
        head = Head(head.lines, {name: value for name, value in head.facts.items() if name not in passed})
    for key in keys:
        if key in head.joined:
            kept = [line for line in head.lines if not _is_in(key, line.partition(b": ")[2].rstrip())]
            head = Head(kept, head.facts)
        cookie = head.facts.get(b"cookie")
        if cookie is not None and key in cookie:
            kept = [piece for piece in cookie.split(b";") if not _is_in(key, piece.partition(b"=")[2].strip())]
            head = Head(head.lines, head.facts | {b"cookie": b";".join(kept).strip()})
        if way.query:
            way = _without_parameters(key, way, slots.filled)
        if slots.path is not None:
            way = _without_beginning(key, way, slots)
    return head, way


def holds_key(value: bytes, keys: Iterable[bytes]) -> bool:
    """Whether a header's value is one of these, however it is written."""
    texts = (value, *of_header(value))
    return any(_is_in(key, text) for key in keys for text in texts)


def _is_in(key: bytes, text: bytes) -> bool:
    """A short key, of which only the hash is in the config, may be a part of any innocent text."""
    return key in text if len(key) >= SHORTEST else key == text


def _without_parameters(key: bytes, way: Way[Any], filled: Collection[str]) -> Way[Any]:
    """Of one that the provider fills the rest stays until then: it says for what a presigned URL is, and until when."""
    if key not in way.query and b"%" not in way.query and b"+" not in way.query:
        return way
    parts = way.query.split(b"&")
    if len(key) >= SHORTEST:
        parts = [part.replace(key, _GONE) if is_called(part, filled) else part for part in parts]
    kept = [part for part in parts if not _is_in_parameter(key, part)]
    return Way(way.route, way.path, b"&".join(kept), way.rest, way.lone)


def _is_in_parameter(key: bytes, part: bytes) -> bool:
    value = part.partition(b"=")[2] if len(key) < SHORTEST else part
    decoded = unquote_plus(value.decode("latin-1")).encode("utf-8", "surrogateescape")
    return _is_in(key, value) or _is_in(key, decoded)


def _without_beginning(key: bytes, way: Way[Any], slots: KeySlots) -> Way[Any]:
    found = None if slots.path is None else slots.path.match(way.rest)
    if found is None or unquote_to_bytes(found[1]) != key:
        return way
    rest = way.rest[found.end() :]
    return Way(way.route, way.path[: len(way.path) - len(way.rest)] + rest, way.query, rest, way.lone)
