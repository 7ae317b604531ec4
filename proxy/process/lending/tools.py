"""The table of programs that need more than variables (proxy/tools.yaml): read, and filled in for one of them.

Owns: its form, and what flags, variables and files come of it. Must not know: how routes are chosen (variables.py),
where files are written (files.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cache
from importlib import resources
from pathlib import PurePath
from typing import Any, Literal

import yaml
from pydantic import Field, TypeAdapter

from proxy.config.written.marks import QUICK
from proxy.config.written.overlay import merged
from proxy.values.kinds import Strict
from proxy.values.record import record

_NAMES = re.compile(r"\{(base|key|model|folder)\}")


class Sdk(Strict):
    """`base`: the variable whose text is the base URL; `env`: what a route that is the only one gives."""

    base: str
    env: dict[str, str]


class Part(Strict):
    """What a program needs of the route that speaks `sdk`."""

    sdk: str
    model: str | None = None
    args: list[str] = Field(default=[])
    env: dict[str, Any] = Field(default={})
    files: dict[str, Any] = Field(default={})


class Tool(Strict):
    take: Literal["first", "all"] = "first"
    args: list[str] = Field(default=[])
    files: dict[str, Any] = Field(default={})
    over: dict[str, str] = Field(default={})
    parts: list[Part]


class Table(Strict):
    sdks: dict[str, Sdk]
    tools: dict[str, Tool]


@record
class Needs:
    """Of one run. `over`: the user's own files, by ours, that go under them."""

    args: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict, repr=False)
    files: dict[str, Any] = field(default_factory=dict, repr=False)
    over: dict[str, str] = field(default_factory=dict)


@cache
def table() -> Table:
    written = resources.files("proxy").joinpath("tools.yaml").read_bytes()
    return TypeAdapter(Table).validate_python(yaml.load(written, QUICK))  # noqa: S506 -- safe loaders both


def tool_of(command: str, tools: Mapping[str, Tool]) -> Tool | None:
    """By the name of the program, wherever it lies."""
    return tools.get(PurePath(command).name.removesuffix(".exe"))


def needs(tool: Tool, parts: Sequence[tuple[Part, str]], texts: Mapping[str, str]) -> Needs:
    """`parts`: those whose SDK is routed, each with its base URL. `texts`: `key`, `folder`, and perhaps `model`."""
    taken = parts if tool.take == "all" else parts[:1]
    if not taken:
        return Needs()
    args, files = list(tool.args), dict(tool.files)
    env: dict[str, Any] = {}
    for part, base in taken:
        known = {"model": part.model or "", **texts, "base": base}
        args += filled(part.args, known)
        env = merged(env, filled(part.env, known))
        files = merged(files, filled(part.files, known))
    written = {name: text if isinstance(text, str) else json.dumps(text) for name, text in env.items()}
    return Needs(filled(args, texts), written, filled(files, texts), tool.over)


def filled(written: Any, texts: Mapping[str, str]) -> Any:
    """A tree with the names in its texts replaced."""
    if isinstance(written, dict):
        return {key: filled(value, texts) for key, value in written.items()}
    if isinstance(written, list):
        return [filled(value, texts) for value in written]
    if isinstance(written, str):
        return _NAMES.sub(lambda match: texts.get(match[1], match[0]), written)
    return written
