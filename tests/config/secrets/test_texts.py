"""Texts before they are secrets."""

from __future__ import annotations

import pytest

from proxy.config.secrets.texts import dotenv, named


@pytest.mark.parametrize(
    ("text", "values", "unread"),
    [
        ("", {}, ()),
        ("# a comment\n\nexport A=1\nB = 'two words' # why\n", {"A": "1", "B": "two words"}, ()),
        ("A=\n", {}, ()),
        ("A=1\nsk-made-up\n", {"A": "1"}, (2,)),
        ('A=1\nB="open\n', {"A": "1"}, (2,)),
        ("=x\nA=1\n", {"A": "1"}, (1,)),
        ("A=1\nA=2\n", {"A": "2"}, ()),
        ("A=1\nA=\n", {}, ()),
        ('KEY="-----BEGIN\nx\n-----END"\nB=1\n', {"KEY": "-----BEGIN\nx\n-----END", "B": "1"}, ()),
    ],
)
def test_what_a_dotenv_says(text: str, values: dict[str, str], unread: tuple[int, ...]) -> None:
    assert dotenv(text) == (values, unread)


def test_it_shows_no_value() -> None:
    assert "made-up" not in repr(dotenv("A=made-up"))


def test_a_name_counts_without_a_value_and_not_in_a_comment() -> None:
    assert named("A=\nB\n# C=\nexport D=x\n") == {"A", "B", "D"}
