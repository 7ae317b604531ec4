"""What a program trusts: whom it would, and this machine's authority besides."""

from __future__ import annotations

import re
import ssl
import stat
from pathlib import Path

import pytest

from proxy.cli.exec import roots
from proxy.config.secrets.pem import utc_now
from proxy.wire.inbound.machine_ca import authority, folder
from proxy.wire.outbound.dial import public_context
from tests.certificates import Authority

SECRET = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def test_the_systems_roots_the_users_and_ours(tmp_path: Path, environ: dict[str, str]) -> None:
    theirs = Authority(tmp_path).pem
    (tmp_path / "theirs.pem").write_text(theirs, encoding="ascii")
    environ |= {"SSL_CERT_FILE": str(tmp_path / "theirs.pem"), "AWS_CA_BUNDLE": "/nowhere"}
    roots.write(environ)
    path = roots.path(environ)
    written = path.read_bytes()
    trusted = ssl.create_default_context(cafile=path).get_ca_certs(binary_form=True)
    assert written.count(b"BEGIN CERTIFICATE") == len(public_context().get_ca_certs()) + 2
    for pem in (theirs, authority(folder(environ), utc_now())):
        assert ssl.PEM_cert_to_DER_cert(pem) in trusted
    assert b"PRIVATE KEY" not in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_run_inside_itself_it_does_not_grow(environ: dict[str, str]) -> None:
    roots.write(environ)
    first = roots.path(environ).read_bytes()
    roots.write(environ | roots.variables(environ))
    assert roots.path(environ).read_bytes() == first


@pytest.mark.parametrize("variable", [*roots.VARIABLES, "CURL_CA_BUNDLE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE=folder"])
def test_whatever_names_whom_a_program_would_trust(tmp_path: Path, environ: dict[str, str], variable: str) -> None:
    """requests and httpx read only the first of several, and a folder where one is named."""
    (tmp_path / "theirs").mkdir()
    theirs = tmp_path / "theirs" / "a.pem"
    theirs.write_text(f"# nobody\n{Authority(tmp_path).pem}{SECRET}", encoding="utf-8")
    name, is_folder = variable.partition("=")[0], variable.endswith(("_DIR", "=folder"))
    environ |= {name: str(theirs.parent if is_folder else theirs)}
    roots.write(environ)
    assert pem_of(theirs) in pems(roots.path(environ))
    assert "PRIVATE KEY" not in roots.path(environ).read_text(encoding="utf-8")


def test_one_shell_changes_no_roots_of_another(tmp_path: Path, environ: dict[str, str]) -> None:
    theirs = tmp_path / "theirs.pem"
    theirs.write_text(Authority(tmp_path).pem, encoding="ascii")
    one = environ | {"REQUESTS_CA_BUNDLE": str(theirs)}
    roots.write(one)
    roots.write(environ)
    assert pem_of(theirs) in pems(roots.path(one))
    assert pem_of(theirs) not in pems(roots.path(environ))


@pytest.mark.parametrize("kept", ["", "CURL_CA_BUNDLE"])
def test_inside_itself_it_keeps_whom_the_outer_one_named(tmp_path: Path, environ: dict[str, str], kept: str) -> None:
    theirs = tmp_path / "theirs.pem"
    theirs.write_text(Authority(tmp_path).pem, encoding="ascii")
    outer = environ | {kept or "SSL_CERT_FILE": str(theirs)}
    roots.write(outer)
    inner = outer | roots.variables(outer)
    first = roots.path(outer).read_bytes()
    roots.write(inner)
    assert roots.path(inner) == roots.path(outer)
    assert sorted(pems(roots.path(inner))) == sorted(set(pems(roots.path(inner)))), "once"
    assert pem_of(theirs) in pems(roots.path(inner))
    assert len(roots.path(inner).read_bytes()) == len(first)


def pems(path: Path) -> list[str]:
    return re.findall("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", path.read_text("utf-8"), re.DOTALL)


def pem_of(path: Path) -> str:
    (pem,) = pems(path)
    return pem


def test_an_authority_that_others_can_touch_is_told(environ: dict[str, str]) -> None:
    roots.write(environ)
    (folder(environ) / "local.pem").chmod(0o666)
    with pytest.raises(roots.Untrusted, match="must belong to this user alone"):
        roots.write(environ)
