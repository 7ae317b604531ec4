"""How values look to people: times, sizes, and what may be shown of a URL or a template that can hold secrets. Pure.

A preset or a user can put a secret anywhere: what isn't known to be harmless is `***`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from proxy.config.loaded import Loaded
from proxy.plan.scrub import spellings
from proxy.values.template import Template

HIDDEN = "***"
_SCHEMES = re.compile(r"(Bearer|Basic|Token|Bot|Key|ApiKey|OAuth|JWT) ", re.IGNORECASE)
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_SIZES = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))


def secrets_of(loaded: Loaded) -> frozenset[str]:
    return frozenset[str]().union(*loaded.secrets.values())


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, in whatever spelling."""
    found = {spelling.decode("utf-8") for secret in secrets for spelling in spellings(secret)}
    for spelling in sorted(found, key=len, reverse=True):
        text = text.replace(spelling, HIDDEN)
    return text


def url(text: str, secrets: Iterable[str]) -> str:
    """A configured URL: the values of its query are never shown."""
    address, mark, rest = text.partition("?")
    return masked(address + mark + query(rest), secrets)


def query(text: str) -> str:
    """The names of a query."""
    pairs = [part.partition("#")[0].partition("=") for part in text.split("&") if part]
    return "&".join(f"{name}={HIDDEN}" if equals else HIDDEN for name, equals, _ in pairs)


def template(parsed: Template) -> str:
    """Where a credential goes: `Bearer ***`. Literal text may be a key, unless it's a word of HTTP's."""
    known = parsed.names and _SCHEMES.fullmatch(parsed.literals[0])
    return parsed.literals[0] + HIDDEN if known else HIDDEN


def duration(seconds: float) -> str:
    """The two largest units: `29 d 23 h`, `15 min`, `30 s`."""
    if not 0 < seconds < math.inf:
        return "0 s" if seconds <= 0 else "for ever"
    left = round(seconds)
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or f"{seconds:.1g} s"


def size(count: int) -> str:
    return next((f"{count / each:g} {unit}" for unit, each in _SIZES if count >= each), f"{count} bytes")


def moment(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).astimezone().isoformat(sep=" ", timespec="seconds")
