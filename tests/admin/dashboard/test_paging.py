"""A long list in pages: whatever a query asks for, there is a page."""

from __future__ import annotations

import pytest

from proxy.admin.dashboard.paging import SIZE, Paged

ROWS = [f"/route-{number}" for number in range(10_000)]


def of(**query: str) -> Paged[str]:
    return Paged.of(ROWS, str, query)


def test_of_ten_thousand_a_page_shows_some() -> None:
    first, last = of(), of(page="200")
    assert (len(first.rows), first.number, first.last, first.total) == (SIZE, 1, 200, 10_000)
    assert last.rows[-1] == "/route-9999"


@pytest.mark.parametrize(
    ("asked", "number"), [("0", 1), ("-1", 1), ("999", 200), ("x", 1), ("", 1), ("9" * 400, 1), ("²", 1)]
)
def test_a_page_that_is_none_is_the_nearest(asked: str, number: int) -> None:
    assert of(page=asked).number == number


def test_words_narrow_it_down() -> None:
    found = of(q=" ROUTE 9999 ")
    assert (found.rows, found.found, found.last) == (["/route-9999"], 1, 1)
    assert of(q="nothing").rows == []


def test_links_keep_the_words() -> None:
    assert of(q="route 1").link(2) == "?q=route+1&page=2"
    assert of().link(1) == "?"
