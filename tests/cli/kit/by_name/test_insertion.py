"""Entries in a text that else stays as it is."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from proxy.cli.kit.by_name.insertion import UnplaceableError, inserted

NEW = ["  /new: new"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "routes:\n  /new: new\n"),
        ("# only this\n", "# only this\nroutes:\n  /new: new\n"),
        ("listen: 1", "listen: 1\nroutes:\n  /new: new\n"),
        ("routes:\n", "routes:\n  /new: new\n"),
        ("routes: {}\n", "routes:\n  /new: new\n"),
        ("routes: {}  # none\nlisten: 1\n", "routes:  # none\n  /new: new\nlisten: 1\n"),
        ("routes: ~\n", "routes:\n  /new: new\n"),
        ("routes:\n  /a: a  # why\n", "routes:\n  /a: a  # why\n  /new: new\n"),
        ("routes:\n    /a: a\n\n# next\nlisten: 1\n", "routes:\n    /a: a\n    /new: new\n\n# next\nlisten: 1\n"),
        (
            "routes:\n  /a:\n    methods: [GET]\n    paths:\n    - /x\nlisten: 1\n",
            "routes:\n  /a:\n    methods: [GET]\n    paths:\n    - /x\n  /new: new\nlisten: 1\n",
        ),
        ("routes:\n  /a: |\n    b\n\nlisten: 1\n", "routes:\n  /a: |\n    b\n  /new: new\n\nlisten: 1\n"),
        ("x: &x {a: 1}\nroutes:\n  /a: *x\n# end\n", "x: &x {a: 1}\nroutes:\n  /a: *x\n  /new: new\n# end\n"),
        ("routes:\r\n  /a: a\r\nlisten: 1\r\n", "routes:\r\n  /a: a\r\n  /new: new\r\nlisten: 1\r\n"),
        ("routes:\n  /a:\nlisten: 1\n", "routes:\n  /a:\n  /new: new\nlisten: 1\n"),
        ("routes:\n  /a: '千帆'\n", "routes:\n  /a: '千帆'\n  /new: new\n"),
    ],
)
def test_an_entry_goes_to_the_end_of_its_section(text: str, expected: str) -> None:
    assert inserted(text, "routes", NEW) == expected


@pytest.mark.parametrize(
    "text", ["{routes: {}}", "- a", "routes: {/a: a}", "x: &x {/a: a}\nroutes: *x\n", "routes: [a]"]
)
def test_what_has_no_line_of_its_own_is_not_touched(text: str) -> None:
    with pytest.raises(UnplaceableError):
        inserted(text, "routes", NEW)


NAMES = some.text("abc", min_size=1, max_size=3)
TREES = some.recursive(
    some.one_of(some.integers(), some.text("a #:\n'\"", max_size=6), some.none(), some.just({}), some.just([])),
    lambda inner: some.dictionaries(NAMES, inner, max_size=3) | some.lists(inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(some.dictionaries(NAMES, TREES, max_size=3), some.dictionaries(NAMES, TREES, max_size=3), some.booleans())
def test_it_says_what_it_said_and_the_new_entry(rest: dict[str, object], routes: dict[str, object], crlf: bool) -> None:
    tree = {**rest, "routes": routes, "after": 1}
    text = yaml.safe_dump(tree, default_flow_style=False, sort_keys=False)
    text = text.replace("\n", "\r\n") if crlf else text
    assert yaml.safe_load(inserted(text, "routes", NEW)) == {**tree, "routes": {**routes, "/new": "new"}}
