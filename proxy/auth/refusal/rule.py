"""One rule by which an API's reply refuses a credential, compiled.

Owns: what of it the head decides, and which bodies it can still match. Must not know: other rules, or how bytes arrive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from proxy.auth.keys.provider import RefusalRule
from proxy.auth.refusal import content
from proxy.auth.refusal.content import Kind, Shape
from proxy.auth.refusal.glance import Mark, marks_of
from proxy.auth.rules import PREFIX, Conditions

RawHeaders = Sequence[tuple[bytes, bytes]]

# Blanks, a byte order mark or a part of one, another UTF's zeros: then nothing can be told yet, or not from bytes.
_UNTOLD = rb"(?:\xef\xbb\xbf)?[ \t\r\n]*(?:\Z|\0|%b)|\xef\xbb?\Z|[\xff\xfe\0]"
_MAY_BE_OBJECT: Final = re.compile(_UNTOLD % rb"\{")
_MAY_BE_JSON: Final = re.compile(_UNTOLD % rb'[{\["0-9tfnNI-]')


@dataclass(slots=True, eq=False, repr=False)
class Rule:
    """One compiled rule; its statuses are the key that it is found by."""

    headers: tuple[tuple[bytes, bytes], ...]
    content_type: bytes | None
    older_than: float
    safe_only: bool
    body: Conditions
    marks: tuple[Mark, ...] | None
    begins: re.Pattern[bytes] | None  # how a document that it could match may begin

    @classmethod
    def compile(cls, rule: RefusalRule) -> Rule:
        """Raises ValueError for a rule that is no rule."""
        body = Conditions.compile(rule.json_, rule.message, rule.body)
        if not (rule.status or rule.header or rule.content_type or body):
            raise ValueError("a refused rule needs one of status, header, json, message, body and content_type")
        return cls(
            tuple((name.lower().encode(), part.lower().encode()) for name, part in (rule.header or {}).items()),
            rule.content_type.lower().encode() if rule.content_type else None,
            rule.older_than or 0.0,
            rule.safe_only,
            body,
            marks_of(body),
            (_MAY_BE_OBJECT if body.wants_object else _MAY_BE_JSON) if body.reads_document else None,
        )

    def head_matches(self, headers: RawHeaders, age: float, safe: bool) -> bool:
        return (
            age >= self.older_than
            and (safe or not self.safe_only)
            and (self.content_type is None or content.media_type(headers).startswith(self.content_type))
            and all(_holds(headers, name, part) for name, part in self.headers)
        )

    def can_read(self, kind: Kind) -> bool:
        return kind is not Kind.OPAQUE and not (kind is Kind.TEXT and self.body.reads_document)

    def awaits(self, shape: Shape) -> bool:
        """Is a body of this shape worth waiting for? A document that is too long to be read whole is not."""
        if not self.can_read(shape.kind):
            return False
        if shape.length is None or shape.kind is Kind.EVENTS or not self.body.reads_document:
            return shape.length != 0
        return 0 < shape.length <= PREFIX

    def may_read(self, beginning: bytes) -> bool:
        """Can a body that begins so be one that this rule matches? Wrong in one direction only, as a glance is."""
        return self.begins is None or self.begins.match(beginning) is not None

    @property
    def unconditional(self) -> bool:
        return not (self.headers or self.content_type or self.older_than or self.safe_only or self.body)


def _holds(headers: RawHeaders, name: bytes, part: bytes) -> bool:
    return any(key.lower() == name and part in value.lower() for key, value in headers)
