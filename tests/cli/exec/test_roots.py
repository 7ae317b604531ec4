"""What a program trusts: whom it would, and this machine's authority besides."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from proxy.cli.exec import roots
from proxy.config.secrets.pem import utc_now
from proxy.wire.inbound.machine_ca import authority, folder
from proxy.wire.outbound.dial import public_context
from tests.certificates import Authority


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def test_the_systems_roots_the_users_and_ours(tmp_path: Path, environ: dict[str, str]) -> None:
    theirs = Authority(tmp_path).pem
    (tmp_path / "theirs.pem").write_text(theirs, encoding="ascii")
    roots.write(environ | {"SSL_CERT_FILE": str(tmp_path / "theirs.pem"), "AWS_CA_BUNDLE": "/nowhere"})
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


def test_an_authority_that_others_can_touch_is_told(environ: dict[str, str]) -> None:
    roots.write(environ)
    (folder(environ) / "local.pem").chmod(0o666)
    with pytest.raises(roots.Untrusted, match="must belong to this user alone"):
        roots.write(environ)
