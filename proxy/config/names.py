"""The hint behind an unknown name. Must not know where the name stood."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(written: object, known: Iterable[str]) -> str:
    """`; did you mean 'request'?`, or nothing when no known name is near. Never repeats what was written."""
    near = difflib.get_close_matches(str(written)[:80], sorted(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
