"""What each place can carry: a credential's text, as it stands there (docs/traps.md 22).

Owns: the spellings, and what is refused. Must not know: templates, tokens. No error holds the text.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_COOKIE_BREAKERS: Final = re.compile(r'[\s;,"\\]')
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def safe(value: str, where: str) -> str:
    """docs/traps.md 22: CR and LF would end the line, NUL and its kin are refused by servers, each in its own way."""
    if _UNSAFE.search(value):
        raise ValueError(f"the credential for {where.replace('_', '')} holds control characters")
    return value


def header_line(name: str, value: str) -> bytes:
    try:
        return f"{name}: {value}\r\n".encode("ascii")
    except UnicodeEncodeError:
        raise ValueError(f"the credential for header {name} holds characters that no header can carry") from None


def cookie_pair(name: str, value: str) -> str:
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value  # RFC 6265 §4.1.1
    if _COOKIE_BREAKERS.search(bare) or not value.isascii():
        raise ValueError(f"the credential for cookie {name} holds characters that no cookie can carry")
    return f"{name}={value}"


def segment(value: str) -> str:
    """One path segment; `:` stays, as Telegram's tokens have one. Dot segments would climb out of the upstream."""
    if value in ("", ".", ".."):
        raise ValueError("the credential can't stand in a path")
    return quote(safe(value, "path"), safe=":")
