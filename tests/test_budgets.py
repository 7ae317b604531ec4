"""How large a part may be: a reason to look, not a law. What is over stands here, with its reason.

A file 250 lines, a function 40 without its docstring, a folder 12 Python files, a class 12 attributes that it assigns
on itself. Records, whose fields are declared, don't count.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_imports import TREES

LINES, FUNCTION, FOLDER, ATTRIBUTES = 250, 40, 12, 12

LONG_FILES: dict[str, str] = {
    "proxy/app.py": "which part is given to which, start to end; since a takeover it wants its listening apart",
    "proxy/audit/trail.py": "one file's whole life: appending, rotating, what can't be written",
    "proxy/auth/life/lifecycle.py": "the machine: its table and its moves are read together",
    "proxy/config/secrets/resolve.py": "one pass over all references; a few lines over",
    "proxy/config/written/marks.py": "one reader of YAML with its lines; a few lines over",
    "proxy/tokens/cell.py": "one credential's flight and those who wait for it; wants the waiting apart",
    "proxy/tokens/mint.py": "the steps of one mint, in their order, with what a crash between two of them means",
    "proxy/tokens/store/redis.py": "one engine with its scripts beside their calls",
    "proxy/wire/inbound/connection.py": "the client's connection; its upgrade and its rest want a file of their own",
    "proxy/wire/outbound/connection.py": "the API's connection; a reply that is cut short wants a file of its own",
}
LONG_FUNCTIONS: dict[str, str] = {}
FULL_FOLDERS: dict[str, str] = {
    "proxy/cli": "one file per command, and nothing else",
    "proxy/sandbox": "a program of its own, that imports nothing of ours",
    "proxy/serve": "the request path: its steps stand side by side, in the order that forward.py lists them",
    "proxy/values": "leaves that know nothing of each other; one over",
    "proxy/wire/outbound": "the only leg so far; what a second one shares with it will show which room it wants",
}
WIDE_CLASSES: dict[str, str] = {
    "proxy/config/secrets/resolve.py Sources": "what one load has read so far, and from where: a record that fills up",
    "proxy/process/reloading/reload.py Reloader": "what was seen, stirred and waits for a word: one loop reads it all",
    "proxy/serve/forward.py Forwarder": "what its steps work with, given to each as it needs it; one over",
    "proxy/sandbox/state.py State": "the switches of the sandbox, one for each trick",
    "proxy/tokens/cell.py Cell": "a life, its flight, its store and its place among others; two over",
    "proxy/wire/outbound/parser.py ReplyParser": "what one reply has said so far, and how its body ends; one over",
    "proxy/tokens/succession.py Succession": "what serves, what is wanted, and what is asked meanwhile; two over",
}


def long_files() -> Iterator[str]:
    for file in TREES:
        if Path(file).read_text(encoding="utf-8").count("\n") > LINES:
            yield file


def long_functions() -> Iterator[str]:
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _size(node) > FUNCTION:
                yield f"{file} {node.name}"


def _size(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def full_folders() -> Iterator[str]:
    files = Counter(str(Path(file).parent) for file in TREES if not file.endswith("__init__.py"))
    yield from (folder for folder, count in files.items() if count > FOLDER)


def wide_classes() -> Iterator[str]:
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and len(_assigned(node)) > ATTRIBUTES:
                yield f"{file} {node.name}"


def _assigned(node: ast.ClassDef) -> set[str]:
    return {
        inner.attr
        for inner in ast.walk(node)
        if isinstance(inner, ast.Attribute)
        and isinstance(inner.ctx, ast.Store)
        and isinstance(inner.value, ast.Name)
        and inner.value.id == "self"
    }


@pytest.mark.parametrize(
    ("found", "excused"),
    [
        pytest.param(set(long_files()), LONG_FILES, id="files"),
        pytest.param(set(long_functions()), LONG_FUNCTIONS, id="functions"),
        pytest.param(set(full_folders()), FULL_FOLDERS, id="folders"),
        pytest.param(set(wide_classes()), WIDE_CLASSES, id="classes"),
    ],
)
def test_what_is_over_its_budget_says_why(found: set[str], excused: dict[str, str]) -> None:
    assert found == set(excused), "give it rooms, or a row with its reason; rows that are no longer needed go"
