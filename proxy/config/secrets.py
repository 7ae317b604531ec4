"""`${NAME}`, `${NAME:-default}`, `${file:PATH}` and `${enc:SEALED}` in the config's texts.

Owns: their syntax, where their values come from, and which were missing. With `load.py` the only module that reads
files and the environment. Must not know: the config's keys beyond `is_template`. A value is data wherever it lands:
it is not searched for references again, and in a template its braces are doubled.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from dotenv import dotenv_values

from proxy.config.seal import Seal, Unsealable
from proxy.config.template import is_template, literal
from proxy.config.where import Finding, Where

_PIECE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:-.*)?", re.DOTALL)
_LATER = re.compile(r"(vault|keyring|exec):")
_MAX_FILE = 64 * 1024  # a secret; more is the wrong file, or a device without end

KEY_VARIABLE = "KEYLESS_STORE_KEY"

STAND_IN = "https://unset.invalid/"
"""In place of a text that lacks a secret: valid in most places, so that the rest can still be checked."""


class Reference(NamedTuple):
    """`kind` is env, file or enc; `name` the variable, the path, or the sealed text."""

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
        """What is missing, in a word for operators."""
        return {"env": self.name, "file": f"file {self.name}", "enc": KEY_VARIABLE}[self.kind]


class Substitution(NamedTuple):
    """One value that came into the text at `where`; `query` if it stands behind a `?` of that text."""

    where: Where
    value: str
    query: bool

    def __repr__(self) -> str:
        return f"Substitution({self.where!r})"


@dataclass
class Resolved:
    """A tree without references. `missing` tells which text lacked what; such a text holds a stand-in."""

    tree: Any = field(default=None, repr=False)
    missing: dict[Where, tuple[Reference, ...]] = field(default_factory=dict)
    substitutions: list[Substitution] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


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
    if body.startswith("file:") and body != "file:":
        return Reference("file", body.removeprefix("file:"))
    if body.startswith("enc:") and body != "enc:":
        return Reference("enc", body.removeprefix("enc:").strip())
    if later := _LATER.match(body):
        raise ValueError(f"${{{later[1]}:...}} is not supported by this version; use ${{NAME}} or ${{file:PATH}}")
    variable = _VARIABLE.fullmatch(body)
    if variable is None:
        raise ValueError("a malformed reference; write ${NAME}, ${NAME:-default} or ${file:PATH}")
    return Reference("env", variable[1], None if variable[2] is None else variable[2][2:])


class Sources:
    """The environment, `.env` and files under one folder. `files` are those whose change changes the answer.

    `keys` open what is sealed, once they are known: they may be references themselves.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.keys: tuple[str, ...] = ()
        self._folder = folder
        self._environ = environ
        self._dotenv = _dotenv(folder / ".env")
        self.files: list[Path] = [folder / ".env"]

    def value(self, reference: Reference) -> str | None:
        """None if it is missing; an empty value is as good as none, as an unset secret often looks like that.

        Raises ValueError for what is sealed and can't be opened.
        """
        if reference.kind == "file":
            return self._file(reference.name)
        if reference.kind == "enc":
            return self._open(reference.name)
        found = self._environ.get(reference.name, "") or self._dotenv.get(reference.name) or ""
        if not found or not _encodable(found):
            return reference.default
        return found

    def _open(self, sealed: str) -> str | None:
        if not self.keys:
            return None
        try:
            return Seal(self.keys).open(sealed.encode()).decode("utf-8")
        except Unsealable as error:
            raise ValueError(f"${{enc:...}} can't be opened: {error}; see store_key and {KEY_VARIABLE}") from None

    def _file(self, name: str) -> str | None:
        path = self._folder / name
        if path not in self.files:
            self.files.append(path)
        try:
            with path.open("rb") as file:
                written = file.read(_MAX_FILE + 1)
            text = written.decode("utf-8-sig")
        except (OSError, ValueError):
            return None
        if len(written) > _MAX_FILE:
            return None
        if text.endswith("\n"):
            text = text.removesuffix("\n").removesuffix("\r")
        return text or None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\N{REPLACEMENT CHARACTER}" not in text


def _dotenv(path: Path) -> dict[str, str | None]:
    try:
        written = path.read_bytes()
    except OSError:  # most have none, and some have a virtual environment of that name
        return {}
    # PowerShell's `>` writes UTF-16; comments in another charset must not hide the variables beside them
    wide = written[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = written.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    return dotenv_values(stream=io.StringIO(text), interpolate=False)


def resolve(tree: Any, sources: Sources) -> Resolved:
    """The tree with every reference replaced. Keys are left alone: a reference there is a mistake."""
    resolved = Resolved()
    resolved.tree = _value(tree, (), sources, resolved)
    return resolved


def _value(written: Any, where: Where, sources: Sources, resolved: Resolved) -> Any:
    if isinstance(written, dict):
        return {
            _key(key, where, resolved): _value(value, (*where, key), sources, resolved)
            for key, value in written.items()
        }
    if isinstance(written, list):
        return [_value(item, (*where, index), sources, resolved) for index, item in enumerate(written)]
    if isinstance(written, str) and "${" in written:
        return _text(written, where, sources, resolved)
    return written


def _key(key: str, where: Where, resolved: Resolved) -> str:
    if "${" in key:
        resolved.findings.append(Finding((*where, key), "a key can't hold a reference; write it out"))
    return key


def _text(written: str, where: Where, sources: Sources, resolved: Resolved) -> str:
    inert = literal if is_template(where) else str
    result = ""
    try:
        parts = list(pieces(written))
    except ValueError as error:
        resolved.findings.append(Finding(where, str(error)))
        return written
    for part in parts:
        if isinstance(part, str):
            result += inert(part) if part == "${" else part
            continue
        try:
            value = sources.value(part)
        except ValueError as error:
            resolved.findings.append(Finding(where, str(error)))
            return written
        if value is None:
            resolved.missing[where] = (*resolved.missing.get(where, ()), part)
        else:
            resolved.substitutions.append(Substitution(where, value, "?" in result))
            result += inert(value)
    return STAND_IN if where in resolved.missing else result
