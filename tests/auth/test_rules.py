from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.rules import Conditions

EXPIRED = "令牌过期"


@pytest.mark.parametrize(
    ("values", "document", "matches"),
    [
        ({"code": [110, 111]}, {"code": "110"}, True),
        ({"code": ["110"]}, {"code": 110.0}, True),
        ({"code": [110]}, {"code": 1100}, False),
        ({"code": [110]}, {"code": True}, False),
        ({"ok": [False]}, {"ok": False}, True),
        ({"ok": [False]}, {"ok": "false"}, True),
        ({"ok": [False]}, {"ok": 0}, False),
        ({"a": [1], "b": [2]}, {"a": 1, "b": 3}, False),
        ({"a": [1], "b": [2]}, {"a": 1, "b": 2}, True),
        ({"errors[].code": [38190]}, {"errors": [{"code": 1}, {"code": 38190}]}, True),
        ({"errors[].code": [38190]}, {"errors": []}, False),
        ({"code": ["None"]}, {"code": None}, False),
        ({"code": [110]}, None, False),
    ],
)
def test_values(values: dict[str, list[Any]], document: Any, matches: bool) -> None:
    assert Conditions.compile(values, None, None).match(document, b"") is matches


@pytest.mark.parametrize(
    ("document", "matches"),
    [
        ({"msg": "Token expired"}, True),
        ({"msg": ["fine", "token expired"]}, True),
        ({"msg": {"text": "token expired"}}, False),
        ({"msg": None}, False),
        ({}, False),
    ],
)
def test_messages(document: Any, matches: bool) -> None:
    assert Conditions.compile(None, {"msg": "(?i)expired"}, None).match(document, b"") is matches


@pytest.mark.parametrize(
    "body",
    [EXPIRED.encode(), EXPIRED.encode("gbk"), b'"\\u4ee4\\u724c\\u8fc7\\u671f"', b'"\\u4EE4\\u724C\\u8FC7\\u671F"'],
    ids=["utf-8", "gbk", "escaped", "escaped-upper"],
)
def test_a_substring_is_found_in_each_spelling(body: bytes) -> None:
    assert Conditions.compile(None, None, [EXPIRED]).match(None, body)


def test_a_substring_is_found_in_any_case() -> None:
    assert Conditions.compile(None, None, ["ExPired"]).match(None, b"Token EXPIRED")
    assert not Conditions.compile(None, None, ["expired"]).match(None, b"fine")


def test_an_empty_substring_is_refused() -> None:
    with pytest.raises(ValueError, match="every reply"):
        Conditions.compile(None, None, [""])
