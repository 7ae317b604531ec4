from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.paths import as_text, compile_path, first_json, is_jmespath, read_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b", "code"]) | st.text(), inner),
    max_leaves=8,
)
PATHS = ["a", "a.b", "a[0].b", "length(a)", "max(a)", "sort_by(a, &b)", "a || b", "sum(a) > `1`", "to_number(a)", "*.a"]


@pytest.mark.parametrize(
    ("path", "document", "found"),
    [
        ("error_code", {"error_code": 110}, 110),
        ("data.accessToken", {"data": {"accessToken": "x"}}, "x"),
        ("data.accessToken", {"data": ["x"]}, None),
        ("data.accessToken", {"data": None}, None),
        ("a", [], None),
        ("a", "text", None),
        ("a", None, None),
        ("accessToken || data.accessToken", {"data": {"accessToken": "x"}}, "x"),
        ("[0].errorCode", [{"errorCode": "INVALID_SESSION_ID"}], "INVALID_SESSION_ID"),
        ('"odd-name"', {"odd-name": 1}, 1),
        ("@", "text", "text"),
        ("length(a)", {"a": 1}, None),
        ("null", {"null": 1}, 1),
    ],
)
def test_find(path: str, document: Any, found: Any) -> None:
    assert compile_path(path).find(document) == found


@pytest.mark.parametrize("text", ["", "a.", "a b", "[", "nosuch(@)", "length()"])
def test_what_is_no_jmespath_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a JMESPath expression"):
        compile_path(text)


@pytest.mark.parametrize("text", PATHS)
@given(document=documents)
def test_no_document_makes_a_path_raise(text: str, document: Any) -> None:
    compile_path(text).find(document)


def test_dotted_names_are_walked_and_the_rest_is_searched() -> None:
    assert compile_path("a.b_c").keys == ("a", "b_c")
    assert compile_path("a[0]").keys == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (110, "110"),
        ("110", "110"),
        (110.0, "110"),
        (1.5, "1.5"),
        (-0.0, "0"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (True, "true"),
        (False, "false"),
        ("", ""),
        (None, None),
        ([], None),
        ({}, None),
    ],
)
def test_as_text(value: Any, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    "body",
    [
        '{"msg": "过期"}'.encode(),
        b"\xef\xbb\xbf" + '{"msg": "过期"}'.encode(),
        '{"msg": "过期"}'.encode("utf-16"),
        '{"msg": "过期"}'.encode("utf-16-le"),
        '{"msg": "过期"}'.encode("gbk"),
        b'{"msg": "\\u8fc7\\u671f"}',
    ],
)
def test_json_in_any_charset(body: bytes) -> None:
    assert read_json(body) == {"msg": "过期"}


def test_json_in_latin_1() -> None:
    assert read_json(b'{"msg": "expir\xe9"}') == {"msg": "expiré"}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"\x00", b'"\xed\xa0\x80'],
    ids=["empty", "html", "cut", "byte", "deep-list", "deep-object", "huge-number", "nul", "surrogate"],
)  # fmt: skip
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the messages are those of json
        read_json(body)


@given(st.binary())
def test_arbitrary_bytes_are_json_or_a_value_error(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_json(body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", True),
        ("a.b[0].c", True),
        ("a[?b=='c'] | [0].d", True),
        ("length(a)", True),
        ("to_string(a)", True),
        ("a[?b==`c`]", True),
        ('"access-token"', True),
        ("access-token", False),
        ("", False),
        ("a.", False),
        ("a[", False),
        ("nosuch(a)", False),
        ("length(a, b)", False),
        ("header:X", False),
        ("(" * 5000, False),
    ],
)
def test_jmespath(text: str, expected: bool) -> None:
    assert is_jmespath(text) is expected


@given(st.text() | st.text(alphabet="ab.[]?{}|&@*`'\"\\()!=<>-:, 01"))
def test_any_text_is_jmespath_or_not(text: str) -> None:
    assert is_jmespath(text) in (True, False)


@pytest.mark.parametrize(
    ("body", "first"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf \n{"a": 1}\n{"b": 2', {"a": 1}),
        (b"[1] and so on \xff", [1]),
        (b'"a"', "a"),
        (b'0:"Hello"', 0),
        (b"null ", None),
        ('{"a": "过"}\n{"a": "期'.encode()[:-1], {"a": "过"}),
        ('{"a": "过"}\n{"a": "期'.encode("gb18030")[:-1], {"a": "过"}),
        (b'{"a": "\xe9"}\xe9\xff', {"a": "é"}),
    ],
)
def test_the_first_of_several_documents(body: bytes, first: object) -> None:
    assert first_json(body) == first


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b'{"a": 1',
        b"12",
        b"tru",
        b'"a',
        b"hello",
        b"<p>",
        b"[" * 5000,
        b"\xef\xbb",
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_what_is_no_document_yet(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        first_json(body)


@given(st.binary())
def test_no_beginning_raises_anything_else(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        first_json(body)
