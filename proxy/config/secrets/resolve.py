"""Where the values of `${...}` come from: the environment, `.env`, files, sealed texts, and outside sources.

Owns: the values, which were missing and why, and which had to be kept from before. With `load.py`, `read.py` and
`sources/` the only modules that read files and the environment. Must not know: the config's keys beyond `is_template`.
A value is data wherever it lands: it is not searched for references again, and in a template its braces are doubled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from proxy.config.model.client import PUT_THERE
from proxy.config.secrets.lacking import Lacking, Reason
from proxy.config.secrets.permissions import opened_to_others
from proxy.config.secrets.seal import Seal, Unsealable
from proxy.config.secrets.sources import OUTSIDE, Outside, Unavailable
from proxy.config.secrets.texts import Dotenv, dotenv, is_encodable, is_wide, without_break
from proxy.config.written.reference import KEY_VARIABLE, Reference, pieces
from proxy.errors import HeldBack
from proxy.values import redis_url
from proxy.values.template import is_template, literal
from proxy.values.where import Finding, Where

_MAX_FILE = 64 * 1024  # a secret; more is the wrong file, or a device without end
_AT_ONCE = 8  # calls to outside sources: twenty secrets must not take twenty round trips one after another

_OURS = (
    "is a key for Keyless (kls_...), which `keyless exec` or `keyless env` has put there, not one of the API's; "
    "put the API's own into .env, which then counts, or use a shell of its own"
)
COMMAND = "exec"
STAND_IN = "https://unset.invalid/"
"""In place of a text that lacks a secret: valid in most places, so that the rest can still be checked."""


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


class Sources:
    """The environment, `.env`, files under one folder, and what lies outside. Each reference is read once.

    `files` are those whose change changes the answer; `values` all that was found. `keys` open what is sealed, once
    they are known: they may be references themselves. `known` are the values of an earlier load: one that can't be had
    any more stays in use and is listed in `kept`, since a secret that can't be read was hardly meant to be dropped.
    `commands`: the only ones that may be run, if it's not to be any.
    """

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        known: Mapping[Reference, str] = MappingProxyType({}),
        commands: Collection[str] | None = None,
    ) -> None:
        self.keys: tuple[str, ...] = ()
        self.files: dict[Path, None] = {folder / ".env": None}
        self.values: dict[Reference, str] = {}
        self.reasons: dict[Reference, Reason] = {}
        self.kept: set[Reference] = set()
        self.open_files: dict[Path, str] = {}
        self._folder = folder
        self._environ = environ
        self._known = known
        self._permitted = commands
        self._dotenv = self._read_dotenv(folder / ".env")
        lines = self._dotenv.set if self._dotenv else {}
        self._outside = Outside(folder, lines | {name: value for name, value in environ.items() if value})
        self._asked: dict[Reference, str | Unavailable | ValueError] = {}

    def fetch(self, references: Iterable[Reference]) -> None:
        """Ask the outside sources for all of these at once; `value` has the answers. Raises HeldBack."""
        wanted = {each for each in references if each.kind in OUTSIDE} - self._asked.keys()
        if strange := [each for each in wanted if not self._may_ask(each)]:
            raise HeldBack(tuple(sorted(f"a command that was not there before: {each.shown}" for each in strange)))
        if wanted:
            with ThreadPoolExecutor(min(len(wanted), _AT_ONCE)) as pool:
                self._asked |= dict(zip(wanted, pool.map(self._ask, wanted), strict=True))

    def _may_ask(self, reference: Reference) -> bool:
        return reference.kind != COMMAND or self._permitted is None or reference.name in self._permitted

    @property
    def commands(self) -> frozenset[str]:
        """Those that were run."""
        return frozenset(reference.name for reference in self._asked if reference.kind == COMMAND)

    def _ask(self, reference: Reference) -> str | Unavailable | ValueError:
        try:
            return self._outside.value(reference.kind, reference.name)
        except (Unavailable, ValueError) as error:
            return error

    def value(self, reference: Reference) -> str | None:
        """None if it is missing; an empty value is as good as none, as an unset secret often looks like that.

        Raises ValueError for what is sealed and can't be opened, or can't be had before the config is changed.
        """
        found = self._found(reference)
        vanished = found is None and (reference.default is None or self._dotenv is None)
        if found is None:
            found = reference.default
        if vanished and reference in self._known and found != self._known[reference]:
            found = self._known[reference]
            self.kept.add(reference)
        if found is not None:
            self.values[reference] = found
        return found

    def first_set(self, names: Sequence[str]) -> str | None:
        """The first of these variables that has a value; else one that had, since `value` goes on with that."""
        wanted = [Reference("env", name) for name in names]
        there = [each.name for each in wanted if self._found(each) is not None]
        return next(iter([*there, *(each.name for each in wanted if each in self._known)]), None)

    def _found(self, reference: Reference) -> str | None:
        match reference.kind:
            case "env":
                return self._from_variable(reference)
            case "file":
                return self._file(reference)
            case "enc":
                return self._open(reference.name)
            case _:
                return self._from_outside(reference)

    def _from_variable(self, reference: Reference) -> str | None:
        value = without_break(self._variable(reference.name))
        if value and is_encodable(value):
            return value
        if (self._environ.get(reference.name) or "").startswith(PUT_THERE):
            self.reasons[reference] = Reason(f"{reference.shown} {_OURS}")
        return None

    def _variable(self, name: str) -> str:
        """The environment's counts before `.env`, but for what `exec` and `env` have put there in a secret's place."""
        value = self._environ.get(name) or ""
        if value and not value.startswith(PUT_THERE):
            return value
        return self._dotenv.set.get(name, "") if self._dotenv else ""

    @property
    def unread(self) -> list[str]:
        """Lines of `.env` that say nothing."""
        return [f"{self._folder / '.env'}:{line}" for line in (self._dotenv.unread if self._dotenv else ())]

    def was_trimmed(self, reference: Reference) -> bool:
        """A line break in a variable is an accident; at the end of a file it is how files end."""
        return reference.kind == "env" and self._variable(reference.name).endswith("\n")

    def _from_outside(self, reference: Reference) -> str | None:
        self.fetch((reference,))
        answer = self._asked[reference]
        if isinstance(answer, Unavailable):
            self.reasons[reference] = Reason(f"{reference.shown}: {answer}", answer.detail)
            return None
        if isinstance(answer, ValueError):
            raise answer
        return answer or None

    def lack(self, references: Iterable[Reference]) -> Lacking:
        """What of these is missing, or why."""
        lacking = list(references)
        reasons = (self.reasons.get(reference) for reference in lacking)
        names = (reference.shown for reference in lacking if reference not in self.reasons)
        return Lacking(tuple(names), tuple(reason for reason in reasons if reason is not None))

    def _open(self, sealed: str) -> str | None:
        if not self.keys:
            return None
        try:
            return Seal(self.keys).open(sealed.encode()).decode("utf-8")
        except Unsealable as error:
            raise ValueError(f"${{enc:...}} can't be opened: {error}; see store_key and {KEY_VARIABLE}") from None

    def _file(self, reference: Reference) -> str | None:
        path = self._folder / reference.name
        self.files[path] = None
        try:
            with path.open("rb") as file:
                self._note(path, opened_to_others(file.fileno()))
                written = file.read(_MAX_FILE + 1)
            if is_wide(written):
                self.reasons[reference] = Reason(f"{reference.shown}: it is UTF-16; save it as UTF-8")
                return None
            text = written.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.reasons[reference] = Reason(f"{reference.shown}: it is not UTF-8; save it as UTF-8")
            return None
        except (OSError, ValueError):
            return None
        if len(written) > _MAX_FILE:
            return None
        return without_break(text) or None

    def _note(self, path: Path, opened: str) -> None:
        if opened:
            self.open_files[path] = opened

    def _read_dotenv(self, path: Path) -> Dotenv | None:
        """None if there is none: most have none, and some have a virtual environment of that name."""
        try:
            with path.open("rb") as file:
                self._note(path, opened_to_others(file.fileno()))
                written = file.read()
        except OSError:
            return None
        # comments in another charset must not hide the variables beside them
        text = written.decode("utf-16" if is_wide(written) else "utf-8-sig", errors="replace")
        return dotenv(text)


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
    read: list[tuple[str, bool]] = []
    query = False
    try:
        parts = list(pieces(written))
    except ValueError as error:
        resolved.findings.append(Finding(where, str(error)))
        return written
    for part in parts:
        if isinstance(part, str):
            read.append((inert(part) if part == "${" else part, False))
            query = query or "?" in part
            continue
        try:
            value = sources.value(part)
        except ValueError as error:
            resolved.findings.append(Finding(where, str(error)))
            return written
        if value is None:
            resolved.missing[where] = (*resolved.missing.get(where, ()), part)
        else:
            resolved.substitutions.append(Substitution(where, value, query))
            read.append((inert(value), True))
            query = query or "?" in value
    if where in resolved.missing:
        return STAND_IN
    return redis_url.joined(read) if where == ("store",) else "".join(text for text, _ in read)
