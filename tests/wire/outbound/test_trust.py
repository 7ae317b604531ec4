"""The TLS contexts of routes with certificates of their own."""

from __future__ import annotations

import ssl
import weakref
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
    with pytest.raises(OSError, match="have been replaced"):
        Trust({})(API._replace(identity="gone"))


def test_what_was_replaced_twice_is_let_go(tmp_path: Path) -> None:
    """A rotated certificate has another identity each time, and a megabyte of roots."""
    authority, contexts = Authority(tmp_path), Trust({})

    def load(number: int) -> None:
        contexts.learn({"/a": Pem(f"load-{number}", authority.issue("ours.test"), None, None)})

    load(1)
    first = contexts(API._replace(identity="load-1"))
    gone = weakref.ref(first)
    load(2)
    load(2)  # nothing new
    assert contexts(API._replace(identity="load-1")) is first
    load(1)
    assert contexts(API._replace(identity="load-1")) is first
    del first
    load(3)
    load(4)
    assert gone() is None
    with pytest.raises(OSError, match="have been replaced"):
        contexts(API._replace(identity="load-1"))


def test_a_load_that_can_not_be_used_changes_nothing(tmp_path: Path) -> None:
    pem = Pem("good", Authority(tmp_path).issue("ours.test"), None, None)
    contexts = Trust({"/a": pem})
    with pytest.raises(ConfigError):
        contexts.learn({"/b": Pem("bad", tmp_path / "none.pem", None, None)})
    assert contexts(API._replace(identity="good")) is not None


@pytest.mark.parametrize("content", [None, "", "not PEM"])
def test_a_file_that_changed_after_the_load(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "cert.pem").write_text(content)
    with pytest.raises(ConfigError, match=r"routes\./a\.tls: can't be used"):
        Trust({"/a": Pem("a", tmp_path / "cert.pem", None, None)})
