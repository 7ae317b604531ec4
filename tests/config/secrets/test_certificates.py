"""The certificates of routes: read, judged, told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from proxy.config.secrets.certificates import Certificates, read_certificates
from tests.certificates import Authority

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pem")
    authority = Authority(folder)
    (folder / "ca.pem").write_text(authority.pem)
    text = authority.issue("ours.test").read_bytes()  # key first, then certificate
    key, _, cert = text.partition(b"-----BEGIN CERTIFICATE-----")
    cert = b"-----BEGIN CERTIFICATE-----" + cert
    loaded = serialization.load_pem_private_key(key, None)
    how = serialization.BestAvailableEncryption(b"a password")
    files = {
        "both.pem": cert + b"some words between\n" + key,
        "cert.pem": cert,
        "key.pem": key,
        "locked.pem": loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how),
        "other.pem": authority.issue("other.test").read_bytes(),
        "chain.pem": cert + authority.pem.encode() + key,
        "text.pem": b"not PEM",
        "binary.pem": b"\xff\x00" + cert,
        "torn.pem": cert[: len(cert) // 2],
        "broken.pem": key.replace(b"\nM", b"\nA", 1),
        "empty.pem": b"",
        "short.pem": rsa.generate_private_key(65537, 1024).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def read(path: Path) -> bytes | str:
    return path.read_bytes() if path.exists() else "not found"


def certificates(folder: Path, *several: dict[str, object]) -> Certificates:
    routes = {f"/{number}": {"tls": tls} for number, tls in enumerate(several)}
    return read_certificates({"routes": routes}, folder, read, NOW)


@pytest.mark.parametrize(
    "tls",
    [
        {},
        {"ca": "ca.pem"},
        {"cert": "both.pem"},
        {"cert": "chain.pem", "ca": "ca.pem"},
        {"cert": "cert.pem", "key": "key.pem"},
        {"cert": "1.pem"},
    ],
)
def test_good_files(folder: Path, tls: dict[str, object]) -> None:
    found = certificates(folder, tls)
    assert found.findings == []
    assert set(found.files) == {folder / str(name) for name in tls.values()}
    pem = found.of["/0"]
    assert (pem.ca is None, pem.cert is None, pem.key is None) == tuple(key not in tls for key in ("ca", "cert", "key"))
    assert pem.identity


@pytest.mark.parametrize(
    ("tls", "key", "said"),
    [
        ({"ca": "no.pem"}, "ca", "not found"),
        ({"ca": "text.pem"}, "ca", "holds no certificate in PEM"),
        ({"ca": "empty.pem"}, "ca", "holds no certificate in PEM"),
        ({"ca": "binary.pem"}, "ca", "holds no certificate in PEM"),
        ({"ca": "torn.pem"}, "ca", "holds no certificate in PEM"),
        ({"ca": "key.pem"}, "ca", "holds no certificate in PEM"),
        ({"cert": "key.pem"}, "cert", "holds no certificate in PEM"),
        ({"cert": "cert.pem"}, "cert", "holds no private key in PEM"),
        ({"cert": "cert.pem", "key": "cert.pem"}, "key", "holds no private key in PEM"),
        ({"cert": "cert.pem", "key": "no.pem"}, "key", "not found"),
        ({"cert": "cert.pem", "key": "other.pem"}, "key", "does not belong to the first certificate of tls.cert"),
        (
            {"cert": "cert.pem", "key": "locked.pem"},
            "key",
            "the key has a password, and nobody is there to type it; store it without one",
        ),
        ({"cert": "cert.pem", "key": "short.pem"}, "key", "has 1024 bits; TLS libraries want 2048"),
        ({"cert": "cert.pem", "key": "broken.pem"}, "key", "holds a private key that can't be read"),
    ],
)
def test_bad_files(folder: Path, tls: dict[str, object], key: str, said: str) -> None:
    found = certificates(folder, tls)
    assert [(each.where, each.message) for each in found.findings] == [(("routes", "/0", "tls", key), said)]
    assert found.of == {}
    assert len(found.files) == len(tls), "a file that comes later is a reason to load again"

    theirs = read_certificates({"providers": {"crm": {"tls": tls}}}, folder, read, NOW)
    assert [(each.where, each.message) for each in theirs.findings] == [(("providers", "crm", "tls", key), said)]
    assert theirs.files == found.files


def test_a_providers_certificate_may_be_replaced_before_it_is_used(folder: Path) -> None:
    tls = {"cert": "both.pem", "ca": "ca.pem"}
    tree = {"routes": {"/a": {"tls": tls}}, "providers": {"crm": {"tls": tls}}}
    found = read_certificates(tree, folder, read, NOW + timedelta(days=10))
    assert {each.where[:2] for each in found.findings} == {("routes", "/a")}
    assert {(each.where[:2], each.where[3]) for each in found.late} == {
        (("providers", "crm"), "cert"),
        (("providers", "crm"), "ca"),
    }
    assert all(each.message.startswith("the certificate expired on ") for each in found.late)
    assert read_certificates(tree, folder, read, NOW).late == []


def test_certificates_are_told_apart_by_their_content(folder: Path) -> None:
    several = certificates(folder, {"cert": "both.pem"}, {"cert": "1.pem"}, {"cert": "other.pem"}, {"ca": "ca.pem"}, {})
    assert len({pem.identity for pem in several.of.values()}) == 5
    same = certificates(folder, {"ca": "ca.pem"}, {"ca": "../" + folder.name + "/ca.pem"})
    assert len({pem.identity for pem in same.of.values()}) == 1


@pytest.mark.parametrize(
    "tree", [{}, {"routes": 1}, {"routes": {"/a": None}}, {"routes": {"/a": {"tls": 1}}}, {"providers": [{"tls": {}}]}]
)
def test_what_is_no_config_is_left_to_the_model(tree: dict[str, object]) -> None:
    assert read_certificates(tree, Path(), read, NOW).findings == []
