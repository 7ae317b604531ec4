"""Values that are made anew for each login, and given to its requests by name.

Owns: the making, in the order in which they are written. Must not know: what they are called for, or any vendor.
"""

from __future__ import annotations

import hashlib
import hmac
import string
from collections.abc import Callable, Mapping
from dataclasses import field
from secrets import choice
from typing import Any
from uuid import uuid4

from proxy.auth.keys.values import Value
from proxy.auth.signing.filters import OUTPUTS
from proxy.auth.signing.request import Moment
from proxy.auth.signing.times import time_of
from proxy.values.record import record
from proxy.values.template import Template

_LETTERS = string.ascii_letters + string.digits


def drawn(kind: int | str) -> str:
    """That many letters and digits, or a `uuid`: in either case a text that was never used before."""
    return "".join(choice(_LETTERS) for _ in range(kind)) if isinstance(kind, int) else str(uuid4())


@record
class Made:
    """`draw` gives a text of a kind of `random`."""

    values: Mapping[str, Value] = field(repr=False)
    texts: Mapping[str, Template] = field(repr=False)
    draw: Callable[[int | str], str] = field(default=drawn, repr=False)

    @classmethod
    def compile(cls, values: Mapping[str, Value]) -> Made:
        """Raises ValueError for a text that is no template."""
        names = tuple(values)
        texts = {
            name: Template.parse(value.text, names[: names.index(name)])
            for name, value in values.items()
            if value.text is not None
        }
        return cls(values, texts)

    def at(self, wall: float) -> dict[str, Any]:
        """All of them, by name, at Unix time `wall`: texts, and numbers where that is asked for."""
        known: dict[str, Any] = {}
        for name, value in self.values.items():
            known[name] = self._one(name, value, wall, known)
        return known

    def _one(self, name: str, value: Value, wall: float, known: Mapping[str, Any]) -> Any:
        if value.time is not None:
            text = time_of(value.time, value.zone, Moment(wall + value.after, str))
            return int(text) if value.number else text
        if value.random is not None:
            return self.draw(value.random)
        text = self.texts[name].render(lambda each: str(known[each]))
        if value.hash is None and value.output is None:
            return text
        said = text.encode()
        return OUTPUTS[value.output or "hex"](_digest(value, said))


def _digest(value: Value, said: bytes) -> bytes:
    """With a key, an HMAC; without a hash what was said."""
    if value.hash is None:
        return said
    if value.key is not None:
        return hmac.digest(value.key.encode(), said, value.hash)
    return hashlib.new(value.hash, said, usedforsecurity=False).digest()
