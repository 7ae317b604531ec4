"""The hints behind unknown names. Must not know where the name stood."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator

_SWITCHES = re.compile(
    r"(no|skip|disable|tls|ssl)*(verify|verification)(tls|ssl|peer|mode|host\w*|cert\w*)?|(allow)?insecure\w*"
    r"|checkhostname|rejectunauthorized|(trust|accept|allow)(all|any|selfsigned|invalid)\w*|ignore(cert|tls|ssl)\w*"
)
"""What other programs call the switch that turns verification off, without dashes and underscores."""

_MOST_HINTS = 100
_MOST_NAMED = 20


def no_such_switch(written: object) -> str:
    """Where somebody looks for the switch that isn't there: what to do instead."""
    key = re.sub(r"[-_\s]", "", str(written)[:80].lower())
    if not _SWITCHES.fullmatch(key):
        return ""
    return "; certificates are always verified: for a private authority, name its PEM file in `tls.ca`"


def did_you_mean(written: object, known: Iterable[str]) -> str:
    """`; did you mean 'request'?`, or nothing when no known name is near. Never repeats what was written."""
    near = difflib.get_close_matches(str(written)[:80], sorted(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


class Names(Collection[str]):
    """The names of one section, in order. A hint costs time in their number, so only so many mistakes are given one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(names)
        self._left = _MOST_HINTS

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def near(self, written: str, *others: str) -> str:
        """`did_you_mean` among them and `others`."""
        if self._left == 0:
            return ""
        self._left -= 1
        return did_you_mean(written, (*self._names, *others))

    def choice(self) -> str:
        """The first few, for a message."""
        first = [name for name, _ in zip(self._names, range(_MOST_NAMED), strict=False)]
        more = len(self._names) - len(first)
        return ", ".join(first) + (f", {more} more" if more else "")
