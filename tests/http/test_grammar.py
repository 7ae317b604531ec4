from __future__ import annotations

import pytest

from proxy.http.fields import HOP_BY_HOP
from proxy.http.grammar import OF_THE_CONNECTION, TOKEN, field_problem


@pytest.mark.parametrize("name", ["GET", "X-Api-Key", "x!#$%&'*+.^_`|~0", "M-SEARCH"])
def test_tokens(name: str) -> None:
    assert TOKEN.fullmatch(name)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\n", "é", "a,b", "(a)", '"a"', "a/b", "a=b"])
def test_what_is_no_token(name: str) -> None:
    assert not TOKEN.fullmatch(name)


def test_what_never_passes_a_proxy_is_nobodys_to_set() -> None:
    assert {name.decode() for name in HOP_BY_HOP} - {"proxy-authenticate"} <= OF_THE_CONNECTION


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("X-A", "text\twith tab", True),
        ("X-A", "", True),
        ("X-A", "caf\xe9", True),
        ("X-A", "\u4f60", False),
        ("X-A", "a\r\nb", False),
        ("X-A", "a\n", False),
        ("X-A", "\0", False),
        ("X-A\n", "x", False),
        ("X A", "x", False),
        ("", "x", False),
        ("Ü", "x", False),
        (":authority", "x", False),
        ("HOST", "x", False),
        ("Content-length", "x", False),
        ("transfer-encoding", "x", False),
        ("Connection", "x", False),
    ],
)
def test_fields(name: str, value: str, good: bool) -> None:
    assert (field_problem(name, value) is None) is good
