"""The direction of imports and the edges of purity (docs/architecture.md#which-way-do-imports-go), from the source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.schemes import NAMES, kinds
from proxy.auth.schemes.scheme import Scheme

ROOT = Path(__file__).parent.parent
LAYERS = (
    *("errors", "version", "values", "http", "figures", "clock", "tasks", "command"),
    *("companions", "auth", "config", "sink", "logger", "logs", "shortage", "memory"),
    *("plan", "wire"),
    *("audit", "tokens", "traces", "serve", "process", "admin", "app", "library", "cli"),
)
MAY_AWAIT = (
    "clock",
    "command",
    "companions",
    "sink",
    "logger",
    "tasks",
    "logs",
    "shortage",
    "memory",
    "wire",
    "audit",
    "tokens",
    "traces",
    "serve",
    "process",
    "admin",
    "sandbox",
    "app",
    "library",
    "cli",
)
PURE = ("errors", "version", "values", "http", "figures", "auth", "config", "plan")
IMPURE_MODULES = {"asyncio", "aiohttp", "time", "random", "socket", "ssl", "uvloop", "structlog", "subprocess"}
READERS = {
    "proxy/config/load.py",
    "proxy/config/presets.py",
    "proxy/config/written/read.py",
    "proxy/config/secrets/resolve.py",
}
ASKERS = "proxy/config/secrets/sources/"  # what lies outside: commands, servers, keyrings; asked by secrets.py alone

KINDS = {
    each.__name__
    for row in kinds()
    for kind in row
    for each in kind.__mro__
    if each.__module__.startswith("proxy.auth") and each not in (ProviderCommon, Scheme)
}
"""The classes of schemes and of their keys, but for what all have in common."""

FILES = sorted((ROOT / "proxy").rglob("*.py"))
TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def layer(file: str) -> str:
    """`auth` for proxy/auth/schemes/jwt.py, `app` for proxy/app.py, `` for the package itself."""
    parts = Path(file).with_suffix("").parts[1:]
    return "" if parts == ("__init__",) else parts[0]


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a file names in imports, those for type checking alone included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def packages(file: str) -> set[str]:
    """From which it imports anything."""
    return {name.split(".")[0] for name in imported(TREES[file])}


def files_of(*layers: str) -> list[str]:
    return [file for file in TREES if layer(file) in layers]


@pytest.mark.parametrize("file", [file for file in TREES if layer(file) in LAYERS])
def test_imports_go_one_way(file: str) -> None:
    own = LAYERS.index(layer(file))
    for name in imported(TREES[file]):
        parts = name.split(".")
        part = parts[1] if len(parts) > 1 else ""
        if parts[0] == "proxy" and part in LAYERS:
            assert LAYERS.index(part) <= own, f"{file} imports {name}"
        if parts[:2] == ["proxy", "sandbox"]:
            assert layer(file) == "cli", f"{file} imports the sandbox"


@pytest.mark.parametrize("file", files_of("sandbox"))
def test_the_sandbox_stands_alone(file: str) -> None:
    """It imports nothing of the proxy but errors, so that neither can hide the other's mistakes."""
    allowed = {"aiohttp", "multidict", "pydantic", "typing_extensions", *sys.stdlib_module_names}
    for name in imported(TREES[file]):
        parts = name.split(".")
        if parts[0] == "proxy":
            assert len(parts) == 1 or parts[1] in ("sandbox", "errors"), f"{file} imports {name}"
        else:
            assert parts[0] in allowed, f"{file} imports {name}"


@pytest.mark.parametrize("file", [file for file in files_of(*PURE) if not file.startswith(ASKERS)])
def test_what_is_pure_neither_awaits_nor_imports_clocks_and_sockets(file: str) -> None:
    for node in ast.walk(TREES[file]):
        awaits = isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith)
        assert not awaits, f"{file}:{getattr(node, 'lineno', 0)} awaits"
    impure = {name.split(".")[0] for name in imported(TREES[file])} & IMPURE_MODULES
    assert not impure, f"{file} imports {impure}"


@pytest.mark.parametrize(
    "file", [file for file in TREES if layer(file) in PURE and file not in READERS and not file.startswith(ASKERS)]
)
def test_only_the_loader_reads_files_and_the_environment(file: str) -> None:
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open", f"{file}:{node.lineno} opens a file"
        if isinstance(node, ast.Attribute):
            reads = node.attr in ("environ", "getenv", "read_text", "read_bytes", "open")
            assert not reads, f"{file}:{node.lineno} uses {node.attr}"


@pytest.mark.parametrize("file", sorted(TREES.keys() - {"proxy/logger.py"}))
def test_structlog_is_imported_in_one_place(file: str) -> None:
    """Whoever imports it first decides whether rich comes along."""
    assert "structlog" not in packages(file)


@pytest.mark.parametrize("file", sorted(TREES.keys() - {"proxy/companions.py", "proxy/tokens/store/redis.py"}))
def test_aiocache_is_imported_in_one_place_and_beside_redis(file: str) -> None:
    """Whoever imports it first decides whether redis comes along."""
    assert "aiocache" not in packages(file)


STARTS_TASKS = {
    "proxy/tasks.py",
    "proxy/wire/inbound/connection.py",  # one per request, which it keeps itself: a callback would cost each of them
}


@pytest.mark.parametrize("file", sorted(TREES.keys() - STARTS_TASKS))
def test_tasks_are_started_in_one_way(file: str) -> None:
    """A task that nobody keeps may be collected half done; `spawn` keeps it."""
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("create_task", "ensure_future"), f"{file}:{node.lineno}: use proxy.tasks.spawn"


@pytest.mark.parametrize("file", [file for file in TREES if layer(file) not in (*MAY_AWAIT, *PURE, "")])
def test_every_part_has_its_place(file: str) -> None:
    assert layer(file) in ("presets", "__main__"), f"{file} lies in no layer of those above"


def test_no_module_imports_itself_by_a_detour() -> None:
    """What is imported for type checking alone counts, too: who needs another's type knows of it."""
    modules = {_module(file): file for file in TREES if not file.endswith("__init__.py")}  # those hand out parts' names
    graph = {
        name: {found for found in imported(TREES[file]) if found in modules and found != name}
        for name, file in modules.items()
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("file", [file for file in TREES if not file.startswith("proxy/auth/schemes/")])
def test_nobody_asks_which_scheme_it_is(file: str) -> None:
    """Not by class and not by name: what there is to ask stands in `Scheme` and `ProviderCommon`."""
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            assert not _names(node.args[1]) & KINDS, f"{file}:{node.lineno} asks for a scheme's class"
        if isinstance(node, ast.MatchClass):
            assert not _names(node.cls) & KINDS, f"{file}:{node.lineno} asks for a scheme's class"
        if isinstance(node, ast.Compare):
            of_scheme = any(isinstance(part, ast.Attribute) and part.attr == "scheme" for part in ast.walk(node))
            named = any(isinstance(part, ast.Constant) and part.value in NAMES for part in ast.walk(node))
            assert not (of_scheme and named), f"{file}:{node.lineno} asks for a scheme's name"


def _names(tree: ast.AST) -> set[str]:
    """Of what may be a class or several, also behind the module that it lies in."""
    parts = list(ast.walk(tree))
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return names | {part.attr for part in parts if isinstance(part, ast.Attribute)}


def _module(file: str) -> str:
    return ".".join(Path(file).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("file", files_of("wire"))
def test_the_wire_knows_no_routes_and_no_tokens(file: str) -> None:
    """Where a host may lead (reach) and what browsers are told (cors) are no route's."""
    for name in imported(TREES[file]):
        parts = name.split(".")
        if parts[:2] == ["proxy", "plan"] and len(parts) > 2:
            assert parts[2] in ("reach", "cors"), f"{file} imports {name}"
        assert parts[:2] != ["proxy", "auth"], f"{file} imports {name}"


@pytest.mark.parametrize("file", files_of("wire"))
def test_the_wire_has_no_circles_of_types(file: str) -> None:
    """What only types need is a Protocol beside its user."""
    assert "typing.TYPE_CHECKING" not in imported(TREES[file])
