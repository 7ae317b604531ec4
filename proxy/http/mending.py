"""Heads of replies that RFC 9112 tells a proxy to mend before it reads or forwards them.

Owns: bare LF (§2.2), a blank before a colon (§5.1), folded lines (§5.2), and a length that is said more than once
(§6.3). Pure, and linear in what it gets. What could be read in two ways stays as it is, for a strict parser to refuse.
"""

from __future__ import annotations

import re

_START = b"HTTP/1."
_END = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d(?!\d)")
_LATE_COLON = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]+:")
_LENGTH = b"content-length:"
_BLANKS = b" \t"


def may_be_mended(beginning: bytes) -> bool:
    """Is it the beginning of a reply at all?"""
    beginning = beginning.lstrip(b"\r\n")
    return beginning.startswith(_START) or _START.startswith(beginning)


def mended(beginning: bytes) -> bytes | None:
    """The first final head with CRLF throughout, and what stands behind it; None if that head is not whole.

    Interim replies before it are left out: the sound ones were read already, and of others nobody needs to hear.
    """
    at = len(beginning) - len(beginning.lstrip(b"\r\n"))
    end = _END.search(beginning, at)
    while end is not None and _INTERIM.match(beginning, at):
        at = end.end()
        end = _END.search(beginning, at)
    if end is None:
        return None
    start, *fields = beginning[at : end.start() + 1].removesuffix(b"\n").split(b"\n")
    lines = _one_length([_colon_at_name(line) for line in _unfolded(fields)])
    return b"\r\n".join((start.removesuffix(b"\r"), *lines)) + b"\r\n\r\n" + beginning[end.end() :]


def _unfolded(lines: list[bytes]) -> list[bytes]:
    """What begins with a blank goes on with the field before it; it may neither be the first line nor be empty, nor
    stand behind such a one.
    """
    fields: list[list[bytes]] = []
    for line in (line.removesuffix(b"\r") for line in lines):
        if fields and _is_blank(line) and not _is_blank(fields[-1][0]) and line.strip(_BLANKS):
            fields[-1].append(line.strip(_BLANKS))
        else:
            fields.append([line])
    return [b" ".join((*(part.rstrip(_BLANKS) for part in field[:-1]), field[-1])) for field in fields]


def _is_blank(line: bytes) -> bool:
    """At its beginning."""
    return line[:1] in (b" ", b"\t")


def _colon_at_name(line: bytes) -> bytes:
    name = _LATE_COLON.match(line)
    return line if name is None else name[1] + line[name.end() - 1 :]


def _one_length(lines: list[bytes]) -> list[bytes]:
    """Several Content-Lengths, or a list in one, are one if they are the same in every byte."""
    at = [number for number, line in enumerate(lines) if line[: len(_LENGTH)].lower() == _LENGTH]
    said = {value.strip(_BLANKS) for number in at for value in lines[number][len(_LENGTH) :].split(b",")}
    length = said.pop() if len(said) == 1 else b""
    if not length.isdigit():
        return lines
    lines[at[0]] = b"Content-Length: " + length
    again = frozenset(at[1:])
    return [line for number, line in enumerate(lines) if number not in again]
