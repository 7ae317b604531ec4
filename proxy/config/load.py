"""A config file, with all that belongs to it, becomes a `Loaded` or a ConfigError with every problem.

Owns: reading files, and the order of the steps: read and include, expand presets, resolve secrets, check. Must not
know: what the keys are for.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from proxy.config import permissions, validate
from proxy.config.catalogue import Catalogue, Expanded, Preset, expand, read_preset
from proxy.config.certificates import Pem, read_certificates
from proxy.config.marks import Document, parse, unread
from proxy.config.merge import merge
from proxy.config.model import Config
from proxy.config.pem import utc_now
from proxy.config.problems import as_written, message
from proxy.config.reference import KEY_VARIABLE, Reference, references
from proxy.config.secrets import Reason, Resolved, Sources, resolve
from proxy.config.sensitive import credentials
from proxy.config.sources import OUTSIDE
from proxy.config.store_key import keys_of, with_key
from proxy.config.warn import in_the_clear, warnings
from proxy.config.where import Finding, Where, dotted, place
from proxy.errors import ConfigError, Problem

_NO_NAME = "\0"  # opening it fails as it does for anything else that can't be a file's name
_MAX_FILE = 4 * 1024 * 1024  # more is no config, or a device without end


@dataclass(frozen=True)
class Written:
    """What was read of the files of a config, and how, so that its secrets can be read again without them."""

    document: Document = field(repr=False)
    files: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str] | None = field(repr=False)
    strict: bool
    catalogue: Catalogue | None = field(repr=False)


@dataclass(frozen=True)
class Loaded:
    """A config that can be run.

    `unconfigured`: providers that lack secrets, which are not in `config`, with the names of what they lack, or why.
    `secrets`: per provider, the texts that must not go out. `files`: what the answer depends on, whether it exists
    or not; a change in one is a reason to load again. `folder` is the config file's. `certificates`: of routes that
    have their own, by prefix. `digest` is of what is written, before `${...}` are resolved: no secret behind one can be
    guessed from it. `values` are those of all references; `kept` tells which of them could not be had this time, and
    stay as they were. `warnings`: what weakens security.
    """

    config: Config = field(repr=False)
    unconfigured: dict[str, tuple[str, ...]] = field(default_factory=dict)
    secrets: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    files: tuple[Path, ...] = ()
    folder: Path = Path()
    certificates: dict[str, Pem] = field(default_factory=dict, repr=False)
    digest: str = ""
    values: dict[Reference, str] = field(default_factory=dict, repr=False)
    kept: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    written: Written | None = field(default=None, repr=False)

    @property
    def asks_outside(self) -> bool:
        """Whether there are sources that can't be watched."""
        return self.fails or any(reference.kind in OUTSIDE for reference in self.values)

    @property
    def fails(self) -> bool:
        """Whether a source did not answer, and may later."""
        return bool(self.kept) or any(
            isinstance(name, Reason) for names in self.unconfigured.values() for name in names
        )


def load(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    strict: bool = False,
    catalogue: Catalogue | None = None,
    known: Mapping[Reference, str] | None = None,
) -> Loaded:
    """Raises ConfigError with every problem at once. `strict` makes a provider's missing secrets problems too.

    `known` are the values of an earlier load, for references that lead nowhere at the moment.
    """
    documents = list(_read(path, _bytes(path), set(), ()))
    files = tuple(each.file for each in documents)
    document = merge(documents)
    if not all(each.complete for each in documents):
        raise ConfigError(_in_order(document.problems, files))
    return _build(Written(document, files, path.parent, environ, strict, catalogue), known or {})


def again(loaded: Loaded) -> Loaded:
    """The same config, though its files may have changed, with its secrets read anew. Raises ConfigError."""
    assert loaded.written is not None  # noqa: S101 -- it comes from `load`
    return _build(loaded.written, loaded.values)


def _build(written: Written, known: Mapping[Reference, str]) -> Loaded:
    document, files, folder = written.document, written.files, written.folder
    catalogue = presets() if written.catalogue is None else written.catalogue
    sources = Sources(folder, os.environ if written.environ is None else written.environ, known)
    expanded = expand(with_key(document.tree, sources), catalogue)
    sources.fetch(reference for _, reference in references(expanded.tree))
    sources.keys = keys_of(expanded.tree, sources)
    resolved = resolve(expanded.tree, sources)
    certificates = read_certificates(resolved.tree, folder, _bytes, utc_now())
    checked = _findings(expanded, resolved, sources, written.strict, catalogue)
    found = (*checked, *_said_of(expanded, resolved, certificates.findings))
    problems = [*document.problems, *(_problem(finding, document, expanded) for finding in found)]
    opened = permissions.findings(expanded.tree, folder, sources.open_files)
    readable = [_problem(finding, document, expanded) for finding in opened]
    if _setting(resolved.tree, "world_readable") == "refuse":
        problems, readable = [*problems, *readable], []
    elif _setting(resolved.tree, "world_readable") == "allow":
        readable = []
    if problems:
        raise ConfigError(_in_order(problems, files))
    loaded = _loaded(expanded, resolved, sources)
    told = (_problem(finding, document, expanded) for finding in _warnings(loaded.config, expanded, document))
    return replace(
        loaded,
        files=tuple(dict.fromkeys((*map(Path, files), *sources.files, *certificates.files))),
        folder=folder,
        written=written,
        certificates=certificates.of,
        digest=_digest(document.tree),
        warnings=tuple(_in_order([*readable, *told], files)),
    )


def _setting(tree: Mapping[str, Any], name: str) -> Any:
    """One of `secrets:`, before it is known to be well formed."""
    section = tree.get("secrets")
    return section.get(name) if isinstance(section, dict) else None


def store_keys(path: Path, *, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The keys for sealing, as far as they can be told of a config that may have problems, or not be there."""
    document = merge(list(_read(path, _bytes(path), set(), ())))
    sources = Sources(path.parent, os.environ if environ is None else environ)
    return keys_of(with_key(document.tree, sources), sources)


@cache
def presets() -> dict[str, Preset]:
    """The catalogue in the package, by name."""
    folder = resources.files("proxy").joinpath("presets")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return {file.name.removesuffix(".yaml"): _preset(file.read_bytes(), file.name) for file in files}


def _preset(written: bytes, name: str) -> Preset:
    document = parse(written, name)
    if document.problems:
        raise ConfigError(document.problems)
    return read_preset(document.tree)


# ---------------------------------------------------------------------------------------------- reading


def _bytes(path: Path) -> bytes | str:
    """The content of a file, or why it can't be had."""
    try:
        with path.open("rb") as file:
            written = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        return "not found"
    except (OSError, ValueError) as error:
        return f"can't be read ({getattr(error, 'strerror', None) or 'not a name for a file'})"
    return written if len(written) <= _MAX_FILE else f"more than {_MAX_FILE} bytes; not a config file"


def _read(path: Path, written: bytes | str, seen: set[str], above: tuple[str, ...]) -> Iterator[Document]:
    """A file, then what it includes. `seen` keeps a file that two others include from being read twice."""
    above = (*above, os.path.realpath(path))
    seen.add(above[-1])
    if isinstance(written, str):
        yield unread(str(path), 1, "file", written)
        return
    document = parse(written, str(path))
    yield document
    for where, name in _included(document, path.parent):
        content = _bytes(name)
        if isinstance(content, str):
            yield _complaint(document, where, content)
        elif os.path.realpath(name) in above:
            yield _complaint(document, where, "includes a file that includes this one")
        elif os.path.realpath(name) not in seen:
            yield from _read(name, content, seen, above)


def _included(document: Document, folder: Path) -> Iterator[tuple[Where, Path]]:
    written = document.tree.get("include") or []
    patterns = enumerate(written) if isinstance(written, list) else [(None, written)]
    for index, pattern in patterns:
        where: Where = ("include",) if index is None else ("include", index)
        if not isinstance(pattern, str) or "\0" in pattern or "${" in pattern:
            yield where, folder / _NO_NAME
        elif any(character in pattern for character in "*?["):
            yield from ((where, folder / name) for name in _matches(pattern, folder))
        else:
            yield where, folder / pattern


def _matches(pattern: str, folder: Path) -> list[str]:
    return sorted(glob.glob(pattern, root_dir=folder))  # noqa: PTH207 -- Path.glob refuses absolute patterns


def _complaint(document: Document, where: Where, text: str) -> Document:
    """A problem with one entry of `include`, as a file of its own that says nothing else."""
    mark = place(where, document.marks, document.file)
    return Document(document.file, problems=(Problem(*mark, dotted(where), text),), complete=False)


# ---------------------------------------------------------------------------------------------- problems


def _findings(
    expanded: Expanded, resolved: Resolved, sources: Sources, strict: bool, catalogue: Catalogue
) -> Iterator[Finding]:
    yield from expanded.findings
    yield from resolved.findings
    strict = strict or str(resolved.tree.get("strict")).lower() in ("true", "yes", "on", "1")
    for where, lacking in resolved.missing.items():
        if strict or _provider_of(where) is None:
            yield from (Finding(where, _unset(reference, sources)) for reference in lacking)
    yield from _said_of(expanded, resolved, validate.findings(resolved.tree, expanded.tree, catalogue))


def _said_of(expanded: Expanded, resolved: Resolved, found: Iterable[Finding]) -> Iterator[Finding]:
    """What is said of a text that isn't known yet is not worth reading."""
    unknown = {*expanded.unfilled, *resolved.missing, *(finding.where for finding in resolved.findings)}
    for finding in found:
        if not any(finding.where[:depth] in unknown for depth in range(1, len(finding.where) + 1)):
            yield finding


def _unset(reference: Reference, sources: Sources) -> str:
    if (reason := sources.reasons.get(reference)) is not None:
        return f"{reason}{f'; it said: {reason.detail}' if reason.detail else ''}"
    if reference.kind == "enc":
        return f"there is no key to open ${{enc:...}} with; set {KEY_VARIABLE}, or store_key in the config"
    if reference.kind == "file":
        return f"{reference.written} is not there, or empty; create it or correct the path"
    return f"{reference.written} is not set; put it into the environment or .env"


def _warnings(config: Config, expanded: Expanded, document: Document) -> Iterator[Finding]:
    yield from warnings(config, expanded.tree, utc_now().timestamp())
    for finding in in_the_clear(expanded.tree, expanded.secret, expanded.public):
        mark = document.marks.get(_as_the_user_wrote(finding.where, expanded))
        if mark is not None and _readable_by_all(mark.file):  # a preset's own texts have no mark
            yield finding


def _readable_by_all(file: str) -> bool:
    return os.name == "posix" and bool(Path(file).stat().st_mode & stat.S_IROTH)


def _as_the_user_wrote(where: Where, expanded: Expanded) -> Where:
    """Of a text that a preset made of a parameter, the parameter."""
    written = as_written(where, expanded.tree)
    steps = range(len(written), 0, -1)
    return next((expanded.origins[written[:n]] for n in steps if written[:n] in expanded.origins), written)


def _problem(finding: Finding, document: Document, expanded: Expanded) -> Problem:
    where = _as_the_user_wrote(finding.where, expanded)
    mark = place(where, document.marks, document.file)
    return Problem(*mark, dotted(where) or "file", message(finding, expanded.tree))


def _in_order(problems: Iterable[Problem], files: Sequence[str]) -> list[Problem]:
    """By file, then line; said once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (files.index(problem.file), problem.line))


# ---------------------------------------------------------------------------------------------- the result


def _loaded(expanded: Expanded, resolved: Resolved, sources: Sources) -> Loaded:
    unconfigured: dict[str, tuple[str, ...]] = {}
    for where, lacking in resolved.missing.items():
        name = _provider_of(where)
        if name is not None:
            names = (*unconfigured.get(name, ()), *map(sources.lack, lacking))
            unconfigured[name] = tuple(dict.fromkeys(names))
    providers = {
        name: provider for name, provider in resolved.tree.get("providers", {}).items() if name not in unconfigured
    }
    config = Config.model_validate(resolved.tree | {"providers": providers})
    secrets = {name: _credentials(name, provider, expanded, resolved) for name, provider in providers.items()}
    kept = tuple(sorted(sources.lack(reference) for reference in sources.kept))
    return Loaded(config, unconfigured, secrets, values=sources.values, kept=kept)


def _digest(tree: Mapping[str, Any]) -> str:
    written = json.dumps(tree, sort_keys=True, default=str)
    return f"sha256:{hashlib.sha256(written.encode()).hexdigest()}"


def _credentials(name: str, provider: Any, expanded: Expanded, resolved: Resolved) -> frozenset[str]:
    return credentials(provider, ("providers", name), resolved.substitutions, expanded.secret, expanded.public)


def _provider_of(where: Where) -> str | None:
    return str(where[1]) if where[0] == "providers" and len(where) > 1 else None
