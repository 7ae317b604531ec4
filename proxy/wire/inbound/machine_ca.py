"""`tls: local`: an authority for this machine, whose only certificate is the proxy's (docs/security.md).

Owns: the one file that holds the certificate, its key and the authority's certificate, when it is made anew, and who
may touch it. Must not know: sockets, who trusts it.

The authority's key is never written: nobody can have it sign another certificate. Whoever trusts the authority trusts
it for this machine's names alone, by critical name constraints (RFC 5280 §4.2.1.10).
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from proxy.config.model import ListenerTls
from proxy.config.place import state_folder
from proxy.config.secrets.pem import certificates, problems

Certificate: TypeAlias = Any
Builder: TypeAlias = Any
"""Of `cryptography`, which is imported once one is made."""
NAME = "local.pem"
LIFE = timedelta(days=730)
BEFORE = timedelta(days=30)
"""Before the end of a certificate a new one takes its place."""
_SKEW = timedelta(minutes=5)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_NETWORKS = ("127.0.0.0/8", "::1/128")
_ADDRESSES = ("127.0.0.1", "::1")


def folder(environ: Mapping[str, str]) -> Path:
    """Raises OSError, in words."""
    try:
        return state_folder(environ) / "tls"
    except RuntimeError:
        raise OSError(None, "this user has no home for the certificate of `tls: local`; set $XDG_STATE_HOME") from None


def with_files(tls: ListenerTls, now: datetime) -> ListenerTls:
    """The same, with the file in place of `local`. Raises OSError, in words."""
    return tls.model_copy(update={"cert": str(ensure(folder(os.environ), now))}) if tls.is_local else tls


def ensure(place: Path, now: datetime) -> Path:
    """The file, made if there is none that still lasts. Raises OSError, in words.

    Of several processes that want one at once a single one makes it: programs are told of an authority only once.
    """
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # commands refuse a state folder that others can enter
    place.mkdir(mode=0o700, exist_ok=True)
    _check(place, "run: chmod 700")
    path = place / NAME
    if not _lasts(_read(path), now):
        with _locked(place):
            if not _lasts(_read(path), now):
                _write(path, _made(now))
    return path


def due(content: bytes) -> datetime:
    """When another one is to take the place of this. At once where it holds no certificate."""
    return min((one.not_valid_after_utc for one in certificates(content)), default=_NEVER) - BEFORE


def authority(place: Path, now: datetime) -> str:
    """Its certificate, in PEM, for those who are to trust it. Raises OSError, in words."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 -- not at every start

    return certificates(ensure(place, now).read_bytes())[1].public_bytes(Encoding.PEM).decode("ascii")


# ---------------------------------------------------------------------------------------------- the file


def _read(path: Path) -> bytes:
    """Nothing where there is none."""
    try:
        _check(path, "remove it, and another is made:")
    except FileNotFoundError:
        return b""
    return path.read_bytes()


def _check(path: Path, cure: str) -> None:
    """Whoever could write it could stand between programs and the proxy."""
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode) or about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077:
        raise PermissionError(None, f"{path} must belong to this user alone, whom programs trust by it; {cure} {path}")


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """The kernel lets go of it, however the holder ends; it is held for as long as two keys take."""
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # of mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(path)


def _lasts(content: bytes, now: datetime) -> bool:
    chain = certificates(content)
    if len(chain) != 2 or any(now < one.not_valid_before_utc for one in chain) or now >= due(content):
        return False
    return not any(problems({"cert": NAME}, lambda _: content, now))  # as whoever serves with it will ask


# ---------------------------------------------------------------------------------------------- the certificates


def _made(now: datetime) -> bytes:
    """Certificate, authority and the certificate's key."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 -- not at every start
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 -- not at every start
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 -- not at every start
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    signing, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = root_of(signing.public_key(), now).sign(signing, hashes.SHA256())
    leaf = _leaf(own.public_key(), root, now).sign(signing, hashes.SHA256())
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return b"".join((leaf.public_bytes(Encoding.PEM), root.public_bytes(Encoding.PEM), key))


def root_of(key: Any, now: datetime) -> Builder:
    """The authority with this public key, to be signed with its private one."""
    from cryptography import x509  # noqa: PLC0415 -- not at every start

    name = _name(f"Keyless on this machine, {now:%Y-%m-%d}")
    networks = [x509.IPAddress(ipaddress.ip_network(network)) for network in _NETWORKS]
    return (
        _begun(key, now)
        .subject_name(name)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName("localhost"), *networks], None), critical=True)
        .add_extension(_usage("key_cert_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _leaf(key: Any, root: Certificate, now: datetime) -> Builder:
    from cryptography import x509  # noqa: PLC0415 -- not at every start
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 -- not at every start

    known = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
    return (
        _begun(key, now)
        .subject_name(_name("localhost"))
        .issuer_name(root.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses]), critical=False)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
    )


def _begun(key: Any, now: datetime) -> Builder:
    from cryptography import x509  # noqa: PLC0415 -- not at every start

    builder = x509.CertificateBuilder().public_key(key).serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _SKEW).not_valid_after(now + LIFE)


def _name(common: str) -> Any:
    from cryptography import x509  # noqa: PLC0415 -- not at every start

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _usage(one: str) -> Any:
    from cryptography import x509  # noqa: PLC0415 -- not at every start

    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    others = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name == one for name in (*names, *others)})
