"""Whom a program trusts that runs through a proxy with `tls: local`: those whom it would, and this machine's authority.

Owns: the file of them, and the variables that lead to it. Must not know: the program, the offer.

Most programs read one file in place of the system's roots, so ours alone would cut them off from everyone else.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from proxy.config.secrets.pem import utc_now
from proxy.errors import KeylessError
from proxy.wire.inbound.machine_ca import authority, folder

VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
NAME = "roots.pem"


class Untrusted(KeylessError):  # noqa: N818 -- it says what is the case
    """The authority can't be had; the text says why."""


def path(environ: Mapping[str, str]) -> Path:
    return folder(environ) / NAME


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    return dict.fromkeys(VARIABLES, str(path(environ)))


def write(environ: Mapping[str, str]) -> None:
    """Anew each time: the system's may have changed. Raises Untrusted."""
    try:
        ours = authority(folder(environ), utc_now())
        written = "\n".join((*_theirs(environ), ours))
        temporary = folder(environ) / f"{NAME}.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(written)
        temporary.replace(path(environ))
    except OSError as error:
        raise Untrusted(error.strerror or str(error)) from None


def _theirs(environ: Mapping[str, str]) -> Iterator[str]:
    """The system's, and those that the user's variables name."""
    from proxy.wire.outbound.dial import public_context  # noqa: PLC0415 -- only where there is TLS

    for root in public_context().get_ca_certs(binary_form=True):
        yield ssl.DER_cert_to_PEM_cert(root)
    named = dict.fromkeys(environ[name] for name in VARIABLES if environ.get(name))
    for name in named:
        if Path(name) != path(environ) and Path(name).is_file():
            yield Path(name).read_text(encoding="utf-8", errors="replace")
