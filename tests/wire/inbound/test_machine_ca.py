"""The authority of `tls: local`: what it can vouch for, who may touch it, when it is renewed. Judged by OpenSSL."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from proxy.config.model import ListenerTls
from proxy.config.secrets.pem import certificates, problems
from proxy.wire.inbound.machine_ca import BEFORE, LIFE, authority, ensure, folder, root_of

NOW = datetime.now(UTC).replace(microsecond=0)
PATIENCE = 20.0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tls"


def foreign(place: Path, *names: str) -> tuple[Path, str]:
    """A certificate for these names by an authority like ours whose key was kept; and that authority."""
    signing, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = root_of(signing.public_key(), NOW).sign(signing, hashes.SHA256())
    told = [x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
    known = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(root.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(minutes=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(told), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known), critical=False)
        .sign(signing, hashes.SHA256())
    )
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place.mkdir(parents=True, exist_ok=True)
    path = place / "foreign.pem"
    path.write_bytes(leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM) + key)
    return path, root.public_bytes(Encoding.PEM).decode("ascii")


def shake(shown: Path, trusted: str, name: str) -> None:
    """A handshake of a client that trusts this alone and asks for `name`. Raises ssl.SSLError."""
    serving, asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cadata=trusted)
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    serving.load_cert_chain(shown)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with suppress(OSError), serving.wrap_socket(ours, server_side=True) as served:
            served.recv(1)

    ours.settimeout(PATIENCE)
    theirs.settimeout(PATIENCE)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with theirs, asking.wrap_socket(theirs, server_hostname=name):
            pass
    finally:
        thread.join()
        ours.close()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_it_vouches_for_this_machine(place: Path, name: str) -> None:
    shake(ensure(place, NOW), authority(place, NOW), name)


@pytest.mark.parametrize("name", ["api.example.com", "localhost.example.com", "10.0.0.1", "128.0.0.1"])
def test_it_can_vouch_for_nobody_else(place: Path, name: str) -> None:
    """Even with its key, which nobody has: the constraints are critical."""
    path, root = foreign(place, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake(path, root, name)


def test_the_same_for_this_machine_is_taken(place: Path) -> None:
    """So what is refused above is refused for its name."""
    path, root = foreign(place, "127.0.0.9")
    shake(path, root, "127.0.0.9")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")
@pytest.mark.parametrize(("name", "good"), [("localhost", True), ("api.example.com", False)])
def test_the_openssl_command_says_the_same(place: Path, name: str, good: bool) -> None:
    path, root = foreign(place, name)
    (place / "root.pem").write_text(root, encoding="ascii")
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(place / "root.pem"), str(path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (said.returncode == 0) is good, said.stderr
    assert good or "permitted subtree violation" in said.stderr


def test_what_is_written_holds_no_key_of_the_authority(place: Path) -> None:
    path = ensure(place, NOW)
    leaf, root = certificates(path.read_bytes())
    assert path.read_bytes().count(b"PRIVATE KEY-----") == 2, "begin and end of one key"
    assert list(problems({"cert": "x"}, lambda _: path.read_bytes(), NOW)) == [], "the first certificate's"
    assert leaf.public_key() != root.public_key()
    basic = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert root.extensions.get_extension_for_class(x509.NameConstraints).critical
    assert {each.not_valid_after_utc for each in (leaf, root)} == {NOW + LIFE}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for above in (place, place.parent):
        assert stat.S_IMODE(above.stat().st_mode) == 0o700
    assert [each.name for each in place.iterdir()] == [path.name]


def test_it_lasts_and_is_renewed_before_its_end(place: Path) -> None:
    first = ensure(place, NOW).read_bytes()
    assert ensure(place, NOW + LIFE - BEFORE - timedelta(seconds=1)).read_bytes() == first
    later = NOW + LIFE - BEFORE
    assert ensure(place, later).read_bytes() != first
    assert certificates(ensure(place, later).read_bytes())[1].not_valid_after_utc == later + LIFE


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"]
)
def test_what_is_damaged_is_made_anew(place: Path, content: bytes) -> None:
    ensure(place, NOW).write_bytes(content)
    assert len(certificates(ensure(place, NOW).read_bytes())) == 2


@pytest.mark.parametrize("keys", [0, 2])
def test_so_is_one_without_its_key_or_with_anothers(place: Path, tmp_path: Path, keys: int) -> None:
    mark = b"-----BEGIN PRIVATE KEY-----"
    path, other = ensure(place, NOW), ensure(tmp_path / "other" / "tls", NOW).read_bytes()
    chain = path.read_bytes().partition(mark)[0]
    path.write_bytes(chain + b"".join(other.partition(mark)[1:]) * bool(keys))
    assert path.read_bytes().count(b"PRIVATE KEY-----") == keys
    made = ensure(place, NOW).read_bytes()
    assert list(problems({"cert": "x"}, lambda _: made, NOW)) == []
    assert not made.startswith(chain)


def test_of_several_that_want_one_at_once_all_are_told_of_the_same(place: Path) -> None:
    """A program that was told of the other would trust nobody."""
    start = threading.Barrier(4)

    def told(_: int) -> str:
        start.wait(PATIENCE)
        return authority(place, NOW)

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(told, range(4)))) == 1


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o640, 0o666])
def test_one_that_others_can_touch_is_refused(place: Path, mode: int) -> None:
    ensure(place, NOW).chmod(mode)
    with pytest.raises(PermissionError, match="must belong to this user alone"):
        ensure(place, NOW)


def test_so_are_a_folder_that_others_can_write_and_a_link(place: Path, tmp_path: Path) -> None:
    path = ensure(place, NOW)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="must belong"):
        authority(place, NOW)
    place.chmod(0o770)
    with pytest.raises(PermissionError, match="chmod 700"):
        ensure(place, NOW)


def test_it_lies_in_the_state_folder() -> None:
    assert folder({"XDG_STATE_HOME": "/s"}) == Path("/s/keyless/tls")
    assert folder({}) == Path.home() / ".local/state/keyless/tls"


def test_written_as_local_it_is_no_file() -> None:
    assert ListenerTls.model_validate("local").is_local
    assert not ListenerTls(cert="local").is_local
