"""PEM files of `tls`: everything that can be wrong with them, each told at its key."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.load import load
from proxy.config.secrets import pem
from proxy.errors import ConfigError
from tests.certificates import Authority

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    authority = Authority(tmp_path_factory.mktemp("pem"))
    own, other, old = (authority.issue("a", age=age).read_bytes() for age in (0, 0, 12))
    (key, cert), (other_key, _), (_, old_cert) = map(halves, (own, other, old))
    secret = load_pem_private_key(key, None)
    locked = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a password"))
    lines = cert.splitlines(keepends=True)
    return {
        "both": own,
        "key": key,
        "cert": cert,
        "other key": other_key,
        "old": old_cert,
        "old and new": old_cert + cert,
        "locked": locked,
        "damaged": b"".join((*lines[:3], *lines[4:])),
        "damaged key": b"\n".join((key.splitlines()[0], b"AAAA", key.splitlines()[-1])),
        "empty": b"",
        "binary": b"\x30\x82\x01\x0a\xff",
    }


def halves(both: bytes) -> tuple[bytes, bytes]:
    key, end, cert = both.partition(b"-----END PRIVATE KEY-----\n")
    return key + end, cert


GOOD = {"cert": "cert", "key": "key"}


@pytest.mark.parametrize(
    ("tls", "key", "told"),
    [
        ({"cert": "nowhere"}, "cert", "not found"),
        ({"cert": "cert"}, "cert", "holds no private key in PEM"),
        ({"cert": "key", "key": "key"}, "cert", "holds no certificate in PEM"),
        ({"cert": "empty", "key": "key"}, "cert", "holds no certificate in PEM"),
        ({"cert": "binary", "key": "key"}, "cert", "holds no certificate in PEM"),
        ({"cert": "damaged", "key": "key"}, "cert", "holds no certificate in PEM"),
        ({"cert": "cert", "key": "nowhere"}, "key", "not found"),
        ({"cert": "cert", "key": "cert"}, "key", "holds no private key in PEM"),
        ({"cert": "cert", "key": "damaged key"}, "key", "holds a private key that can't be read"),
        ({"cert": "cert", "key": "locked"}, "key", "the key has a password, and nobody is there to type it; "),
        ({"cert": "cert", "key": "other key"}, "key", "does not belong to the first certificate of tls.cert"),
        ({"cert": "-----BEGIN CERTIFICATE-----", "key": "key"}, "cert", "this is the PEM itself; give the path"),
        (GOOD | {"client_ca": "nowhere"}, "client_ca", "not found"),
        (GOOD | {"client_ca": "key"}, "client_ca", "holds no certificate in PEM"),
        (GOOD | {"client_ca": "old"}, "client_ca", "the certificate expired on "),
    ],
)
def test_what_is_wrong(files: dict[str, bytes], tls: dict[str, str], key: str, told: str) -> None:
    ((where, message),) = pem.problems(tls, lambda name: files.get(name, "not found"), NOW)
    assert where == key
    assert message.startswith(told)


@pytest.mark.parametrize("tls", [GOOD, {"cert": "both"}, {"cert": "both", "client_ca": "old and new"}, {}])
def test_what_is_right(files: dict[str, bytes], tls: dict[str, str]) -> None:
    assert list(pem.problems(tls, lambda name: files.get(name, "not found"), NOW)) == []


@pytest.mark.parametrize(
    ("shift", "told"), [(-2, "is not valid before"), (0, ""), (8.9, ""), (9.1, "expired on"), (400, "renew it")]
)
def test_time_is_the_callers(files: dict[str, bytes], shift: float, told: str) -> None:
    """The certificate is valid from a day before now to nine days after."""
    found = list(pem.problems({"cert": "both"}, files.__getitem__, NOW + timedelta(days=shift)))
    assert [key for key, _ in found] == (["cert"] if told else [])
    assert all(told in message for _, message in found)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(noise: bytes) -> None:
    framed = b"-----BEGIN PRIVATE KEY-----\n" + noise + b"\n-----END PRIVATE KEY-----\n"
    for written in (noise, framed, framed.replace(b"PRIVATE KEY", b"CERTIFICATE")):
        found = pem.problems({"cert": "a", "client_ca": "a"}, lambda _: written, NOW)  # noqa: B023 -- called right here
        assert {key for key, _ in found} == {"cert", "client_ca"}


def test_they_are_told_with_file_and_line(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    old = authority.issue("a", age=12)
    text = f"listen: 127.0.0.1:0\ntls:\n  cert: {old.name}\n  key: certs/no.pem\n"
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "config.yaml", environ={})
    assert [(each.line, each.path) for each in refused.value.problems] == [(3, "tls.cert"), (4, "tls.key")]
    assert refused.value.problems[1].message == "not found"
    (tmp_path / "config.yaml").write_text("tls:\n  cert: ${NOT_SET_ANYWHERE}\n")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "config.yaml", environ={})
    assert [each.message.partition(";")[0] for each in refused.value.problems] == ["${NOT_SET_ANYWHERE} is not set"]


def test_relative_to_the_config_and_only_read_where_tls_is(tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    authority = Authority(tmp_path / "certs")
    path = authority.issue("a")
    (tmp_path / "config.yaml").write_text(json.dumps({"tls": {"cert": f"certs/{path.name}"}}))
    loaded = load(tmp_path / "config.yaml", environ={})
    assert loaded.config.tls is not None
    assert loaded.config.tls.cert == f"certs/{path.name}"
