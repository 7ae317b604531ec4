"""Constant headers that stand beside what the client sends, in place of taking its place.

Owns: the two ways of that. Must not know: tokens: a credential always takes the place of what a client sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from proxy.auth.placing.carried import header_line
from proxy.auth.placing.draft import Draft
from proxy.values.template import Template

APPEND: Final = "append"


class Beside(NamedTuple):
    """`name` is in lower case; `mode` is `if_absent`, or `append`, for a word of a list (RFC 9110 §5.6.1)."""

    name: bytes
    value: bytes
    line: bytes
    mode: str

    def __repr__(self) -> str:
        return f"<Beside {self.name!r}>"

    @classmethod
    def of(cls, name: str, value: str, mode: str) -> Beside:
        """Raises ValueError for what no header can carry."""
        line = header_line(name, value)
        return cls(name.lower().encode("ascii"), value.encode("ascii"), line, mode)

    def masked(self, hide: Callable[[Template], str]) -> Beside:
        """With what may be shown of its text."""
        value = hide(Template((self.value.decode("ascii"),)))
        name, _, _ = self.line.decode("ascii").partition(":")
        return Beside.of(name, value, self.mode)


def stand_beside(draft: Draft, headers: Iterable[Beside]) -> None:
    """Each is set where the client sent none; a word is added to a list once."""
    lines = draft.lines
    there = b"\r\n" + b"".join(lines).lower()  # a search costs a microsecond, to read all fields ten
    for header in headers:
        if b"\r\n" + header.name + b":" not in there:
            lines.append(header.line)
        elif header.mode == APPEND:
            _append(draft, header)


def _append(draft: Draft, header: Beside) -> None:
    fields = draft.fields
    places = [index for index, (name, _) in enumerate(fields) if name.lower() == header.name]
    words = [each.strip().lower() for index in places for each in fields[index][1].split(b",")]
    if header.value.lower() not in words:
        name, value = fields[places[-1]]
        fields[places[-1]] = name, value + b", " + header.value if value.strip() else header.value
        draft.lines[:] = [b"%b: %b\r\n" % field for field in fields]
