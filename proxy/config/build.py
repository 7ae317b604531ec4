"""What stands in a config's files becomes a `Loaded`, or a ConfigError with every problem.

Owns: the order of the steps (expand presets, resolve secrets, check), and in which line a problem lies. Must not know:
how files are found and opened, what the keys are for.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proxy.config.loaded import Loaded, Written
from proxy.config.model import Config
from proxy.config.own_presets import Joined
from proxy.config.presets import presets
from proxy.config.rules import validate
from proxy.config.rules.problems import as_written, message
from proxy.config.rules.warnings import in_the_clear, warnings
from proxy.config.secrets import permissions
from proxy.config.secrets.certificates import read_certificates
from proxy.config.secrets.lacking import Lacking
from proxy.config.secrets.pem import utc_now
from proxy.config.secrets.remarks import remarks
from proxy.config.secrets.resolve import Resolved, Sources, Substitution, resolve
from proxy.config.secrets.sensitive import credentials, own_keys
from proxy.config.secrets.store_key import keys_of, with_key
from proxy.config.secrets.variables import secret_variables
from proxy.config.written.catalogue import expand
from proxy.config.written.expanded import Expanded
from proxy.config.written.marks import Document
from proxy.config.written.read import content
from proxy.config.written.reference import KEY_VARIABLE, Reference, references
from proxy.errors import ConfigError, Problem
from proxy.values.where import Finding, Where, dotted, place

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Live


def build(written: Written, sources: Sources) -> Loaded:
    """Raises ConfigError with every problem at once, those that were met in reading among them."""
    document, files, folder = written.document, written.files, written.folder
    shipped = presets() if written.catalogue is None else written.catalogue
    catalogue = Joined(written.own, shipped)
    expanded = expand(with_key(document.tree, sources), catalogue, sources.first_set)
    sources.fetch(reference for _, reference in references(expanded.tree))
    sources.keys = keys_of(expanded.tree, sources)
    resolved = resolve(expanded.tree, sources)
    certificates = read_certificates(_awake(expanded, resolved), folder, content, utc_now())
    report = Report(document, expanded, resolved)
    own = own_keys(resolved.tree.get("providers"))
    report.add((*expanded.findings, *resolved.findings, *own, *_lacking(expanded, resolved, sources, written.strict)))
    report.add_of_known(validate.findings(resolved.tree, expanded.tree, catalogue))
    report.add_of_known(certificates.findings)
    readable = report.placed(permissions.findings(expanded.tree, folder, sources.open_files))
    policy = _setting(resolved.tree, "world_readable")
    if policy == "refuse":
        report.problems += readable
    if report.problems:
        raise ConfigError(in_order(report.problems, files))
    loaded = _loaded(expanded, resolved, sources)
    odd, weak = remarks(expanded.tree, resolved, sources), _warnings(loaded.config, expanded, document)
    weaknesses = [*written.own.hidden(shipped), *report.placed((*odd, *certificates.late, *weak))]
    return replace(
        loaded,
        files=tuple(dict.fromkeys((*map(Path, files), *sources.files, *certificates.files))),
        folder=folder,
        written=written,
        certificates=certificates.of,
        digest=_digest(document.tree),
        warnings=tuple(in_order(weaknesses if policy == "allow" else [*readable, *weaknesses], files)),
        commands=sources.commands,
    )


def _setting(tree: Mapping[str, Any], name: str) -> Any:
    """One of `secrets:`, before it is known to be well formed."""
    section = tree.get("secrets")
    return section.get(name) if isinstance(section, dict) else None


# ---------------------------------------------------------------------------------------------- problems


class Report:
    """Findings become problems, each in the line where the user wrote what is wrong."""

    def __init__(self, document: Document, expanded: Expanded, resolved: Resolved) -> None:
        self.problems = list(document.problems)
        self._document = document
        self._expanded = expanded
        self._unknown = {*expanded.unfilled, *resolved.missing, *(finding.where for finding in resolved.findings)}

    def add(self, findings: Iterable[Finding]) -> None:
        self.problems += self.placed(findings)

    def add_of_known(self, findings: Iterable[Finding]) -> None:
        """What is said of a text that isn't known yet is not worth reading."""
        self.add(finding for finding in findings if self._is_known(finding.where))

    def placed(self, findings: Iterable[Finding]) -> list[Problem]:
        return [self._placed(finding) for finding in findings]

    def _is_known(self, where: Where) -> bool:
        return not any(where[:depth] in self._unknown for depth in range(1, len(where) + 1))

    def _placed(self, finding: Finding) -> Problem:
        where = _as_the_user_wrote(finding.where, self._expanded)
        mark = place(where, self._document.marks, self._document.file)
        told = message(finding, self._expanded.tree)
        return Problem(*mark, dotted(where) or "file", _in_preset(finding.where, self._expanded) + told)


def _in_preset(where: Where, expanded: Expanded) -> str:
    """Where it stands in a preset of which the user has written no more than the name, in a route."""
    by_name = where[:2] in expanded.origins and not any(where[:n] in expanded.origins for n in range(3, len(where) + 1))
    return f"preset {where[1]}, {dotted(where[2:])}: " if by_name and where[2:] else ""


def _lacking(expanded: Expanded, resolved: Resolved, sources: Sources, strict: bool) -> Iterator[Finding]:
    """What is not set, where no provider may sleep for it."""
    strict = strict or str(resolved.tree.get("strict")).lower() in ("true", "yes", "on", "1")
    for where, lacking in resolved.missing.items():
        if strict or expanded.provider_of(where) is None:
            yield from (Finding(where, _unset(reference, sources)) for reference in lacking)


def _unset(reference: Reference, sources: Sources) -> str:
    if (reason := sources.reasons.get(reference)) is not None:
        return f"{reason.text}{f'; it said: {reason.detail}' if reason.detail else ''}"
    if reference.kind == "enc":
        return f"there is no key to open ${{enc:...}} with; set {KEY_VARIABLE}, or store_key in the config"
    if reference.kind == "file":
        return f"{reference.written} is not there, or empty; create it or correct the path"
    return f"{reference.written} is not set; put it into the environment or .env"


def _warnings(config: Config, expanded: Expanded, document: Document) -> Iterator[Finding]:
    now = utc_now()
    yield from expanded.remarks
    for name, preset in expanded.presets.items():
        if preset.ended is not None:
            yield Finding(("providers", name), preset.ended.told(f"{now:%Y-%m-%d}"))
    yield from warnings(config, expanded.tree, now.timestamp())
    for finding in in_the_clear(expanded.tree, expanded.secret, expanded.public):
        mark = document.marks.get(_as_the_user_wrote(finding.where, expanded))
        if mark is None or _in_preset(finding.where, expanded):
            continue  # a preset's own text
        if _readable_by_all(mark.file):
            yield finding


def _readable_by_all(file: str) -> bool:
    return os.name == "posix" and bool(Path(file).stat().st_mode & stat.S_IROTH)


def _as_the_user_wrote(where: Where, expanded: Expanded) -> Where:
    """Of a text that a preset made of a parameter, the parameter; of a provider that a route's name made, the route."""
    written = as_written(where, expanded.tree)
    while origin := _origin(written, expanded.origins):
        written = origin
    return written


def _origin(where: Where, origins: Mapping[Where, Where]) -> Where | None:
    return next((origins[where[:n]] for n in range(len(where), 0, -1) if where[:n] in origins), None)


def in_order(problems: Iterable[Problem], files: Sequence[str]) -> list[Problem]:
    """By file, then line; said once."""
    order = {file: number for number, file in reversed(list(enumerate(files)))}
    return sorted(dict.fromkeys(problems), key=lambda problem: (order[problem.file], problem.line))


# ---------------------------------------------------------------------------------------------- the result


def _awake(expanded: Expanded, resolved: Resolved) -> dict[str, Any]:
    """Without the providers that lack a secret: whoever has no secrets of theirs has no key files either."""
    asleep = {expanded.provider_of(where) for where in resolved.missing}
    tree: dict[str, Any] = resolved.tree
    providers = tree.get("providers")
    if not isinstance(providers, dict):
        return tree
    return tree | {"providers": {name: each for name, each in providers.items() if name not in asleep}}


def _loaded(expanded: Expanded, resolved: Resolved, sources: Sources) -> Loaded:
    unconfigured: dict[str, Lacking] = {}
    for where, lacking in resolved.missing.items():
        name = expanded.provider_of(where)
        if name is not None:
            unconfigured[name] = unconfigured.get(name, Lacking()).joined(sources.lack(lacking))
    providers = {
        name: provider for name, provider in resolved.tree.get("providers", {}).items() if name not in unconfigured
    }
    config = validate.model_of(resolved.tree | {"providers": providers})
    came_in: dict[str | None, list[Substitution]] = defaultdict(list)
    for substitution in resolved.substitutions:
        came_in[expanded.provider_of(substitution.where)].append(substitution)
    secrets = {
        name: credentials(provider, ("providers", name), came_in[name], expanded.secret, expanded.public)
        for name, provider in providers.items()
    }
    kept = tuple(sorted(sources.lack(sources.kept).listed()))
    return Loaded(
        config,
        unconfigured,
        secrets,
        values=sources.values,
        kept=kept,
        presets=expanded.presets,
        uses=expanded.uses,
        variables=secret_variables(expanded, sources.values),
        filled=expanded.filled,
        live=_live(expanded, sources),
    )


def _live(expanded: Expanded, sources: Sources) -> dict[str, Live]:
    """Those whose path is complete; a parameter in it may be a reference."""
    paths = resolve({prefix: live.path for prefix, live in expanded.live.items()}, sources)
    there = {prefix: path for prefix, path in paths.tree.items() if (prefix,) not in paths.missing}
    return {prefix: expanded.live[prefix].model_copy(update={"path": path}) for prefix, path in there.items()}


def _digest(tree: Mapping[str, Any]) -> str:
    """Entry by entry: json lets no other thread run until it is done, and ten thousand routes at once are 20 ms."""
    digest, encoder = hashlib.sha256(), json.JSONEncoder(sort_keys=True, default=str)
    for section, written in sorted(tree.items()):
        entries = sorted(written.items()) if isinstance(written, dict) else [written]
        for entry in entries:
            digest.update(encoder.encode([section, entry]).encode())
    return f"sha256:{digest.hexdigest()}"
