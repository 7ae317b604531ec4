"""The TLS contexts of routes with certificates of their own."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from proxy.config.secrets.certificates import Pem
from proxy.errors import ConfigError
from proxy.http.origin import Origin
from proxy.wire.outbound.dial import public_context
from proxy.wire.outbound.trust import Trust
from tests.certificates import Authority

API = Origin(tls=True, host="api.test", port=443)


def test_each_identity_has_one_context(tmp_path: Path) -> None:
    pem = Pem("an-identity", Authority(tmp_path).issue("ours.test"), None, None)
    contexts = Trust({"/a": pem, "/b": pem, "/c": pem._replace(identity="another")})
    own = contexts(API._replace(identity="an-identity"))
    assert own is contexts(API._replace(identity="an-identity", host="other.test"))
    assert own is not contexts(API._replace(identity="another"))
    assert contexts(API) is public_context() is not own


def test_every_context_verifies(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    made = {
        "ca": Pem("ca", None, None, authority.pem),
        "cert": Pem("cert", authority.issue("ours.test"), None, None),
        "both": Pem("both", authority.issue("ours.test"), None, authority.pem),
    }
    contexts = Trust(made)
    for identity in ("", *made):
        context = contexts(API._replace(identity=identity))
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert contexts(API._replace(identity="ca")).cert_store_stats()["x509_ca"] == 1
    assert contexts(API._replace(identity="cert")).cert_store_stats()["x509_ca"] > 50


def test_an_identity_that_is_not_there_gets_no_other_context() -> None:
    with pytest.raises(KeyError):
        Trust({})(API._replace(identity="gone"))


@pytest.mark.parametrize("content", [None, "", "not PEM"])
def test_a_file_that_changed_after_the_load(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "cert.pem").write_text(content)
    with pytest.raises(ConfigError, match=r"routes\./a\.tls: can't be used"):
        Trust({"/a": Pem("a", tmp_path / "cert.pem", None, None)})
