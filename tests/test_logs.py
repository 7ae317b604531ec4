"""Request lines leave in pieces that a pipe takes whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.logs import batches


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        (["a"], ["a\n"]),
        (["abc", "def"], ["abc\ndef\n"]),
        (["abc", "defg"], ["abc\n", "defg\n"]),
        (["ä" * 3, "b"], ["äää\n", "b\n"]),
        (["a", "much longer than all", "b"], ["a\n", "much longer than all\n", "b\n"]),
    ],
)
def test_as_many_as_fit_into_8_bytes(lines: list[str], expected: list[str]) -> None:
    assert list(batches(lines, 8)) == expected


@given(st.lists(st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]))), st.integers(1, 64))
def test_nothing_is_lost_and_only_a_lone_line_may_be_too_long(lines: list[str], size: int) -> None:
    found = list(batches(lines, size))
    assert "".join(found) == "".join(f"{line}\n" for line in lines)
    for batch in found:
        assert len(batch.encode("utf-8")) <= size or batch.count("\n") == 1
