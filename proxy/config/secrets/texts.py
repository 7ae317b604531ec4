"""What the bytes and texts of files and variables are, before they are secrets.

Must not know: where they come from.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dotenv.parser import Binding


class Dotenv(NamedTuple):
    """The variables that a `.env` sets, to more than nothing, and the numbers of its lines that say nothing, from 1."""

    set: dict[str, str]
    unread: tuple[int, ...]

    def __repr__(self) -> str:
        return f"Dotenv({len(self.set)} set)"


def dotenv(text: str) -> Dotenv:
    """A name without a value is a line that says nothing: most often a key was pasted alone."""
    lines = list(_lines(text))
    written = {line.key: line.value for line in lines if line.key is not None}
    silent = (line for line in lines if line.error or (line.key is not None and line.value is None))
    return Dotenv(
        {name: value for name, value in written.items() if value}, tuple(line.original.line for line in silent)
    )


def named(text: str) -> frozenset[str]:
    """The variables that a `.env` names, whatever their values."""
    return frozenset(line.key for line in _lines(text) if line.key is not None)


def _lines(text: str) -> Iterator[Binding]:
    from dotenv.parser import parse_stream  # noqa: PLC0415 -- 3 ms that only a `.env` needs

    return parse_stream(io.StringIO(text))


def is_wide(written: bytes) -> bool:
    """PowerShell's `>` writes UTF-16; without the mark at its beginning a letter has a zero beside it."""
    beginning = written[:2]
    return beginning in (b"\xff\xfe", b"\xfe\xff") or (len(beginning) == 2 and beginning.count(0) == 1)


def without_break(text: str) -> str:
    """Without the one line break that a text file ends in."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def is_encodable(text: str) -> bool:
    """Whether it has come through decoding unharmed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\N{REPLACEMENT CHARACTER}" not in text
