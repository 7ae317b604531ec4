"""Rules within a provider, beyond what the golden cases show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.model import StaticProvider
from proxy.config.rules.provider import field_problem, is_jmespath


@pytest.mark.parametrize(
    ("provider", "header"),
    [
        ({"token": "t"}, {"Authorization": "Bearer {token}"}),
        ({"username": "u", "password": "p"}, {"Authorization": "Basic {basic}"}),
        ({"username": "u", "password": "p", "inject": {"header": {"X": "{basic}"}}}, {"X": "{basic}"}),
        ({"username": "u", "password": "p", "inject": {"query": {"b": "{basic}"}}}, {}),
    ],
)
def test_effective_inject(provider: dict[str, object], header: dict[str, str]) -> None:
    found = StaticProvider.model_validate({"scheme": "static"} | provider)
    assert found.effective_inject.header == header


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
