from __future__ import annotations

from proxy.http.memo import Bound, remember

BOUND = Bound(most=3, longest=8)


def test_what_is_short_is_kept_until_there_are_enough() -> None:
    memo: dict[int, str] = {}
    for number in range(10):
        assert remember(memo, number, str(number), 1, BOUND) == str(number)
    assert list(memo) == [0, 1, 2]


def test_what_is_long_is_told_and_not_kept() -> None:
    memo: dict[bytes, int] = {}
    assert remember(memo, b"x" * 9, 1, 9, BOUND) == 1
    assert remember(memo, b"x" * 8, 2, 8, BOUND) == 2
    assert memo == {b"x" * 8: 2}
