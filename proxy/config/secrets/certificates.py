"""The certificates that a config names: the listeners' and the routes', read and judged.

Owns: where they are written down, and the digest by which a route's are told apart. Must not know: TLS, or how a file
is read; the loader hands that in. No finding quotes a path: it may have come out of `${...}`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
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
    """Of all routes that name some, by prefix; with the mistakes, and the files that were looked for."""

    of: dict[str, Pem] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
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
    routes = tree.get("routes")
    for prefix, route in routes.items() if isinstance(routes, dict) else ():
        try:
            tls = TlsFiles.model_validate(route["tls"])
        except (ValidationError, KeyError, TypeError):
            continue
        _read_route(found, prefix, tls.model_dump(exclude_none=True), folder, read, now)
    return found


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


def _pem(paths: Mapping[str, Path], content: Mapping[str, bytes | str]) -> Pem:
    digest = hashlib.sha256()
    for key, text in sorted(content.items()):
        digest.update(b"%b %d\n%b" % (key.encode(), len(text), text if isinstance(text, bytes) else b""))
    ca = content.get("ca")
    decoded = ca.decode("ascii", "replace") if isinstance(ca, bytes) else None
    return Pem(digest.hexdigest(), paths.get("cert"), paths.get("key"), decoded)
