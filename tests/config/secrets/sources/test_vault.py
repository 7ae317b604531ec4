"""`${vault:}` against a server that speaks Vault's API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.config.load import again, load
from proxy.config.loaded import Loaded
from proxy.config.secrets.sources import vault
from proxy.config.secrets.sources.vault import parts
from proxy.errors import ConfigError
from tests.certificates import Authority
from tests.config.secrets.sources.servers import JWT, Vault, serving

TOKEN = "${vault:secret/crm#token}"


@pytest.fixture
def server() -> Vault:
    return Vault()


@pytest.fixture
def url(server: Vault) -> Iterator[str]:
    vault._sessions.clear()
    with serving(server) as url:
        yield url


def loaded(folder: Path, url: str, *tokens: str, strict: bool = False, **environ: str) -> Loaded:
    path = folder / "config.yaml"
    lines = [f"  p{number}:\n    scheme: static\n    token: {token}" for number, token in enumerate(tokens or (TOKEN,))]
    path.write_text("providers:\n" + "\n".join(lines))
    environ = {"VAULT_ADDR": url, **({"VAULT_TOKEN": "root-token"} if not environ else {}), **environ}
    return load(path, environ=environ, strict=strict)


def token(loaded: Loaded, name: str = "p0") -> object:
    return getattr(loaded.config.providers[name], "token", None)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("secret/crm", ("secret", "crm")),
        ("secret/team/crm", ("secret", "team/crm")),
        ("secret/data/crm", ("secret", "crm")),
        ("team/kv/data/a/b", ("team/kv", "a/b")),
        ("/secret/crm/", ("secret", "crm")),
    ],
)
def test_mount_and_path(path: str, expected: tuple[str, str]) -> None:
    assert parts(path) == expected


def test_a_token_from_the_environment(tmp_path: Path, url: str, server: Vault) -> None:
    found = loaded(tmp_path, url)
    assert token(found) == "vault-crm-secret"
    assert found.secrets["p0"] == {"vault-crm-secret"}
    assert server.paths() == ["/v1/secret/data/crm"]


def test_namespace_and_dotenv(tmp_path: Path, url: str, server: Vault) -> None:
    (tmp_path / ".env").write_text("VAULT_TOKEN=root-token\n")
    assert token(loaded(tmp_path, url, VAULT_NAMESPACE="team")) == "vault-crm-secret"
    assert server.calls[0][2]["x-vault-namespace"] == "team"


def test_the_token_that_vault_login_leaves(
    tmp_path: Path, url: str, server: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text("root-token\n")
    assert token(loaded(tmp_path, url, OTHER="x")) == "vault-crm-secret"
    (tmp_path / ".vault-token").unlink()
    (reason,) = loaded(tmp_path, url, OTHER="x").unconfigured["p0"].listed()
    assert "VAULT_TOKEN is not set" in reason


@pytest.mark.parametrize("mount", ["", "other"])
def test_approle_logs_in_once_for_several_loads(tmp_path: Path, url: str, server: Vault, mount: str) -> None:
    environ = {"VAULT_ROLE_ID": "role", "VAULT_SECRET_ID": "secret-id"} | ({"VAULT_AUTH_MOUNT": mount} if mount else {})
    first = loaded(tmp_path, url, **environ)
    assert token(first) == "vault-crm-secret"
    assert token(again(first)) == "vault-crm-secret"
    assert server.logins == 1
    server.tokens.clear()
    assert token(again(first)) == "vault-crm-secret"
    assert server.logins == 2, "a login that was revoked is made anew"
    server.lease = 0
    server.tokens.clear()
    again(first)
    again(first)
    assert server.logins == 4, "one that lives for no time is not kept"


def test_kubernetes(tmp_path: Path, url: str, server: Vault) -> None:
    (tmp_path / "jwt").write_text(f"{JWT}\n")
    environ = {"VAULT_K8S_ROLE": "keyless", "VAULT_K8S_JWT": str(tmp_path / "jwt")}
    assert token(loaded(tmp_path, url, **environ)) == "vault-crm-secret"
    (tmp_path / "jwt").unlink()
    vault._sessions.clear()
    (reason,) = loaded(tmp_path, url, **environ).unconfigured["p0"].listed()
    assert "service account token can't be read" in reason


@pytest.mark.parametrize(
    ("reference", "part"),
    [
        ("${vault:secret/none#x}", "nothing there (404)"),
        ("${vault:secret/crm#none}", "no field 'none'"),
        ("${vault:secret/denied#x}", "denies it (403); its policy must allow read on secret/data/denied"),
    ],
)
def test_what_is_not_there_puts_its_provider_to_sleep_with_the_reason(
    tmp_path: Path, url: str, server: Vault, reference: str, part: str
) -> None:
    server.denied.add("secret/data/denied")
    found = loaded(tmp_path, url, reference, TOKEN)
    (reason,) = found.unconfigured["p0"].listed()
    assert reference[2:-1] in reason
    assert part in reason
    assert token(found, "p1") == "vault-crm-secret"
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, url, reference, strict=True)
    (problem,) = refused.value.problems
    assert (problem.line, problem.path) == (4, "providers.p0.token")
    assert part in problem.message


def test_numbers_are_texts(tmp_path: Path, url: str, server: Vault) -> None:
    assert token(loaded(tmp_path, url, "${vault:secret/crm#port}")) == "8443"


def test_a_wrong_login_is_told_without_what_was_sent(tmp_path: Path, url: str, server: Vault) -> None:
    (reason,) = (
        loaded(tmp_path, url, VAULT_ROLE_ID="role", VAULT_SECRET_ID="a-wrong-secret-id").unconfigured["p0"].listed()
    )
    assert "refuses the login (400)" in reason
    assert "a-wrong-secret-id" not in reason


def test_sealed_then_well(tmp_path: Path, url: str, server: Vault) -> None:
    server.sealed = True
    asleep = loaded(tmp_path, url)
    assert "sealed or not ready (503)" in asleep.unconfigured["p0"].listed()[0]
    assert asleep.fails
    server.sealed = False
    awake = again(asleep)
    assert token(awake) == "vault-crm-secret"
    server.sealed = True
    kept = again(awake)
    assert token(kept) == "vault-crm-secret"
    assert "sealed" in kept.kept[0]


def test_a_vault_that_is_down_is_asked_once(tmp_path: Path) -> None:
    found = loaded(tmp_path, "http://127.0.0.1:9", *(f"${{vault:secret/s{number}#x}}" for number in range(20)))
    assert {reasons.listed()[0].rpartition(": ")[2] for reasons in found.unconfigured.values()} == {
        "Vault can't be reached (ConnectionError)"
    }


@pytest.mark.parametrize(
    ("address", "part"),
    [("", "VAULT_ADDR is not set"), ("http://vault.example.com:8200", "must be https"), ("vault:8200", "VAULT_ADDR")],
)
def test_a_bad_address(tmp_path: Path, address: str, part: str) -> None:
    assert part in loaded(tmp_path, address).unconfigured["p0"].listed()[0]


def test_roots_that_are_not_there(tmp_path: Path, url: str) -> None:
    (reason,) = loaded(tmp_path, url, VAULT_CACERT=str(tmp_path / "none.pem")).unconfigured["p0"].listed()
    assert "VAULT_CACERT names no file" in reason


def test_twenty_secrets_are_fetched_together_and_each_once(tmp_path: Path, url: str, server: Vault) -> None:
    """Eight at a time: the server answers nobody before eight are there."""
    for number in range(16):
        server.secrets[f"secret/data/s{number}"] = {"a": f"secret-a-{number}", "b": f"secret-b-{number}"}
    server.barrier = threading.Barrier(8)
    references = [f"${{vault:secret/s{number}#a}}" for number in range(16)]
    found = loaded(tmp_path, url, *references, *references)
    assert [token(found, f"p{number}") for number in range(32)] == [f"secret-a-{number}" for number in range(16)] * 2
    assert sorted(server.paths()) == sorted(f"/v1/secret/data/s{number}" for number in range(16))
    assert server.most == 8


def test_two_fields_of_one_secret_take_one_call(tmp_path: Path, url: str, server: Vault) -> None:
    found = loaded(tmp_path, url, TOKEN, "${vault:secret/crm#id}")
    assert (token(found), token(found, "p1")) == ("vault-crm-secret", "the-id")
    assert len(server.calls) == 1


@pytest.mark.parametrize("skip", ["", "true"])
def test_its_certificate_is_verified(tmp_path: Path, server: Vault, skip: str) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "ca.pem").write_text(authority.pem)
    environ = {"VAULT_TOKEN": "root-token", "VAULT_SKIP_VERIFY": skip}
    with serving(server, authority.server("127.0.0.1")) as url:
        (reason,) = loaded(tmp_path, url, **environ).unconfigured["p0"].listed()
        assert "certificate is refused; VAULT_CACERT names a private CA" in reason
        assert server.calls == []
        found = loaded(tmp_path, url, VAULT_CACERT=str(tmp_path / "ca.pem"), **environ)
    assert token(found) == "vault-crm-secret"
