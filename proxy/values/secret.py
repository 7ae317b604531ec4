"""A text that prints as `***`: in a repr, an f-string, a log line, a debugger, a traceback that shows local variables.

Owns: the type. Must not know: whose secrets. What is made of one (`+`, `join`, `encode`, a slice, JSON) is plain again,
since it is made to be sent.
"""

from __future__ import annotations

from typing import Self

HIDDEN = "***"


class Secret(str):
    """Equal to the plain text and as good as it, but for printing."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        return super().__new__(cls, revealed(text))  # else a secret of a secret would be the stars themselves

    def __repr__(self) -> str:
        return f"'{HIDDEN}'"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)


def hidden(text: str | None) -> str | None:
    return None if text is None else Secret(text)


def revealed(text: str) -> str:
    """The plain text, for whoever asked for it in so many words."""
    return str.__str__(text)
