"""Does an API's reply say 'this token is no good'? The rules of docs/config.md#refused, compiled.

Owns: which rules are asked, and the verdict by the head. Must not know: what follows from it, or how bytes arrive.
Runs on every reply: a status that no rule mentions costs one lookup in a dict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from proxy.auth.keys.provider import RefusalRule
from proxy.auth.refusal import content
from proxy.auth.refusal.glance import may_match
from proxy.auth.refusal.reading import Reading
from proxy.auth.refusal.rule import RawHeaders, Rule
from proxy.auth.rules import PREFIX

_CODING: Final = b"content-encoding"


class Verdict(Enum):
    ACCEPTED = auto()
    REFUSED = auto()
    READ_BODY = auto()


@dataclass(slots=True, eq=False, repr=False)
class Refusals:
    """`at_once` are the statuses that refuse by themselves; other rules are listed by status, or apply to `any`."""

    at_once: frozenset[int]
    by_status: dict[int, tuple[Rule, ...]]
    any_status: tuple[Rule, ...]
    reads_body: bool

    @classmethod
    def compile(cls, rules: Sequence[RefusalRule]) -> Refusals:
        """Raises ValueError for a rule that is no rule."""
        compiled = [(rule.status, Rule.compile(rule)) for rule in rules]
        at_once = frozenset(n for statuses, rule in compiled if rule.unconditional for n in statuses or ())
        general = tuple(rule for statuses, rule in compiled if statuses is None)
        named = {n for statuses, rule in compiled for n in statuses or () if n not in at_once}
        return cls(
            at_once,
            # A status gets the general rules too, so that the hot path looks once.
            {n: tuple(rule for statuses, rule in compiled if statuses is None or n in statuses) for n in named},
            general,
            any(rule.body for _, rule in compiled),
        )

    def head(self, status: int, headers: RawHeaders, age: float, safe: bool) -> Verdict:
        """`age` is the token's, in seconds; `safe` says that the method was GET, HEAD or OPTIONS."""
        if status in self.at_once:
            return Verdict.REFUSED
        rules = self.by_status.get(status, self.any_status)
        return _judge_head(rules, status, headers, age, safe) if rules else Verdict.ACCEPTED

    def clears(self, status: int, headers: RawHeaders, body: bytes) -> bool:
        """Do the bytes of a whole reply show that no rule matches? Says nothing if it doesn't."""
        if status in self.at_once or _is_coded(headers):
            return False
        rules = self.by_status.get(status, self.any_status)
        beginning = body[:PREFIX]  # rules see no more of it
        return not any(may_match(rule.marks, beginning) for rule in rules)

    def reading(self, status: int, headers: RawHeaders, age: float, safe: bool) -> Reading:
        """After READ_BODY: how the body is to be read. The arguments are those of `head`."""
        shape = content.shape(headers)
        rules = self.by_status.get(status, self.any_status)
        return Reading(
            [rule for rule in rules if rule.body and rule.awaits(shape) and rule.head_matches(headers, age, safe)],
            shape,
        )


def _is_coded(headers: RawHeaders) -> bool:
    return any(len(name) == len(_CODING) and name.lower() == _CODING for name, _ in headers)


def _judge_head(rules: Sequence[Rule], status: int, headers: RawHeaders, age: float, safe: bool) -> Verdict:
    matching = [rule for rule in rules if rule.head_matches(headers, age, safe)]
    if any(not rule.body for rule in matching):
        return Verdict.REFUSED
    if not matching or status < 200 or status in (204, 205, 304):
        return Verdict.ACCEPTED
    shape = content.shape(headers)
    return Verdict.READ_BODY if any(rule.awaits(shape) for rule in matching) else Verdict.ACCEPTED
