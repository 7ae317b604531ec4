"""An exchange's part of a trace (W3C Trace Context, level 1).

Owns: its ids, and whether it is kept. Must not know: where traces go, what an exchange is.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from proxy.figures.ended import Ended
from proxy.http.request_id import parent_of


class Trace:
    """`id` is that of the whole, `span` of this part, `parent` of the caller's, "" where it begins here: hexadecimal
    digits. `sampled`: it is kept.
    """

    __slots__ = ("id", "parent", "sampled", "span", "took")

    def __init__(self, known: str, parent: str, sampled: bool, took: Callable[[Trace, Ended], None]) -> None:
        self.id = known or f"{random.getrandbits(128) or 1:032x}"
        self.span = f"{random.getrandbits(64) or 1:016x}"
        self.parent = parent
        self.sampled = sampled
        self.took = took

    @property
    def line(self) -> bytes:
        """By which an API's own part follows this one."""
        return f"traceparent: 00-{self.id}-{self.span}-0{int(self.sampled)}\r\n".encode("ascii")

    def over(self, ended: Ended) -> None:
        if self.sampled:
            self.took(self, ended)


class Tracing:
    """`took` is given each part that is over and kept; it must neither wait nor raise. `ratio`: how many of those that
    begin here are kept, from 0 to 1; else the caller has decided.
    """

    __slots__ = ("_ratio", "_took")

    def __init__(self, ratio: float, took: Callable[[Trace, Ended], None]) -> None:
        self._ratio = ratio
        self._took = took

    def begin(self, facts: dict[bytes, bytes]) -> Trace:
        """Of a request with these headers, by names in lower case."""
        parent = parent_of(facts)
        if parent is not None:
            return Trace(parent.trace, parent.span, parent.sampled, self._took)
        return Trace("", "", random.random() < self._ratio, self._took)  # noqa: S311 -- chance
