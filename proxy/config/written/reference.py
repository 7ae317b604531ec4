"""`${NAME}`, `${file:PATH}`, `${vault:PATH#FIELD}` ... as they are written in the config's texts.

Owns: their syntax, and how one is told of. Must not know: where values come from (resolve.py, sources/).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from proxy.values.template import literal
from proxy.values.where import Where

KEY_VARIABLE = "KEYLESS_STORE_KEY"

_PIECE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:-.*)?", re.DOTALL)


class Reference(NamedTuple):
    """`kind` is env, or the word before the colon; `name` the variable, the path, the sealed text, the command ..."""

    kind: str
    name: str
    default: str | None = None

    def __repr__(self) -> str:
        return f"Reference({self.kind!r})"

    @property
    def written(self) -> str:
        name = self.name if self.kind == "env" else f"{self.kind}:{self.name}"
        return f"${{{name}}}" if self.default is None else f"${{{name}:-{self.default}}}"

    @property
    def shown(self) -> str:
        """What is missing, in a word for operators. Of a command only the program: its arguments may be anything."""
        if self.kind == "exec":
            return f"exec:{shlex.split(self.name)[0]}"
        return {"env": self.name, "file": f"file {self.name}", "enc": KEY_VARIABLE}.get(
            self.kind, f"{self.kind}:{self.name}"
        )


def pieces(text: str) -> Iterator[str | Reference]:
    """The literal texts and the references of a text, in order. Raises ValueError; its message quotes nothing."""
    end = 0
    for match in _PIECE.finditer(text):
        yield text[end : match.start()]
        end = match.end()
        if match[0] == "$${":
            yield "${"
        elif match[1] is None:
            raise ValueError("a ${ that does not end well; write $${ where ${ is meant as text")
        else:
            yield _reference(match[1])
    yield text[end:]


def references(tree: Any, where: Where = ()) -> Iterator[tuple[Where, Reference]]:
    """Every reference in the texts of a tree, and where; those of a malformed text are left out."""
    if isinstance(tree, str):
        if "${" in tree:
            with suppress(ValueError):
                yield from [(where, part) for part in pieces(tree) if isinstance(part, Reference)]
        return
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in inner:
        yield from references(value, (*where, step))


def escape_literals(text: str) -> str:
    """For a text that goes into a template: braces doubled, but for those of references, which are data already."""
    try:
        parts = list(pieces(text))
    except ValueError:
        return text  # it is reported where it stands
    return "".join(_escaped(part) for part in parts)


def _escaped(part: str | Reference) -> str:
    if isinstance(part, Reference):
        return part.written
    return "$${" if part == "${" else literal(part)


def _reference(body: str) -> Reference:
    kind, colon, name = body.partition(":")
    if colon and name and kind in _FORMS:
        fits, form = _FORMS[kind]
        name = name.strip() if kind != "file" else name
        if not fits(name):
            raise ValueError(f"a malformed reference; write {form}")
        return Reference(kind, name)
    variable = _VARIABLE.fullmatch(body)
    if variable is None:
        raise ValueError("a malformed reference; write ${NAME}, ${NAME:-default} or ${file:PATH}")
    return Reference("env", variable[1], None if variable[2] is None else variable[2][2:])


def _is_command(name: str) -> bool:
    try:
        return bool(shlex.split(name))
    except ValueError:  # a quotation that doesn't end
        return False


_FORMS: dict[str, tuple[Callable[[str], object], str]] = {
    "file": (bool, "${file:PATH}"),
    "enc": (bool, "${enc:SEALED}, as `keyless seal` prints it"),
    "keyring": (re.compile(r".+/[^/]+").fullmatch, "${keyring:SERVICE/USER}"),
    "vault": (re.compile(r"[^/#]+/[^#]*[^/#]#[^#]+").fullmatch, "${vault:MOUNT/PATH#FIELD}"),
    "aws-sm": (re.compile(r"[^#]+(#[^#]+)?").fullmatch, "${aws-sm:NAME} or ${aws-sm:NAME#FIELD}"),
    "exec": (_is_command, "${exec:PROGRAM ARGUMENTS}; a quotation has two ends"),
}
