"""What is warned about, and what silences it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.load import load
from tests.config.catalogue_of_cases import CATALOGUE

HASH = "sha256:" + "ab" * 32
LITERAL = "written in the clear"
READABLE = "every user of this machine can read"


def told(folder: Path, text: str, mode: int = 0o600) -> list[tuple[str, str]]:
    """Address and message of each warning."""
    path = folder / "config.yaml"
    path.write_text(text)
    path.chmod(mode)
    environ = {"KEY": "0123456789abcdef", "DULL": "passwordpassword"}
    return [(each.path, each.message) for each in load(path, environ=environ, catalogue=CATALOGUE).warnings]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("listen: 127.0.0.1:1\nanyone: true", []),
        ("listen: unix:/run/k.sock", []),
        ("listen: 0.0.0.0:1\nanyone: true", ["browser.hosts", "anyone"]),
        ("listen: [127.0.0.1:1, proxy.test:1]\nanyone: true\nbrowser: {hosts: [proxy.test]}", ["anyone"]),
        (f"listen: 0.0.0.0:1\nclients: [{{name: a, key: '{HASH}'}}]", []),
        (f"listen: 0.0.0.0:1\nanyone: true\nclients: [{{name: a, key: '{HASH}'}}]", []),
        (f"clients: [{{name: a, key: '{HASH}', read_tokens: true}}]", ["clients[0].read_tokens"]),
        (f"clients: [{{name: a, key: '{HASH}', read_tokens: []}}]", []),
        ("clients: [{name: a, key: '${KEY}'}]", []),
        ("clients: [{name: a, key: '${DULL}'}]", ["clients[0].key"]),
        ("clients: [{name: a, key: 0123456789abcdef}]", ["clients[0].key"]),
        ("clients: [{name: a, key: aaaaaaaaaaaaaaaa}]", ["clients[0].key", "clients[0].key"]),
    ],
)
def test_what_opens_the_door(text: str, paths: list[str], tmp_path: Path) -> None:
    assert [path for path, _ in told(tmp_path, text)] == paths


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("providers: {a: {scheme: static, token: a-real-token}}", ["providers.a.token"]),
        ("providers: {a: {scheme: static, token: '${KEY}'}}", []),
        ("providers: {a: {scheme: static, token: 'x${KEY}'}}", []),
        ("providers: {a: {scheme: static, token: '$${KEY}-long'}}", ["providers.a.token"]),
        ("providers: {a: {scheme: static, token: sandbox-key}}", []),
        ("providers: {a: {use: keyed-session, api_key: a-real-key}}", ["providers.a.api_key"]),
        ("providers: {a: {use: keyed-session, api_key: '${UNSET}'}}", []),
        ("admin: {key: 0123456789abcdef}", ["admin.key"]),
        ("admin: {key: '${KEY}'}", []),
    ],
)
def test_secrets_in_a_file_that_others_can_read(text: str, paths: list[str], tmp_path: Path) -> None:
    found = told(tmp_path, text, 0o644)
    assert [path for path, _ in found] == paths
    assert all(READABLE in message for _, message in found)
    assert told(tmp_path, text, 0o640) == []


def test_the_mode_of_the_file_that_holds_the_secret_counts(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("providers: {a: {scheme: static, token: a-real-token}}")
    (tmp_path / "secret.yaml").chmod(0o600)
    assert told(tmp_path, "include: secret.yaml\nadmin: {path: /x/}", 0o644) == []
    (tmp_path / "secret.yaml").chmod(0o644)
    assert [path for path, _ in told(tmp_path, "include: secret.yaml", 0o600)] == ["providers.a.token"]


def test_no_warning_repeats_a_secret(tmp_path: Path) -> None:
    secrets = ("a-real-token", "a-client-key-0123456789", "an-admin-key-0123456789")
    text = "providers: {{a: {{scheme: static, token: {}}}}}\nclients: [{{name: c, key: {}}}]\nadmin: {{key: {}}}"
    found = told(tmp_path, text.format(*secrets), 0o644)
    assert len(found) == 3
    assert not any(secret in str(found) for secret in secrets)
