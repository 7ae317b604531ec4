from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.placing.places import inject_cookie, inject_form, inject_json, inject_query

OURS = b"access_token=new"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", b"access_token=new"),
        (b"a=1", b"a=1&access_token=new"),
        (b"access_token=old", b"access_token=new"),
        (b"access_token=1&a=1&access_token=2&b", b"a=1&b&access_token=new"),
        (b"Access_Token=1&ACCESS_TOKEN", b"access_token=new"),
        (b"access%5Ftoken=1&%61ccess_token=2&access%5ftoken", b"access_token=new"),
        (b"+access_token=1&access_token+=1", b"access_token=new"),
        (b"my_access_token=1&access_token2=2", b"my_access_token=1&access_token2=2&access_token=new"),
        (b"a=%E4%BD&b=+%20&&c=access_token=1;x", b"a=%E4%BD&b=+%20&&c=access_token=1;x&access_token=new"),
        (b"\xff\xfe=1", b"\xff\xfe=1&access_token=new"),
        (b"a=1&", b"a=1&&access_token=new"),
        (b"a=1;access_token=2;b&c;d", b"a=1;b&c;d&access_token=new"),
        (b"access_token=1;ACCESS_TOKEN=2&;&a", b";&a&access_token=new"),
        (b"access_token=1;2&a=1;2", b"a=1;2&access_token=new"),  # a value with a semicolon goes as a whole
        (b"access_token=1;2;b=3;4", b"b=3;4&access_token=new"),
        (b"access_token[]=1&access_token%5B0%5D=2&a[]=3", b"a[]=3&access_token=new"),
    ],
)
def test_trap_20_one_parameter_in_the_query(query: bytes, expected: bytes) -> None:
    assert inject_query(query, {"access_token"}, OURS) == expected


def test_nothing_to_inject_still_drops() -> None:
    assert inject_query(b"key=1&a=2", {"key"}, b"") == b"a=2"
    assert inject_query(b"key=1", {"key"}, b"") == b""


names = st.text(max_size=8)


@given(st.lists(st.tuples(names, names), max_size=6), st.sampled_from(["token", "a b", "ключ"]))
def test_trap_20_a_query_round_trip(pairs: list[tuple[str, str]], name: str) -> None:
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs).encode()
    ours = f"{quote(name)}=new".encode()
    found = parse_qsl(inject_query(query, {name}, ours).decode(), keep_blank_values=True)
    kept = [(key, value) for key, value in pairs if key.strip().lower() != name]
    # parse_qsl skips parts that are wholly empty, and so does every server
    assert [pair for pair in found if pair != ("", "")] == [pair for pair in kept if pair != ("", "")] + [(name, "new")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", b"tok=new"),
        (b"tex=%E4%BD%A0&tok=old&cuid=1", b"tex=%E4%BD%A0&cuid=1&tok=new"),
        (b"a=1\r\n", b"a=1&tok=new"),
    ],
)
def test_trap_20_one_field_in_a_form(body: bytes, expected: bytes) -> None:
    assert inject_form(body, {"tok"}, b"tok=new") == expected


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (None, b"sid=new"),
        (b"", b"sid=new"),
        (b"a=1; sid=old;b=2", b"a=1; b=2; sid=new"),
        (b"SID=old; sid=older", b"sid=new"),
        (b"a=sid=1;; \xff=1", b"a=sid=1; \xff=1; sid=new"),
        (b'"sid"=1; s%69d=2; sid[]=3; sid[a]=4', b"sid=new"),
        (b"a=1,sid=2,b; c=x,y", b"a=1,b; c=x,y; sid=new"),
        (b"sid=1,2; c=x", b"c=x; sid=new"),
    ],
)
def test_trap_20_one_cookie(client: bytes | None, expected: bytes) -> None:
    assert inject_cookie(client, {"sid"}, b"sid=new") == expected


@pytest.mark.parametrize(
    ("body", "keys", "expected"),
    [
        ("{}", "token", '{"token":"T"}'),
        (" { } \n", "token", ' {"token":"T" } \n'),
        ('{"a": 1.10, "z": 1e400, "n": 12345678901234567.5}', "t",
         '{"a": 1.10, "z": 1e400, "n": 12345678901234567.5,"t":"T"}'),
        ('{"token": "old", "b": [1, 2]}', "token", '{"token": "T", "b": [1, 2]}'),
        ('{"b": 1, "token" : {"x": 1} }', "token", '{"b": 1, "token" : "T" }'),
        ('{"token": 1, "a": "}", "token": 2}', "token", '{"token": "T", "a": "}"}'),
        ('{"tok\\u0065n": 1, "token": 2, "token": 3, "c": 4}', "token", '{"tok\\u0065n": "T", "c": 4}'),
        ('{"a": {"b": 1}, "c": 2}', "a.token", '{"a": {"b": 1,"token":"T"}, "c": 2}'),
        ('{"a": {"token": 1}}', "a.token", '{"a": {"token": "T"}}'),
        ('{"c": 2}', "a.b.token", '{"c": 2,"a":{"b":{"token":"T"}}}'),
        ('{"a": {"x": 1}, "a": {"y": 2}}', "a.token", '{"a": {"y": 2,"token":"T"}}'),
        ('{"a": "a, b", "msg": "你 \\ud83d\\ude00"}', "t", '{"a": "a, b", "msg": "你 \\ud83d\\ude00","t":"T"}'),
    ],
)  # fmt: skip
def test_trap_20_one_field_in_json_and_all_other_bytes_stay(body: str, keys: str, expected: str) -> None:
    assert inject_json(body.encode(), [(tuple(keys.split(".")), "T")]).decode() == expected


def test_several_fields_and_a_bom() -> None:
    assert inject_json(b'\xef\xbb\xbf{"a":1}', [(("t",), 'q"\n'), (("u", "v"), "ü")]) == (
        '{"a":1,"t":"q\\"\\n","u":{"v":"ü"}}'.encode()
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"{", b"{} x", b"{1: 2}", b'{"a": 1,}', b'{"a" 1}', b'{"a": }', b'{"a": 1 "b": 2}', b"\xff",
     b"[" * 50_000, b'{"a":' * 50_000, b'{"a": ' + b"1" * 5000 + b"}", b"{,}"],
)  # fmt: skip
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^expected a JSON object$"):
        inject_json(body, [(("token",), "T")])


def test_a_field_below_something_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^expected a JSON object$"):
        inject_json(b'{"a": [1]}', [(("a", "token"), "T")])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=3), values, max_size=4),
    st.lists(st.sampled_from(["a", "b", "é"]), min_size=1, max_size=3),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_trap_20_a_json_round_trip(document: dict[str, Any], keys: list[str], indent: int | None, plain: bool) -> None:
    body = json.dumps(document, indent=indent, ensure_ascii=plain)
    try:
        raw = body.encode()
    except UnicodeEncodeError:
        return
    here: Any = document
    for key in keys[:-1]:
        here = here.setdefault(key, {}) if isinstance(here, dict) else None
    if not isinstance(here, dict):
        with pytest.raises(ValueError, match="expected a JSON object"):
            inject_json(raw, [(tuple(keys), "T")])
        return
    here[keys[-1]] = "T"
    changed = json.loads(inject_json(raw, [(tuple(keys), "T")]))
    assert changed == document
    assert list(changed) == list(document)
