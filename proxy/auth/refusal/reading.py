"""The beginning of one reply's body, read by the rules that its head has left open.

Owns: how much of it they need, and the verdict. Must not know: heads, how bytes arrive, or how long anyone waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.auth.paths import first_json, read_json
from proxy.auth.refusal import content
from proxy.auth.refusal.content import Kind, Shape
from proxy.auth.refusal.glance import may_match
from proxy.auth.refusal.rule import Rule
from proxy.auth.rules import PREFIX


class Reading:
    """`rules` are those that a body of this `shape` may still match."""

    __slots__ = ("rules", "shape")

    def __init__(self, rules: Sequence[Rule], shape: Shape) -> None:
        self.rules = rules
        self.shape = shape

    @property
    def may_be_stream(self) -> bool:
        """Does it come as it is made? Then its reader waits for it."""
        return self.shape.length is None or self.shape.length > PREFIX

    @property
    def may_be_silent(self) -> bool:
        """May nothing come for a long time? Then its reader waits for the head."""
        return self.shape.kind is Kind.EVENTS

    def wants_more(self, prefix: bytes) -> bool:
        """Could more bytes than these, the body's first, change the verdict?"""
        read = content.decoded(self.shape.coding, prefix, PREFIX)
        if read is None or len(read) > PREFIX or len(prefix) > PREFIX:
            return False
        if self.shape.kind is Kind.EVENTS:
            return content.first_event_end(read) < 0
        waiting = self._open_to(read)
        if not waiting:
            return False
        try:
            document = first_json(read)
        except ValueError:
            return True
        # A number may as well be the beginning of a text.
        return not isinstance(document, dict | list) and not all(rule.begins is not None for rule in waiting)

    def refuses(self, prefix: bytes, complete: bool) -> bool:
        """`prefix` are the body's first bytes as they came, `complete` says that they are all of it."""
        read = content.decoded(self.shape.coding, prefix, PREFIX) if self.rules else None
        if read is None:
            return False
        complete = complete and len(read) <= PREFIX
        if complete and not any(may_match(rule.marks, read) for rule in self.rules):
            return False
        if self.shape.kind is Kind.EVENTS:
            end = content.first_event_end(read)
            complete = complete or 0 <= end <= PREFIX
            read = content.event_data(read[:end] if end >= 0 else read)
        rules = self._open_to(read)
        beginning = read[:PREFIX]
        document = self._document(beginning, complete) if rules else None
        if document is None:  # then a path could still lead somewhere: `!key` does
            rules = [rule for rule in rules if rule.begins is None]
        return any(rule.body.match(document, beginning) for rule in rules)

    def _open_to(self, read: bytes) -> Sequence[Rule]:
        """The rules that a body which begins so can match: an object any."""
        return self.rules if read[:1] == b"{" else [rule for rule in self.rules if rule.may_read(read)]

    def _document(self, read: bytes, complete: bool) -> Any | None:
        """All of it if it is one, else, unless it is an event, the first."""
        try:
            if complete:
                return read_json(read)
        except ValueError:
            pass
        try:
            return first_json(read) if self.shape.kind is not Kind.EVENTS else None
        except ValueError:
            return None
