"""Whether somebody sees colours.

Must not know: which words have one.
"""

from __future__ import annotations

import os
from typing import Protocol


class Shown(Protocol):
    """Where text goes."""

    def isatty(self) -> bool: ...


def is_coloured(out: Shown) -> bool:
    """On a terminal, unless somebody wants none (no-color.org)."""
    return out.isatty() and not os.environ.get("NO_COLOR")
