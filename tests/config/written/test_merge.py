"""Several documents into one."""

from proxy.config.written.marks import parse
from proxy.config.written.merge import merge
from proxy.values.where import Mark


def test_entries_join_and_keep_their_marks() -> None:
    first = parse(b"include: x\nroutes:\n  /a: 1\nclients: [a]\nlisten: l\n", "1")
    second = parse(b"clients:\n  - k: v\nroutes:\n  /b: 2\nlog: {level: info}\n", "2")
    merged = merge([first, second])
    assert merged.tree == {
        "routes": {"/a": 1, "/b": 2},
        "clients": ["a", {"k": "v"}],
        "listen": "l",
        "log": {"level": "info"},
    }
    assert merged.marks["routes", "/b"] == Mark("2", 4)
    assert merged.marks["clients", 1, "k"] == Mark("2", 2)
    assert merged.marks["clients", 0] == Mark("1", 4)
    assert not merged.problems


def test_twice_names_both_places_and_the_first_holds() -> None:
    first = parse(b"routes: {/a: 1}\nlisten: l\nclients: []\n", "1")
    second = parse(b"\nlisten: m\nroutes:\n  /a: 2\nclients: {}\n", "2")
    merged = merge([first, second])
    assert [str(problem) for problem in merged.problems] == [
        "2:2: listen: given twice; first in 1:2",
        "2:4: routes./a: given twice; first in 1:1",
        "2:5: clients: given twice; first in 1:3",
    ]
    assert merged.tree == {"routes": {"/a": 1}, "listen": "l", "clients": []}


def test_an_empty_section_is_no_section() -> None:
    first, second = parse(b"routes:\nproviders:\n", "1"), parse(b"routes: {/a: 1}\n", "2")
    merged = merge([first, second])
    assert (merged.tree, merged.problems) == ({"routes": {"/a": 1}}, ())
