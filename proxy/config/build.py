"""What stands in a config's files becomes a `Loaded`, or a ConfigError with every problem.

Owns: the order of the steps (expand presets, resolve secrets, check), and in which line a problem lies. Must not know:
how files are found and opened, what the keys are for.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from proxy.config.loaded import Loaded, Written
from proxy.config.model import Config
from proxy.config.rules import validate
from proxy.config.rules.problems import as_written, message
from proxy.config.rules.warnings import in_the_clear, warnings
from proxy.config.secrets import permissions
from proxy.config.secrets.certificates import read_certificates
from proxy.config.secrets.pem import utc_now
from proxy.config.secrets.resolve import Resolved, Sources, resolve
from proxy.config.secrets.sensitive import credentials
from proxy.config.secrets.store_key import keys_of, with_key
from proxy.config.written.catalogue import Catalogue, Expanded, expand
from proxy.config.written.marks import Document
from proxy.config.written.read import content, presets
from proxy.config.written.reference import KEY_VARIABLE, Reference, references
from proxy.errors import ConfigError, Problem
from proxy.values.where import Finding, Where, dotted, place


def build(written: Written, sources: Sources) -> Loaded:
    """Raises ConfigError with every problem at once, those that were met in reading among them."""
    document, files, folder = written.document, written.files, written.folder
    catalogue = presets() if written.catalogue is None else written.catalogue
    expanded = expand(with_key(document.tree, sources), catalogue)
    sources.fetch(reference for _, reference in references(expanded.tree))
    sources.keys = keys_of(expanded.tree, sources)
    resolved = resolve(expanded.tree, sources)
    certificates = read_certificates(resolved.tree, folder, content, utc_now())
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
        raise ConfigError(in_order(problems, files))
    loaded = _loaded(expanded, resolved, sources)
    told = (_problem(finding, document, expanded) for finding in _warnings(loaded.config, expanded, document))
    return replace(
        loaded,
        files=tuple(dict.fromkeys((*map(Path, files), *sources.files, *certificates.files))),
        folder=folder,
        written=written,
        certificates=certificates.of,
        digest=_digest(document.tree),
        warnings=tuple(in_order([*readable, *told], files)),
        commands=sources.commands,
    )


def _setting(tree: Mapping[str, Any], name: str) -> Any:
    """One of `secrets:`, before it is known to be well formed."""
    section = tree.get("secrets")
    return section.get(name) if isinstance(section, dict) else None


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


def in_order(problems: Iterable[Problem], files: Sequence[str]) -> list[Problem]:
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
