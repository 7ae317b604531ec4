"""What the bytes and texts of files and variables are, before they are secrets.

Must not know: where they come from.
"""

from __future__ import annotations


def is_wide(written: bytes) -> bool:
    """PowerShell's `>` writes UTF-16."""
    return written[:2] in (b"\xff\xfe", b"\xfe\xff")


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
