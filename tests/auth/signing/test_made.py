from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from proxy.auth.keys.values import Value, check_values
from proxy.auth.signing.made import Made, drawn

WALL = 1767323045.25  # 2026-01-02T03:04:05.250Z


def made(**values: Any) -> dict[str, Any]:
    compiled = Made.compile({name: Value.model_validate(value) for name, value in values.items()})
    return Made(compiled.values, compiled.texts, lambda kind: f"<{kind}>").at(WALL)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"time": "s"}, "1767323045"),
        ({"time": "ms"}, "1767323045250"),
        ({"time": "s", "number": True}, 1767323045),
        ({"time": "s", "after": "10m", "number": True}, 1767323645),
        ({"time": "iso"}, "2026-01-02T03:04:05Z"),
        ({"time": "%Y-%m-%d %H:%M:%S", "zone": "8h"}, "2026-01-02 11:04:05"),
        ({"time": "%Y-%m-%d", "after": "5d"}, "2026-01-07"),
        ({"random": 32}, "<32>"),
        ({"random": "uuid"}, "<uuid>"),
        ({"text": "a{{b}}"}, "a{b}"),
        ({"text": "user:pass", "output": "base64"}, "dXNlcjpwYXNz"),
        ({"text": "", "hash": "md5"}, "d41d8cd98f00b204e9800998ecf8427e"),
        ({"text": "", "hash": "md5", "output": "HEX"}, "D41D8CD98F00B204E9800998ECF8427E"),
        # RFC 4231 §4.3
        (
            {"text": "what do ya want for nothing?", "hash": "sha256", "key": "Jefe"},
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ],
)
def test_one_value(value: dict[str, Any], expected: Any) -> None:
    assert made(x=value) == {"x": expected}


def test_a_text_holds_the_values_above_it() -> None:
    assert made(
        now={"time": "s", "number": True},
        nonce={"random": 8},
        said={"text": "{now}:{nonce}"},
        twice={"text": "{said};{said}"},
    ) == {"now": 1767323045, "nonce": "<8>", "said": "1767323045:<8>", "twice": "1767323045:<8>;1767323045:<8>"}


def test_digests_of_vendors_with_a_time_in_them() -> None:
    """Getui (个推) and YonBIP (用友); computed from the vendors' words, by another program."""
    compiled = Made.compile(
        {
            "now": Value(time="ms"),
            "getui": Value(text="appkey-example{now}mastersecret-example", hash="sha256"),
            "yonbip": Value(
                text="appKeyapp-key-exampletimestamp{now}", hash="sha256", key="app-secret-example", output="base64"
            ),
        }
    ).at(1767323045.0)
    assert compiled["getui"] == "a2d6780b53e86eec9c1bdf3679e3b7419492a9ad0f269f4c3cd48c168c32f855"
    assert compiled["yonbip"] == "8pgzfu8QMqLEgtyPne6OldR2NTOlIYRbsOeb+oTJhAY="


def test_what_is_drawn() -> None:
    assert re.fullmatch(r"[A-Za-z0-9]{40}", drawn(40))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", drawn("uuid"))
    assert len({drawn(16) for _ in range(100)} | {drawn("uuid") for _ in range(100)}) == 200


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"time": "s", "random": 3},
        {"time": "s", "text": "x"},
        {"random": 0},
        {"random": 257},
        {"random": "words"},
        {"random": 8, "after": "1m"},
        {"text": "x", "number": True},
        {"time": "s", "hash": "md5"},
        {"text": "x", "key": "k"},
        {"text": "x", "hash": "crc"},
        {"time": "iso", "number": True},
        {"time": "s", "typo": 1},
    ],
)
def test_words_that_do_not_go_together(value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Value.model_validate(value)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"a": {"text": "{b}"}, "b": {"time": "s"}}, ["a.text"]),
        ({"a": {"text": "{a}"}}, ["a.text"]),
        ({"a": {"text": "{"}}, ["a.text"]),
        ({"token": {"time": "s"}}, ["token"]),
        ({"refresh_token": {"time": "s"}}, ["refresh_token"]),
        ({"a-b": {"time": "s"}, "1": {"time": "s"}}, ["a-b", "1"]),
        ({"a": {"time": "s"}, "b": {"text": "{a}"}}, []),
    ],
)
def test_names_and_templates_are_looked_at(values: dict[str, Any], where: list[str]) -> None:
    models = {name: Value.model_validate(value) for name, value in values.items()}
    assert [".".join(map(str, each.where)) for each in check_values((), models)] == where


def test_reprs_hold_no_secret() -> None:
    value = Value(text="s3cr3t{now}", hash="sha256", key="s3cr3t")
    assert "s3cr3t" not in repr(value) + repr(Made.compile({"now": Value(time="s"), "x": value}))
