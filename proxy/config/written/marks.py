"""From YAML text to plain mappings, lists and scalars, with the place of each one.

Owns: what YAML means here. Must not know: files, the config's keys, secrets.
Two rules differ from PyYAML's own. Keys are always text. A plain scalar is a number or a boolean only if JSON would
call it one: `0123`, `1_000`, `12:30`, `no` and dates stay as written, since here they are keys, ids and names.
No message repeats a value of the file: a password that starts with `*` is a broken alias to YAML.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import field
from typing import Any

import yaml

from proxy.errors import Problem
from proxy.values.record import record
from proxy.values.where import Mark, Where, dotted

QUICK: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one written in C, where PyYAML was built with it: ten times as fast, and without Python's bound on recursion."""

_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_MAX_NODES = 100_000  # aliases of aliases can name more values than memory holds
_SHORTEST_NODE = 4
_MAX_DEPTH = 64
_MAX_DIGITS = 100  # Python refuses to convert numbers of thousands of digits


@record
class Document:
    """What one file says. `complete` is false if the file could not be read to its end."""

    file: str
    tree: dict[str, Any] = field(default_factory=dict, repr=False)
    marks: dict[Where, Mark] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()
    complete: bool = True


class WrittenFloat(float):
    """A float that remembers its text, so that a header `X-Version: 1.10` does not become 1.1."""

    __slots__ = ("text",)
    text: str

    def __str__(self) -> str:
        return self.text


def unread(file: str, line: int, path: str, message: str) -> Document:
    return Document(file, problems=(Problem(file, line, path, message),), complete=False)


def parse(written: bytes, file: str, loader: type[Any] = yaml.SafeLoader) -> Document:
    """One YAML document. Mistakes are in `problems`; an empty file is an empty mapping.

    `loader` is PyYAML's: QUICK for files of our own. What is nested without end would break the process there.
    """
    try:
        text = written.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        return unread(file, line, "file", "not UTF-8 text; save the file as UTF-8")
    try:
        root = yaml.compose(text, Loader=loader)
        return Document(file) if root is None else _Walk(file, most_values(text)).document(root)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return unread(file, line, "yaml", f"a character that YAML does not allow (code {error.character:#x})")
    except yaml.MarkedYAMLError as error:
        return unread(file, _line_of(error), "yaml", _syntax(error))
    except RecursionError:
        return unread(file, 1, "yaml", f"nested deeper than {_MAX_DEPTH} levels")
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML's scanner hands escapes such as "\UFFFFFFFF" to chr() as they are
        return unread(file, 1, "yaml", "not valid YAML; perhaps an escape beyond Unicode")


def most_values(text: str) -> int:
    """How many a file may name: those of a large config each take some bytes of it, those of a bomb are aliases."""
    return max(_MAX_NODES, len(text) // _SHORTEST_NODE)


def _line_of(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _syntax(error: yaml.MarkedYAMLError) -> str:
    if error.problem and "undefined alias" in error.problem:
        return "an alias without its anchor; put a text that starts with * into quotes"
    problem = re.sub(r" ?'([^']*)'", _speakable, error.problem or "not valid YAML")
    context = error.context_mark
    if context is None or error.problem_mark is None or context.line == error.problem_mark.line:
        return problem
    return f"{problem}; look from line {context.line + 1} on"


def _speakable(quote: re.Match[str]) -> str:
    """A quoted word of PyYAML's, unless it may come from the file: names of syntax and single characters stay."""
    return quote[0] if len(quote[1]) <= 1 or re.fullmatch(r"<[a-z ]+>", quote[1]) else ""


class _Stop(yaml.YAMLError):
    """Ends a walk that would not end by itself."""

    def __init__(self, node: yaml.Node, message: str) -> None:
        self.line = node.start_mark.line + 1
        self.message = message


class _Walk:
    """One pass over the nodes of a file, filling `marks` and `problems`."""

    def __init__(self, file: str, most: int) -> None:
        self.file = file
        self.most = most
        self.marks: dict[Where, Mark] = {}
        self.problems: list[Problem] = []
        self.nodes = 0
        self.above: list[yaml.Node] = []
        self.entered: list[yaml.Node] = []

    def document(self, root: yaml.Node) -> Document:
        if not isinstance(root, yaml.MappingNode) and not (
            isinstance(root, yaml.ScalarNode) and root.tag == _TAG + "null"
        ):
            return unread(self.file, root.start_mark.line + 1, "file", "expected keys and values at the top")
        self.marks[()] = Mark(self.file, 1)
        try:
            tree = self.value(root, ())
        except _Stop as stop:
            return unread(self.file, stop.line, "yaml", stop.message)
        finally:
            self.let_go()
        return Document(self.file, tree or {}, self.marks, tuple(self.problems))

    def value(self, node: yaml.Node, where: Where) -> Any:
        self.count(node)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, where)
        self.enter(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                return self.sequence(node, where)
            assert isinstance(node, yaml.MappingNode)  # noqa: S101 -- YAML has three kinds of nodes
            return self.mapping(node, where)
        finally:
            self.above.pop()

    def count(self, node: yaml.Node) -> None:
        self.nodes += 1
        if self.nodes > self.most:
            raise _Stop(node, f"more than {self.most} values; too many aliases")

    def enter(self, node: yaml.Node) -> None:
        if any(node is outer for outer in self.above):
            raise _Stop(node, "an alias to a value that it is part of")
        if len(self.above) >= _MAX_DEPTH:
            raise _Stop(node, f"nested deeper than {_MAX_DEPTH} levels")
        self.above.append(node)
        self.entered.append(node)

    def let_go(self) -> None:
        """Free the nodes one by one. All at once, as Python would, is one step that lets no other thread run: 50 ms for
        ten thousand routes, while others wait for an answer.
        """
        while self.entered:
            inner = self.entered.pop().value
            while inner:
                inner.pop()

    def scalar(self, node: yaml.ScalarNode, where: Where) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool" and node.value.lower() in ("true", "false"):
            return node.value.lower() == "true"
        if kind in ("int", "float") and len(node.value) <= _MAX_DIGITS:
            return _number(node.value)
        if kind not in ("str", "bool", "int", "float", "timestamp", "value", "merge"):
            self.problem(node, where, "an unknown YAML tag; put a text that starts with ! into quotes")
        if not _encodable(node.value):
            self.problem(node, where, "half a character (a lone surrogate)")
            return ""
        return node.value

    def sequence(self, node: yaml.SequenceNode, where: Where) -> list[Any]:
        self.plain(node, where, "seq")
        items = []
        for index, item in enumerate(node.value):
            self.mark((*where, index), item)
            items.append(self.value(item, (*where, index)))
        return items

    def mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        self.plain(node, where, "map")
        found: dict[str, Any] = {}
        for key, value in self.own_entries(node, where):
            if key.value in found:
                line = self.marks[*where, key.value].line
                self.problem(key, (*where, key.value), f"given twice; first in line {line}")
                continue
            self.mark((*where, key.value), key)
            found[key.value] = self.value(value, (*where, key.value))
        for merged in self.merged(node, where):
            for key, value in self.own_entries(merged, where):
                if key.value not in found:
                    self.mark((*where, key.value), key)
                    found[key.value] = self.value(value, (*where, key.value))
        return found

    def own_entries(self, node: yaml.MappingNode, where: Where) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key, value in node.value:
            self.count(key)
            if not isinstance(key, yaml.ScalarNode):
                self.problem(key, where, "a key must be text")
            elif not _encodable(key.value):
                self.problem(key, where, "a key holds half a character (a lone surrogate)")
            elif key.tag != _TAG + "merge":
                yield key, value

    def merged(self, node: yaml.MappingNode, where: Where) -> Iterator[yaml.MappingNode]:
        """The mappings behind `<<`, the strongest first."""
        for key, value in node.value:
            if key.tag != _TAG + "merge":
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                self.count(source)
                if not isinstance(source, yaml.MappingNode):
                    self.problem(key, where, "<< needs a mapping, or a list of them")
                    continue
                self.enter(source)
                yield source
                yield from self.merged(source, where)
                self.above.pop()

    def plain(self, node: yaml.Node, where: Where, kind: str) -> None:
        if node.tag != _TAG + kind:
            self.problem(node, where, "an unknown YAML tag")

    def mark(self, where: Where, node: yaml.Node) -> None:
        self.marks[where] = Mark(self.file, node.start_mark.line + 1)

    def problem(self, node: yaml.Node, where: Where, message: str) -> None:
        line = node.start_mark.line + 1
        self.problems.append(Problem(self.file, line, dotted(where) or "file", message))


def _encodable(text: str) -> bool:
    """False for a lone surrogate, which YAML's escapes can write and UTF-8 can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(text: str) -> int | float | str:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if match[2] is None and match[3] is None:
        return int(text)
    number = WrittenFloat(text)
    number.text = text
    return number if math.isfinite(number) else text
