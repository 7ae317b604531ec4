from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.reading.xml_tree import DEEPEST, MOST, read_xml

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<token>&c;</token>"""
OUTSIDE = b"""<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><token>&x;</token>"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<token> abc </token>", {"token": "abc"}),
        (b"<r><a>1</a><b><c>x</c></b></r>", {"r": {"a": "1", "b": {"c": "x"}}}),
        (b"<r><a>1</a><a>2</a><a>3</a></r>", {"r": {"a": ["1", "2", "3"]}}),
        (b'<r><credentials token="abc"><site id="7"/></credentials></r>', None),
        (b'<s:r xmlns:s="urn:x" xmlns="urn:y"><s:a>1</s:a><b>2</b></s:r>', {"r": {"a": "1", "b": "2"}}),
        (b'<r><a kind="k">text</a></r>', {"r": {"a": "text"}}),
        (b'<r a="outer"><a>inner</a></r>', {"r": {"a": "inner"}}),
        (b"<r>mixed <b>1</b> text</r>", {"r": {"b": "1"}}),
        (b"<r/>", {"r": ""}),
        (b"<r><![CDATA[<a&b>]]></r>", {"r": "<a&b>"}),
        (b"<r>&lt;&amp;&#65;</r>", {"r": "<&A"}),
        ("<?xml version='1.0' encoding='UTF-8'?><r>令牌</r>".encode(), {"r": "令牌"}),
        ("<r>令牌</r>".encode("utf-16"), {"r": "令牌"}),
    ],
)
def test_xml_is_a_document_like_json(body: bytes, expected: Any) -> None:
    assert read_xml(body) == (expected or {"r": {"credentials": {"token": "abc", "site": {"id": "7"}}}})


@pytest.mark.parametrize(
    "bomb", [LAUGHS, OUTSIDE, b"<!DOCTYPE html><html/>", b'<!DOCTYPE t SYSTEM "http://x/y.dtd"><t/>']
)
def test_a_document_type_is_refused_before_anything_of_it_is_used(bomb: bytes) -> None:
    with pytest.raises(ValueError, match=r"^XML with a document type \(DTD\), which is never read$"):
        read_xml(bomb)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"abc",
        b'{"a": 1}',
        b"<a><b></a>",
        b"<a>1</a><b/>",
        b"<a>&x;</a>",
        b"<a>\x00</a>",
        b"<?xml version='1.0' encoding='no-such'?><a/>",
        b"<?xml version='1.0' encoding='shift_jis'?><a/>",
        b"<a b='1' b='2'/>",
    ],
)
def test_what_is_no_xml(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not XML$"):
        read_xml(body)


def test_depth_and_number_are_bounded() -> None:
    assert read_xml(b"<a>" * DEEPEST + b"</a>" * DEEPEST)
    for body in (b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1), b"<r>" + b"<a/>" * MOST + b"</r>"):
        with pytest.raises(ValueError, match="too deeply"):
            read_xml(body)


@given(st.binary(max_size=200) | st.text(alphabet="<>/ab='\"&;![]", max_size=60).map(str.encode))
def test_nothing_but_value_errors_comes_of_any_bytes(body: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(read_xml(body), dict)
