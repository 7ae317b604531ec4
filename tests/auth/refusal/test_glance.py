"""A glance at a body never clears what a rule would match."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.refusal.glance import marks_of, may_match
from proxy.auth.rules import Conditions

EXPIRED = marks_of(Conditions.compile({"error_code": [110, 111]}, None, None))


@pytest.mark.parametrize(
    ("body", "may"),
    [
        (b'{"error_code": 110}', True),
        (b'{"error_code" \n:\t"111"}', True),
        (b'{"error_code": 110.0}', True),
        (b'{"error_code": 1.1e2}', True),
        (b'{"error_code": 11E1}', True),
        (b'{"error_code": [110]}', True),
        (b'{"error\\u005fcode": 110}', True),
        (b'{"error_code": 0, "error_code": 110}', True),
        (b'{"error_code": 1100}', True),
        ('{"error_code": 110}'.encode("utf-16"), True),
        (b' {"error_code": 0}', True),
        (b"\x1f\x8b\x08", True),
        (b'data: {"error_code": 110}\n\n', True),
        (b"", True),
        (b'{"error_code": 0}', False),
        (b'{"error_code": "ok", "a": 110}', False),
        (b'{"error_code": null}', False),
        (b'{"code": 110}', False),
        (b'[{"text": "error_code 110"}]', False),
    ],
)
def test_what_a_glance_tells(body: bytes, may: bool) -> None:
    assert may_match(EXPIRED, body) is may


@pytest.mark.parametrize(
    ("conditions", "body", "may"),
    [
        (Conditions.compile(None, {"error.message": "expired"}, None), b'{"error": {"message": "x"}}', True),
        (Conditions.compile(None, {"error.message": "expired"}, None), b'{"error": {"text": "x"}}', False),
        (Conditions.compile(None, None, ["Token Expired", "dead"]), b'{"m": "tOKEN eXPIRED"}', True),
        (Conditions.compile(None, None, ["Token Expired", "dead"]), b'{"m": "fine"}', False),
        (Conditions.compile({"errors[].code": [1]}, None, None), b"{}", True),
        (Conditions.compile({"code": ["\u8fc7\u671f"]}, None, None), b'{"code": 1}', True),
        (Conditions.compile({"code": ["\u8fc7\u671f"]}, None, None), b'{"kode": 1}', False),
    ],
)
def test_what_can_be_told_from_bytes(conditions: Conditions, body: bytes, may: bool) -> None:
    assert may_match(marks_of(conditions), body) is may


SCALARS = st.sampled_from([110, "110", 110.0, 111, 0, 1, True, None, "true", "expired", "Expired!", 1e15, -3])
NAMES = st.sampled_from(["code", "error", "message", "a"])
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=8)
PATHS = st.lists(NAMES, min_size=1, max_size=2).map(".".join)
WANTED = st.dictionaries(PATHS, st.lists(SCALARS.filter(lambda value: value is not None), min_size=1), max_size=2)
MESSAGES = st.dictionaries(PATHS, st.sampled_from(["xpire", "^1", "e$"]), max_size=2)
NEEDLES = st.lists(st.sampled_from(["EXPIRED", "110", "code"]), max_size=2)


@given(DOCUMENTS, WANTED, MESSAGES, NEEDLES, st.sampled_from([None, 1]), st.booleans())
def test_a_match_is_never_cleared(
    document: Any, values: dict[str, Any], messages: dict[str, str], needles: list[str], indent: int | None, plain: bool
) -> None:
    conditions = Conditions.compile(values, messages, needles)
    body = json.dumps(document, indent=indent, ensure_ascii=plain).encode()
    if conditions and conditions.match(document, body):
        assert may_match(marks_of(conditions), body)
