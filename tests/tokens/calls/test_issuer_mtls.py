"""A certificate of ours for the issuer (RFC 8705), over real TLS."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.oauth2.scheme import OAuth2Scheme
from proxy.auth.token import Tls
from proxy.errors import FailureClass
from proxy.tokens.calls.issuer import Issuer
from tests.tokens.calls.issuers import GOOD, Server, asking, certificate, failure, post, reply, serving


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """An issuer that wants to see the certificate in cert.pem, and shows the same."""
    context, pem = certificate(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pem)
    return context


OURS = Tls("cert.pem", "key.pem", "cert.pem")


async def test_the_certificate_is_shown(context: ssl.SSLContext, tmp_path: Path) -> None:
    async with Issuer(folder=tmp_path) as client, serving(Server(reply(GOOD)), context) as server:
        await client.login(asking(replace(post(server.url), tls=OURS)))
        assert len(server.heads) == 1
        error = await failure(client, replace(post(server.url), tls=Tls(ca="cert.pem")))
        assert error.failure is FailureClass.PASSING
        assert len(server.heads) == 1


async def test_only_the_named_roots_are_trusted(context: ssl.SSLContext, tmp_path: Path) -> None:
    async with Issuer(folder=tmp_path) as client, serving(Server(reply(GOOD)), context) as server:
        error = await failure(client, replace(post(server.url), tls=OURS._replace(ca=None)))
    assert "self-signed certificate" in error.message
    assert server.heads == []


@pytest.mark.parametrize("content", ["", "\n"])
async def test_an_empty_file_of_roots_is_not_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """The issuer has a certificate that the system trusts, and not the one that the provider names."""
    context, pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    (tmp_path / "roots.pem").write_text(content)
    async with Issuer(folder=tmp_path) as client, serving(Server(reply(GOOD)), context) as server:
        error = await failure(client, replace(post(server.url), tls=Tls(ca="roots.pem")))
    assert error.failure is FailureClass.CREDENTIAL
    assert "roots.pem: not usable" in error.message
    assert server.heads == []


async def test_a_replaced_certificate_is_seen_at_once(context: ssl.SSLContext, tmp_path: Path) -> None:
    async with Issuer(folder=tmp_path) as client, serving(Server(reply(GOOD)), context) as server:
        good = (tmp_path / "key.pem").read_bytes()
        (tmp_path / "key.pem").write_bytes(b"")
        assert (await failure(client, replace(post(server.url), tls=OURS))).failure is FailureClass.CREDENTIAL
        (tmp_path / "key.pem").write_bytes(good)
        await client.login(asking(replace(post(server.url), tls=OURS)))


async def test_the_whole_way_from_a_provider(context: ssl.SSLContext, tmp_path: Path) -> None:
    written = {
        "scheme": "oauth2",
        "client_id": "me",
        "client_auth": "none",
        "tls": {"cert": "cert.pem", "key": "key.pem", "ca": "cert.pem"},
    }
    async with Issuer(folder=tmp_path) as client, serving(Server(reply(GOOD)), context) as server:
        provider = OAuth2Provider.model_validate(written | {"token_url": server.url})
        minted = await client.login(OAuth2Scheme.compile(provider, frozenset()).login(0.0, None))
    assert minted.value == "a-token"
    assert server.bodies == [b"grant_type=client_credentials&client_id=me"]


def locked(folder: Path) -> None:
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    how = serialization.BestAvailableEncryption(b"a password")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    (folder / "locked.pem").write_bytes(pem)


@pytest.mark.parametrize(
    ("tls", "told"),
    [
        (OURS._replace(cert="no.pem"), "No such file"),
        (OURS._replace(ca="no.pem"), "No such file"),
        (OURS._replace(key="no.pem"), "No such file"),
        (OURS._replace(ca="key.pem"), "not usable"),
        (OURS._replace(cert="key.pem"), "not usable"),
        (OURS._replace(key="locked.pem"), "not usable"),
        (OURS._replace(key=None), "not usable"),
    ],
)
async def test_files_that_cannot_be_used(tmp_path: Path, context: ssl.SSLContext, tls: Tls, told: str) -> None:
    """A key with a password is no reason to ask the terminal for one."""
    locked(tmp_path)
    async with Issuer(folder=tmp_path) as client, serving(Server(reply(GOOD)), context) as server:
        error = await failure(client, replace(post(server.url), tls=tls))
    assert error.failure is FailureClass.CREDENTIAL
    assert told in error.message
    assert server.heads == []
