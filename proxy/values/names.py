"""The hints behind unknown names. Must not know where the name stood."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_SWITCHES = re.compile(
    r"(no|skip|disable|tls|ssl)*(verify|verification)(tls|ssl|peer|mode|host\w*|cert\w*)?|(allow)?insecure\w*"
    r"|checkhostname|rejectunauthorized|(trust|accept|allow)(all|any|selfsigned|invalid)\w*|ignore(cert|tls|ssl)\w*"
)
"""What other programs call the switch that turns verification off, without dashes and underscores."""


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
