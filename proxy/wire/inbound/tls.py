"""The TLS of our own listeners: certificates that are replaced while we run, and who a connection's certificate is of.

Owns: the contexts. Must not know: sockets, clients, what is served.

Files are looked at when a client connects, by `stat`, which follows links: so a rename, a write in place and a
Kubernetes volume's swapped symlink all count for the next connection, and no timer or watch can miss one. What can't be
used is told once and changes nothing. The one that this machine makes itself is made anew in the same way.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from proxy.config.model import ListenerTls
from proxy.config.secrets import pem
from proxy.logger import get_logger
from proxy.wire.inbound import machine_ca

log = get_logger("keyless.tls")

Stamp = tuple[tuple[int, ...] | None, ...]
_AGAIN = timedelta(days=1)
"""After this time what could not be made anew is tried once more."""


class Unusable(OSError):  # noqa: N818 -- it says what is the case; callers of `listen` know OSError
    """The files can't be served from; `strerror` says which and why."""

    def __init__(self, problem: str) -> None:
        super().__init__(0, problem)


class Shown(NamedTuple):
    """The certificate that a client has shown and the handshake has verified. `until` is Unix time."""

    fields: dict[str, object]
    der: bytes
    until: float


class Certificates:
    """What a proxy's TCP listeners show and trust. `context` is for all of them, for good. Raises OSError, in words."""

    def __init__(self, tls: ListenerTls, folder: Path, now: Callable[[], datetime] = pem.utc_now) -> None:
        self._now = now
        self._due = now() if tls.is_local else None  # the file of others is theirs to renew
        tls = machine_ca.with_files(tls, now())
        self._files = {key: name for key in ("cert", "key", "client_ca") if (name := getattr(tls, key)) is not None}
        self._folder = folder
        self._asks = tls.client_ca is not None
        self._required = tls.client_cert == "required"
        self._stamp = self._look()
        self._roots = self._content("client_ca")
        self._trusted_since = 0.0
        self.context = self._current = self._load()
        # Called in every handshake, also where the client names no server (RFC 6066 §3).
        self.context.sni_callback = self._choose

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """What is raised in here would end the handshake."""
        if self._due is not None and self._due <= self._now():
            self._make_anew()
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            self._renew()
        handshake.context = self._current

    def _make_anew(self) -> None:
        self._due = self._now() + _AGAIN
        try:
            machine_ca.ensure(machine_ca.folder(os.environ), self._now())
        except OSError as error:
            log.error("the certificate of this machine can't be made anew", reason=error.strerror)  # noqa: TRY400 -- says all

    def _renew(self) -> None:
        try:
            self._current = self._load()
        except Unusable as error:
            log.error("tls files not taken over; the former ones stay in use", reason=error.strerror)  # noqa: TRY400 -- says all
            return
        roots = self._content("client_ca")
        if roots != self._roots:
            self._roots, self._trusted_since = roots, time.time()
        log.info("tls files taken over")

    def _load(self) -> ssl.SSLContext:
        wrong = [f"tls.{key}: {problem}" for key, problem in pem.problems(self._files, self._read, self._now())]
        if wrong:
            raise Unusable("; ".join(wrong))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.options |= ssl.OP_NO_RENEGOTIATION
        key = self._files.get("key")
        try:
            # an empty password: with none, OpenSSL would ask the terminal
            context.load_cert_chain(self._path("cert"), None if key is None else self._folder / key, password="")
            if self._asks:
                self._ask(context)
        except (OSError, ValueError) as error:  # replaced between two looks, or too weak a key for OpenSSL
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "not usable as they are"
            raise Unusable(f"tls: {', '.join(self._files.values())}: {reason}") from None
        if self._due is not None:
            self._due = machine_ca.due(self._path("cert").read_bytes())
        return context

    def _ask(self, context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_REQUIRED if self._required else ssl.CERT_OPTIONAL
        # What the operator lists is trusted as it is, also an authority that another one has signed.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(self._path("client_ca"))
        # A ticket carries what was verified once past the authority's removal, for hours.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0

    def shown(self, connection: ssl.SSLObject) -> Shown | None:
        """What the client has shown, if anything; None too for what an authority had vouched for that is gone by now.

        TLS 1.2 resumes sessions by their number, without looking at the certificate again (RFC 5246 §7.3).
        """
        fields = connection.getpeercert()
        der = connection.getpeercert(binary_form=True)
        if not fields or der is None:
            return None
        session = connection.session
        if connection.session_reused and (session is None or session.time <= self._trusted_since):
            return None
        return Shown(dict(fields), der, ssl.cert_time_to_seconds(str(fields["notAfter"])))

    # -------------------------------------------------------------- files

    def _look(self) -> Stamp:
        return tuple(map(_stamp, map(self._path, self._files)))

    def _path(self, key: str) -> Path:
        name: str = self._files[key]
        return self._folder / name

    def _content(self, key: str) -> bytes | str:
        return self._read(self._files[key]) if key in self._files else b""

    def _read(self, name: str) -> bytes | str:
        try:
            return (self._folder / name).read_bytes()
        except (OSError, ValueError) as error:
            return f"{name} can't be read ({getattr(error, 'strerror', None) or 'not a name for a file'})"


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        about = path.stat()
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def client_context(cert: bytes) -> ssl.SSLContext:
    """For a client on this machine that knows the proxy by its very certificate, whatever name it is for.

    Nothing else passes, so that the name needs no check: who has another certificate isn't this proxy.
    """
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 -- slow to import

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    leaf = pem.certificates(cert)[0]
    context.load_verify_locations(cadata=leaf.public_bytes(Encoding.PEM).decode("ascii"))
    return context
