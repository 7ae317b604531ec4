"""Does an API's reply say 'this token is no good'? The rules of docs/config.md#refused, compiled.

Owns: the verdict, first by the head, then by a bounded beginning of the body. Must not know: what follows from it, or
how bytes arrive. Runs on every reply: a status that no rule mentions costs one lookup in a dict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from proxy.auth.keys.provider import RefusalRule
from proxy.auth.paths import read_json
from proxy.auth.refusal import content
from proxy.auth.refusal.content import Kind
from proxy.auth.refusal.glance import Mark, marks_of, may_match
from proxy.auth.rules import PREFIX, Conditions

RawHeaders = Sequence[tuple[bytes, bytes]]

_CODING = b"content-encoding"


class Verdict(Enum):
    ACCEPTED = auto()
    REFUSED = auto()
    READ_BODY = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule; its statuses are the key that it is found by."""

    headers: tuple[tuple[bytes, bytes], ...]
    content_type: bytes | None
    older_than: float
    safe_only: bool
    body: Conditions
    marks: tuple[Mark, ...] | None

    def head_matches(self, headers: RawHeaders, age: float, safe: bool) -> bool:
        return (
            age >= self.older_than
            and (safe or not self.safe_only)
            and (self.content_type is None or content.media_type(headers).startswith(self.content_type))
            and all(_holds(headers, name, part) for name, part in self.headers)
        )

    def can_read(self, kind: Kind) -> bool:
        return kind is not Kind.OPAQUE and not (kind is Kind.TEXT and self.body.reads_document)

    @property
    def unconditional(self) -> bool:
        return not (self.headers or self.content_type or self.older_than or self.safe_only or self.body)


@dataclass(frozen=True, slots=True)
class Refusals:
    """`at_once` are the statuses that refuse by themselves; other rules are listed by status, or apply to `any`."""

    at_once: frozenset[int]
    by_status: dict[int, tuple[Rule, ...]]
    any_status: tuple[Rule, ...]
    reads_body: bool
    wants_object: bool

    @classmethod
    def compile(cls, rules: Sequence[RefusalRule]) -> Refusals:
        """Raises ValueError for a rule that is no rule."""
        compiled = [(rule.status, _compile(rule)) for rule in rules]
        at_once = frozenset(n for statuses, rule in compiled if rule.unconditional for n in statuses or ())
        general = tuple(rule for statuses, rule in compiled if statuses is None)
        named = {n for statuses, rule in compiled for n in statuses or () if n not in at_once}
        return cls(
            at_once,
            # A status gets the general rules too, so that the hot path looks once.
            {n: tuple(rule for statuses, rule in compiled if statuses is None or n in statuses) for n in named},
            general,
            any(rule.body for _, rule in compiled),
            all(rule.body.wants_object for _, rule in compiled if rule.body),
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

    def wants_more(self, headers: RawHeaders, prefix: bytes) -> bool:
        """After READ_BODY: could more bytes than these change the verdict? False is no verdict yet, `body` gives it."""
        shape = content.shape(headers)
        read = content.decoded(shape.coding, prefix, PREFIX)
        if read is None or len(read) > PREFIX or len(prefix) > PREFIX:
            return False
        if shape.kind is Kind.EVENTS:
            return content.first_event_end(read) < 0
        return not (self.wants_object and read.lstrip().startswith(b"["))  # don't hold up an array that trickles in

    def body(self, status: int, headers: RawHeaders, age: float, safe: bool, prefix: bytes, complete: bool) -> bool:
        """Is it refused? `prefix` are the body's first bytes as they came, `complete` says that they are all of it."""
        shape = content.shape(headers)
        rules = [
            rule
            for rule in self.by_status.get(status, self.any_status)
            if rule.body and rule.can_read(shape.kind) and rule.head_matches(headers, age, safe)
        ]
        read = content.decoded(shape.coding, prefix, PREFIX) if rules else None
        if read is None:
            return False
        if complete and len(read) <= PREFIX and not any(may_match(rule.marks, read) for rule in rules):
            return False
        if shape.kind is Kind.EVENTS:
            end = content.first_event_end(read)
            complete = complete or end >= 0
            read = content.event_data(read[:end] if end >= 0 else read)
        document = _document(read) if complete and len(read) <= PREFIX else None
        return any(rule.body.match(document, read[:PREFIX]) for rule in rules)


def _is_coded(headers: RawHeaders) -> bool:
    return any(len(name) == len(_CODING) and name.lower() == _CODING for name, _ in headers)


def _compile(rule: RefusalRule) -> Rule:
    body = Conditions.compile(rule.json_, rule.message, rule.body)
    if not (rule.status or rule.header or rule.content_type or body):
        raise ValueError("a refused rule needs one of status, header, json, message, body and content_type")
    return Rule(
        tuple((name.lower().encode(), part.lower().encode()) for name, part in (rule.header or {}).items()),
        rule.content_type.lower().encode() if rule.content_type else None,
        rule.older_than or 0.0,
        rule.safe_only,
        body,
        marks_of(body),
    )


def _judge_head(rules: Sequence[Rule], status: int, headers: RawHeaders, age: float, safe: bool) -> Verdict:
    matching = [rule for rule in rules if rule.head_matches(headers, age, safe)]
    if any(not rule.body for rule in matching):
        return Verdict.REFUSED
    if not matching or status < 200 or status in (204, 205, 304):
        return Verdict.ACCEPTED
    shape = content.shape(headers)
    readable = any(rule.can_read(shape.kind) and _fits(rule, shape) for rule in matching)
    return Verdict.READ_BODY if readable else Verdict.ACCEPTED


def _fits(rule: Rule, shape: content.Shape) -> bool:
    """A document that is too long to be read whole isn't waited for."""
    if shape.length is None or shape.kind is Kind.EVENTS or not rule.body.reads_document:
        return shape.length != 0
    return 0 < shape.length <= PREFIX


def _holds(headers: RawHeaders, name: bytes, part: bytes) -> bool:
    return any(key.lower() == name and part in value.lower() for key, value in headers)


def _document(read: bytes) -> Any | None:
    try:
        return read_json(read)
    except ValueError:
        return None
