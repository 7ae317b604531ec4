"""The certificates that a config names: the listeners', the routes' and the providers', read and judged.

Owns: where they are written down, and the digest by which a route's are told apart. Must not know: TLS, or how a file
is read; the loader hands that in. No finding quotes a path: it may have come out of `${...}`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from proxy.auth.keys.issuer import TlsFiles
from proxy.config.secrets import pem
from proxy.values.where import Finding

Read = Callable[[Path], bytes | str]
"""The content of a file, or why it can't be had."""


class Pem(NamedTuple):
    """Files that were found good. `identity` is a digest of their content; `ca` is the content itself."""

    identity: str
    cert: Path | None
    key: Path | None
    ca: str | None


@dataclass
class Certificates:
    """Of all routes that name some, by prefix; with the mistakes, and the files that were looked for.

    `late` is what time has made of a provider's: its files are read anew for each call, and may be replaced until then.
    """

    of: dict[str, Pem] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    late: list[Finding] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def read_certificates(tree: Mapping[str, Any], folder: Path, read: Read, now: datetime) -> Certificates:
    """`tree` is the config, resolved and perhaps wrong; what isn't of the right kind is left to the model."""
    found = Certificates()
    written = tree.get("tls")
    own = written if isinstance(written, dict) else {}
    files = {key: own[key] for key in ("cert", "key", "client_ca") if isinstance(own.get(key), str)}
    if "cert" in files:
        found.findings += [
            Finding(("tls", key), text) for key, text in pem.problems(files, lambda name: read(folder / name), now)
        ]
    for prefix, names in _named(tree.get("routes")):
        _read_route(found, prefix, names, folder, read, now)
    for provider, names in _named(tree.get("providers")):
        _read_provider(found, provider, names, folder, read, now)
    return found


def _named(owners: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """The files of each that names some."""
    for name, owner in owners.items() if isinstance(owners, dict) else ():
        try:
            tls = TlsFiles.model_validate(owner["tls"])
        except (ValidationError, KeyError, TypeError):
            continue
        yield name, tls.model_dump(exclude_none=True)


def _read_route(
    found: Certificates, prefix: str, names: dict[str, str], folder: Path, read: Read, now: datetime
) -> None:
    paths = {key: folder / name for key, name in names.items()}
    content = {name: read(folder / name) for name in names.values()}
    found.files += paths.values()
    problems = [
        Finding(("routes", prefix, "tls", key), text) for key, text in pem.problems(names, content.__getitem__, now)
    ]
    found.findings += problems
    if not problems:
        found.of[prefix] = _pem(paths, {key: content[name] for key, name in names.items()})


def _read_provider(
    found: Certificates, name: str, names: dict[str, str], folder: Path, read: Read, now: datetime
) -> None:
    content = {file: read(folder / file) for file in names.values()}
    found.files += [folder / file for file in names.values()]

    def judged(now: datetime | None) -> list[Finding]:
        problems = pem.problems(names, content.__getitem__, now)
        return [Finding(("providers", name, "tls", key), text) for key, text in problems]

    findings = judged(None)
    found.findings += findings
    if not findings:
        found.late += judged(now)


def _pem(paths: Mapping[str, Path], content: Mapping[str, bytes | str]) -> Pem:
    digest = hashlib.sha256()
    for key, text in sorted(content.items()):
        digest.update(b"%b %d\n%b" % (key.encode(), len(text), text if isinstance(text, bytes) else b""))
    ca = content.get("ca")
    decoded = ca.decode("ascii", "replace") if isinstance(ca, bytes) else None
    return Pem(digest.hexdigest(), paths.get("cert"), paths.get("key"), decoded)
