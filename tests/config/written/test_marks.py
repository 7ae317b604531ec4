"""YAML text to a tree with marks."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.written.marks import Document, most_values, parse


def read(text: str) -> Document:
    return parse(text.encode(), "c.yaml")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("-5", -5),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", "1e3"),  # YAML 1.1 has no such float, and an id may look like it
        ("1.0e+3", 1000.0),
        ("0123", "0123"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("+5", "+5"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("9" * 200, "9" * 200),
        ("1.0e+999", "1.0e+999"),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("2024-01-02", "2024-01-02"),
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        ("'1'", "1"),
        ("'true'", "true"),
        ("!!str 1", "1"),
        ("=", "="),
    ],
)
def test_scalars(written: str, value: object) -> None:
    found = read(f"a: {written}").tree["a"]
    assert found == value
    assert isinstance(found, type(value))


def test_a_float_keeps_its_text() -> None:
    found = read("a: 1.10").tree["a"]
    assert (str(found), found) == ("1.10", 1.1)


def test_keys_are_text() -> None:
    assert list(read("{1: a, true: b, ~: c, 2024-01-02: d, 1.10: e}").tree) == ["1", "true", "~", "2024-01-02", "1.10"]


def test_marks_name_the_line_of_the_key_and_of_the_item() -> None:
    document = read("a:\n  b:\n    1\n  c:\n    - x\n    -\n      y: z\n")
    lines = {where: mark.line for where, mark in document.marks.items()}
    assert lines == {
        (): 1,
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 4,
        ("a", "c", 0): 5,
        ("a", "c", 1): 7,
        ("a", "c", 1, "y"): 7,
    }


def test_merge_keys() -> None:
    document = read("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 0\nw: {<<: *y}\n")
    assert document.tree["z"] == {"a": 0, "b": 2, "c": 4}
    assert document.tree["w"] == {"b": 3, "c": 4}
    assert document.marks["z", "c"].line == 2
    assert not document.problems


def test_a_quoted_merge_key_is_a_key() -> None:
    assert read("{'<<': a}").tree == {"<<": "a"}


@pytest.mark.parametrize("written", ["", "# nothing\n", "---\n", "~"])
def test_an_empty_file_is_an_empty_mapping(written: str) -> None:
    assert read(written).tree == {}
    assert read(written).complete


@pytest.mark.parametrize(
    ("written", "line", "part"),
    [
        ("a: 1\nb: [1\nc: 2\n", 3, "look from line 2 on"),
        ("a: 1\n\tb: 2\n", 2, "cannot start any token"),
        ("a: 'x\n", 2, "end of stream"),
        ("a: 1\n---\nb: 2\n", 2, "but found another document"),
        ("- a\n", 1, "expected keys and values"),
        ("just text\n", 1, "expected keys and values"),
        ("a: *nowhere\n", 1, "alias without its anchor"),
        ("a: 1\na: 2\n", 2, "given twice; first in line 1"),
        ("a: {<<: [1]}\n", 1, "<< needs a mapping"),
        ("a: &a {<<: *a}\n", 1, "part of"),
        ("a: &a [*a]\n", 1, "part of"),
        ("a: !!set {x}\n", 1, "unknown YAML tag"),
        ("a: !!binary aGk=\n", 1, "unknown YAML tag"),
        ("a:\n  ? {b: c}\n  : d\n", 2, "a key must be text"),
        ("a: " + "[" * 65 + "]" * 65, 1, "nested deeper"),
        ('a: "\\ud800"\n', 1, "surrogate"),
        ('"\\ud800": a\n', 1, "surrogate"),
        ('a: "\\UFFFFFFFF"\n', 1, ""),
        ("a: \x07\n", 1, "does not allow"),
    ],
)
def test_problems(written: str, line: int, part: str) -> None:
    (problem,) = read(written).problems
    assert part in problem.message
    assert (problem.file, problem.line) == ("c.yaml", line)
    assert problem.path


def test_a_secret_in_broken_yaml_is_not_repeated() -> None:
    for written in ("a: *hunter2hunter2", "a: [hunter2hunter2", "%hunter2hunter2 x\n---\n", "a: !hunter2hunter2! x"):
        assert "hunter2" not in str(read(written).problems)


def test_many_aliases_end_soon() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))]
    (problem,) = read("\n".join(lines)).problems
    assert "too many aliases" in problem.message


@given(st.binary() | st.text(alphabet="ab:-[]{}&*<!'\"#\n ,?|>%@`\\\t~0x").map(str.encode))
def test_any_bytes_give_a_tree_or_problems(written: bytes) -> None:
    document = parse(written, "c.yaml")
    assert isinstance(document.tree, dict)
    assert document.complete or document.problems


def test_a_large_file_may_name_many_values_and_a_small_one_may_not() -> None:
    assert most_values("a: b\n") == 100_000
    assert most_values("  /route-1: {upstream: https://a.example, provider: none}\n" * 30_000) > 30_000 * 5


@pytest.mark.parametrize(
    "written", ["a: {b: [1, {c: d}], e: f}\ng: &x {h: i}\nj: {<<: *x, k: *x}\n", "a: [&x [*x]]", "a: 1\na: {}"]
)
def test_what_was_read_is_freed_node_by_node(written: str) -> None:
    """Not by Python, all at once, when the last reference goes: no other thread runs then."""
    roots: list[yaml.Node] = []

    class Watched(yaml.SafeLoader):
        def get_single_node(self) -> yaml.Node:
            roots.append(super().get_single_node())
            return roots[-1]

    parse(written.encode(), "c.yaml", Watched)
    assert [root.value for root in roots] == [[]]
