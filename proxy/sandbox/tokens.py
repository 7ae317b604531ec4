"""Which tokens were minted, and which of them still live.

Owns: every token of the sandbox with its generation and expiry. Must not know: HTTP, styles, the clock; it is told
the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

KEPT = 10_000
"""Tokens remembered per style. A test mints dozens; beyond this the oldest become unknown."""


class Standing(StrEnum):
    GOOD = "good"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    MISSING = "missing"


@dataclass(slots=True)
class Token:
    value: str = field(repr=False)
    generation: int
    expires: float
    void: bool = False


class Ledger:
    """The tokens of all styles. A token of one style means nothing to another."""

    def __init__(self) -> None:
        self._tokens: dict[str, dict[str, Token]] = {}
        self._generations: dict[str, int] = {}

    def mint(self, style: str, value: str, expires: float) -> Token:
        generation = self._generations.get(style, 0) + 1
        self._generations[style] = generation
        tokens = self._tokens.setdefault(style, {})
        token = tokens[value] = Token(value, generation, expires)
        if len(tokens) > KEPT:
            del tokens[next(iter(tokens))]
        return token

    def newest(self, style: str) -> Token | None:
        tokens = self._tokens.get(style)
        return tokens[next(reversed(tokens))] if tokens else None

    def judge(self, style: str, value: str | None, now: float) -> tuple[Standing, Token | None]:
        """What the API thinks of a presented value; the token comes along if there is one of that value."""
        if not value:
            return Standing.MISSING, None
        token = self._tokens.get(style, {}).get(value)
        if token is None or token.void:
            return Standing.UNKNOWN, token
        return (Standing.GOOD if now < token.expires else Standing.EXPIRED), token

    def void(self, style: str | None = None) -> int:
        """Kill every token, or those of one style; says how many had not been void yet."""
        names = list(self._tokens) if style is None else [style]
        doomed = [token for name in names for token in self._tokens.get(name, {}).values() if not token.void]
        for token in doomed:
            token.void = True
        return len(doomed)

    def generation(self, style: str) -> int:
        """How many different tokens the style has minted."""
        return self._generations.get(style, 0)

    def live(self, style: str, now: float) -> int:
        return sum(not token.void and now < token.expires for token in self._tokens.get(style, {}).values())
