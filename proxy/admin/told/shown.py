"""How values look to people: times, sizes, and what may be shown of a URL or a template that can hold secrets. Pure.

A preset or a user can put a secret anywhere: what isn't known to be harmless is `***`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

from proxy.plan.replies.scrub import spellings
from proxy.values.template import Template

if TYPE_CHECKING:  # whoever has one has loaded it; others needn't
    from proxy.config.loaded import Loaded

HIDDEN = "***"
_SCHEMES = re.compile(r"(Bearer|Basic|Token|Bot|Key|ApiKey|OAuth|JWT) ", re.IGNORECASE)
_NARROW, _WIDE = 80, 120
_BREAKABLE = (
    r"[\u3000-\u9fff\uff00-\uffef][,.:;)\u3001\u3002\uff09\uff0c\uff1a\uff1b]*\s*"
    r"|[^\s\u3000-\u9fff\uff00-\uffef]+\s*|\s+"
)
"""What stays in one line: a word, or a Chinese character with what closes behind it. To compile it takes 2 ms."""
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_SIZES = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024))


def secrets_of(loaded: Loaded) -> frozenset[str]:
    return frozenset[str]().union(*loaded.secrets.values())


class Mask:
    """Hides secrets in texts, in whatever spelling. What a text costs grows with its length, not with their number."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._spellings = {spelling.decode("utf-8") for secret in secrets for spelling in spellings(secret)}
        self._shortest = min(map(len, self._spellings), default=1)
        lengths: dict[str, set[int]] = {}
        for spelling in self._spellings:
            lengths.setdefault(spelling[: self._shortest], set()).add(len(spelling))
        self._lengths = {head: sorted(several, reverse=True) for head, several in lengths.items()}

    def __call__(self, text: str) -> str:
        """The text with one row of stars wherever secrets stand, though they overlap."""
        shown, hidden_to = [], 0
        for at, character in enumerate(text):
            if end := self._end(text, at):
                if at >= hidden_to:
                    shown.append(HIDDEN)
                hidden_to = max(hidden_to, end)
            if at >= hidden_to:
                shown.append(character)
        return "".join(shown)

    def _end(self, text: str, at: int) -> int:
        """Of the longest secret that begins there; 0 if none does."""
        lengths = self._lengths.get(text[at : at + self._shortest], ())
        return next((at + length for length in lengths if text[at : at + length] in self._spellings), 0)


def url(text: str, hidden: Mask) -> str:
    """A configured URL: the values of its query are never shown."""
    address, mark, rest = text.partition("?")
    return hidden(address + mark + query(rest))


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


def room() -> int:
    """The columns that there are for text: those of the terminal, within what is good to read."""
    return max(_NARROW, min(get_terminal_size((_NARROW, 24)).columns, _WIDE))


def columns(text: str) -> int:
    """How many a terminal shows it in: Chinese takes two each."""
    return sum(2 if east_asian_width(character) in "WF" else not combining(character) for character in text)


def wrapped(text: str, width: int) -> str:
    """In lines of at most so many columns, broken between words and between Chinese characters."""
    lines = [""]
    for word in re.findall(_BREAKABLE, text):
        if lines[-1] and columns(lines[-1] + word.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += word
    return "\n".join(lines).rstrip()


def cache(kept: Mapping[str, Any]) -> str:
    """What a route's `cache` keeps."""
    return f"replies to {', '.join(kept['methods'])}, for {duration(kept['ttl'])} where they don't say for how long"
