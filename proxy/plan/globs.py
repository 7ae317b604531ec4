"""`paths` of a route or a client: globs for what comes below a prefix, as one pattern. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence


def globs(written: Sequence[str]) -> re.Pattern[bytes]:
    """`*` stays within a segment, `**` does not, `?` is one character. The slash in front may be left out."""
    return re.compile("|".join(map(_glob, written)).encode("utf-8"), re.DOTALL)


def _glob(glob: str) -> str:
    glob = glob if glob.startswith(("/", "**")) else f"/{glob}"
    parts = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(parts.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", glob))
