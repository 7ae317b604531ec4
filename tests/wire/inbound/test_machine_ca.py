"""The authority of `tls: local`: what it can vouch for, who may touch it, when it is renewed. Judged by OpenSSL."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
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
from proxy.wire.inbound.tls import Certificates

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


def showing(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def shake(serving: ssl.SSLContext, trusted: str, name: str) -> None:
    """A handshake of a client that trusts this alone and asks for `name`. Raises ssl.SSLError."""
    asking = ssl.create_default_context(cadata=trusted)
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
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
    shake(showing(ensure(place, NOW)), authority(place, NOW), name)


@pytest.mark.parametrize("name", ["api.example.com", "localhost.example.com", "10.0.0.1", "128.0.0.1"])
def test_it_can_vouch_for_nobody_else(place: Path, name: str) -> None:
    """Even with its key, which nobody has: the constraints are critical."""
    path, root = foreign(place, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake(showing(path), root, name)


def test_the_state_folder_that_it_makes_is_this_users_alone(place: Path) -> None:
    ensure(place, NOW)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_the_same_for_this_machine_is_taken(place: Path) -> None:
    """So what is refused above is refused for its name."""
    path, root = foreign(place, "127.0.0.9")
    shake(showing(path), root, "127.0.0.9")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")
@pytest.mark.parametrize(("name", "good"), [("localhost", True), ("api.example.com", False)])
def test_the_openssl_command_says_the_same(place: Path, name: str, good: bool) -> None:
    path, root = foreign(place, name)
    (place / "root.pem").write_text(root, encoding="ascii")
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(place / "root.pem"), str(path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (said.returncode == 0) is good, said.stderr
    assert good or "permitted subtree violation" in said.stderr


CURL = ["curl", "-sS", "--cacert", "{root}", "--connect-to", "{name}:443:127.0.0.1:{port}", "https://{name}/"]
NODE = [
    "node",
    "-e",
    "require('tls').connect({{host: '127.0.0.1', port: {port}, servername: '{name}'}}, () => process.exit(0))",
]
"""The program trusts what NODE_EXTRA_CA_CERTS names."""


@pytest.mark.parametrize("command", [CURL, NODE], ids=["curl", "node"])
@pytest.mark.parametrize("name", ["localhost", "api.example.com"])
def test_other_programs_say_the_same(place: Path, command: list[str], name: str) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    path, root = foreign(place, name)
    (place / "root.pem").write_text(root, encoding="ascii")
    with listening(path) as port:
        said = subprocess.run(
            [word.format(root=place / "root.pem", name=name, port=port) for word in command],
            env={"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": str(place / "root.pem")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (said.returncode == 0) is (name == "localhost"), said.stderr
    assert name == "localhost" or "permitted subtree violation" in said.stderr


@contextmanager
def listening(shown: Path) -> Iterator[int]:
    """One connection, at whose end there is an answer of HTTP."""
    context = showing(shown)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                accepted, _ = server.accept()
                with accepted, context.wrap_socket(accepted, server_side=True) as served:
                    served.recv(65536)
                    served.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        server.settimeout(PATIENCE)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join()


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


@pytest.mark.parametrize("touched", [False, True])
def test_a_proxy_that_runs_shows_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], touched: bool
) -> None:
    """Nobody has to start it again within two years; where it may not make one, the old one stays, and it says so."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    times = [NOW - LIFE + BEFORE]
    shown = Certificates(ListenerTls.model_validate("local"), tmp_path, lambda: times[-1])
    old = authority(folder(os.environ), times[-1])
    times.append(NOW - timedelta(seconds=1))
    shake(shown.context, old, "localhost")
    times.append(NOW)
    folder(os.environ).chmod(0o777 if touched else 0o700)
    with nullcontext() if touched else pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        shake(shown.context, old, "localhost")
    assert ("can't be made anew" in capsys.readouterr().out) is touched
    folder(os.environ).chmod(0o700)
    shake(shown.context, old if touched else authority(folder(os.environ), NOW), "localhost")


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
