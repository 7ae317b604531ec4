"""Whom a program trusts that runs through a proxy with `tls: local`: those whom it would, and this machine's authority.

Owns: the file of them, and the variables that lead to it. Must not know: the program, the offer.

Most programs read one file in place of the system's roots, so ours alone would cut them off from everyone else. What
the user's own variables name differs from shell to shell: so does the file, or one shell would change another's roots.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from proxy.errors import KeylessError

VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
ALSO_READ = ("CURL_CA_BUNDLE", "SSL_CERT_DIR")
"""Programs stop reading these where one of the others is set (requests, httpx)."""
NAME = "roots"
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Untrusted(KeylessError):  # noqa: N818 -- it says what is the case
    """The authority can't be had; the text says why."""


def path(environ: Mapping[str, str]) -> Path:
    """By what the user's variables name: equal for equal ones, and inside another `exec` that one's. Raises OSError."""
    from proxy.wire.inbound.machine_ca import folder  # noqa: PLC0415 -- a tenth of a second that only TLS needs

    place, named = folder(environ), _named(environ)
    ours = [name for name in named if name.parent == place]
    others = [name for name in named if name.parent != place]
    if len(ours) == 1 and (not others or ours[0].name == _name(others)):
        return ours[0]
    return place / _name(named)


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Raises Untrusted."""
    try:
        return dict.fromkeys(VARIABLES, str(path(environ)))
    except OSError as error:
        raise Untrusted(error.strerror or str(error)) from None


def write(environ: Mapping[str, str]) -> None:
    """Anew each time: the system's may have changed. Raises Untrusted."""
    from proxy.config.secrets.pem import utc_now  # noqa: PLC0415 -- as above
    from proxy.wire.inbound.machine_ca import authority, folder  # noqa: PLC0415 -- as above

    try:
        ours = authority(folder(environ), utc_now())
        target = path(environ)
        written = "\n".join((*dict.fromkeys((*_theirs(environ), ours.strip())), ""))
        temporary = target.with_name(f"{target.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(written)
        temporary.replace(target)
    except OSError as error:
        raise Untrusted(error.strerror or str(error)) from None


def _name(named: Sequence[Path]) -> str:
    digest = hashlib.sha256(os.fsencode("\0".join(map(str, named)))).hexdigest()[:12]
    return f"{NAME}-{digest}.pem" if named else f"{NAME}.pem"


def _theirs(environ: Mapping[str, str]) -> Iterator[str]:
    """The system's, and those that the user's variables name. Nothing else of these files: one may hold a key."""
    from proxy.wire.outbound.dial import public_context  # noqa: PLC0415 -- only where there is TLS

    for root in public_context().get_ca_certs(binary_form=True):
        yield ssl.DER_cert_to_PEM_cert(root).strip()
    for name in _named(environ):
        for file in sorted(name.iterdir()) if name.is_dir() else (name,):
            if file.is_file():
                yield from _certificates(file)


def _certificates(file: Path) -> Iterator[str]:
    """In one spelling, so that a certificate of several files stands there once; what is none is left out."""
    for written in _CERTIFICATE.findall(file.read_text(encoding="utf-8", errors="replace")):
        try:
            yield ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(written)).strip()
        except ValueError:
            continue


def _named(environ: Mapping[str, str]) -> list[Path]:
    """What is there of all that the variables name, by its whole path."""
    written = [environ.get(name, "") for name in (*VARIABLES, *ALSO_READ[:-1])]
    written += environ.get(ALSO_READ[-1], "").split(os.pathsep)
    paths = (Path(name).absolute() for name in dict.fromkeys(written) if name)
    return [path for path in dict.fromkeys(paths) if path.exists()]
