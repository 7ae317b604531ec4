"""A model that knows one task: read a file, mend a word in it, look again, say so; with the tools that the agent itself
offers.

Owns: the task and its turns. Must not know: how an API writes them, tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FILE = "notes.txt"
WRONG, RIGHT = "teh", "the"
BEFORE = f"Mend {WRONG} spelling of this line.\nLeave this one.\n"
AFTER = BEFORE.replace(WRONG, RIGHT)
PROMPT = f"Mend the misspelled word in {FILE}."
DONE = "Both lines of notes.txt are right now, says the model."

Schema = Mapping[str, Any]

_READS = ("read", "readfile", "readfiles", "view", "viewfile")
_EDITS = ("edit", "editfile", "replace", "strreplacefile", "strreplace", "singlefindandreplace", "editor")
_SHELLS = ("bash", "shell", "exec", "execcommand", "shellcommand", "runcommands", "runterminalcommand", "localshell")
_SHOW = f"cat {FILE}"
_MEND = f"sed -i s/{WRONG}/{RIGHT}/ {FILE}"
_PATCH = f"""*** Begin Patch
*** Update File: {FILE}
@@
-{BEFORE.splitlines()[0]}
+{AFTER.splitlines()[0]}
*** End Patch
"""
_BLOCK = "{file}\n<<<<<<< SEARCH\n{before}\n=======\n{after}\n>>>>>>> REPLACE\n"


class Tool(NamedTuple):
    """`schema` is JSON Schema; None: its input is a text."""

    name: str
    schema: Schema | None


class Call(NamedTuple):
    """`arguments` are a text where the tool takes one; `number`: how many calls went before it."""

    tool: str
    arguments: Any
    number: int


class Asked(NamedTuple):
    """`results`: how many calls were answered so far; `text`: all that was said."""

    tools: Sequence[Tool]
    results: int
    text: str


Turn = Call | str


def step(asked: Asked) -> int:
    """How far the task is: 0 at its beginning. Of an agent without tools, by what it has shown and said."""
    if asked.tools:
        return asked.results
    if "SEARCH/REPLACE" not in asked.text or BEFORE.splitlines()[1] not in asked.text:
        return 0
    return 2 if "failed to match" in asked.text else 1


def next_turn(asked: Asked, folder: str) -> Turn:
    """`folder`: where the file lies, for tools that want whole paths."""
    if not asked.tools:
        return _in_text(asked) if "SEARCH/REPLACE" in asked.text else DONE
    names = {re.sub("[^a-z]", "", tool.name.lower()): tool for tool in asked.tools}
    wanted = [_READS, _EDITS, _READS]
    if asked.results >= len(wanted):
        return DONE
    if asked.results == 1 and (patch := names.get("applypatch")) is not None:
        arguments = _PATCH if patch.schema is None else dict.fromkeys(patch.schema["properties"], _PATCH)
        return Call(patch.name, arguments, asked.results)
    tool = next((names[name] for name in wanted[asked.results] if name in names), None)
    shell = _MEND if asked.results == 1 else _SHOW
    tool = tool or next((names[name] for name in _SHELLS if name in names), None)
    if tool is None or tool.schema is None:
        return DONE
    texts = {"path": f"{folder}/{FILE}", "command": shell}
    return Call(tool.name, filled(tool.schema, "", texts), asked.results)


def _in_text(asked: Asked) -> str:
    """For an agent whose model answers with blocks of text: the file is asked for, then missed, then met."""
    before, after = BEFORE.splitlines()[0], AFTER.splitlines()[0]
    match step(asked):
        case 0:
            return f"I have to see {FILE} first; please add it."
        case 1:
            return _BLOCK.format(file=FILE, before="No such line.", after=after)
        case _:
            return _BLOCK.format(file=FILE, before=before, after=after) + DONE


def filled(schema: Schema, name: str, texts: Mapping[str, str]) -> Any:
    """A value that fits: what it must have, and what its name says that it is for."""
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return filled(schema[choice][0], name, texts)
    kind = schema.get("type")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if "properties" in schema:
        must = set(schema.get("required", ()))
        wanted = {key: value for key, value in schema["properties"].items() if key in must or _text(key, texts)}
        return {key: filled(value, key, texts) for key, value in wanted.items()}
    if kind == "array":
        return [filled(schema.get("items", {}), name.removesuffix("s"), texts)]
    if "enum" in schema:
        return next(
            (value for value in ("str_replace", "edit", "replace") if value in schema["enum"]), schema["enum"][0]
        )
    if kind in ("boolean", "integer", "number", "object"):
        return {"boolean": False, "object": {}}.get(kind, 1)
    return _text(name, texts) or "made up"


def _text(name: str, texts: Mapping[str, str]) -> str | None:
    """By a parameter's name: a path, a command, the text to replace or to put there."""
    word = re.sub("[^a-z]", "", name.lower())
    if word in ("path", "filepath", "absolutepath", "filename", "file"):
        return texts["path"]
    if word in ("command", "cmd"):
        return texts["command"]
    if word.startswith("old"):
        return WRONG
    return RIGHT if word.startswith("new") else None
