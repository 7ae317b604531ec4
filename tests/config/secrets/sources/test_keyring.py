"""`${keyring:}` with a backend of the keyring package that keeps its entries in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.config.secrets.seal import Seal, new_key


class Memory(KeyringBackend):
    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        self.entries = {("crm.example.com/api", "me"): "keyring-secret"}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("locked")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture
def memory() -> Iterator[Memory]:
    before = keyring.get_keyring()
    keyring.set_keyring(memory := Memory())
    yield memory
    keyring.set_keyring(before)


def loaded(folder: Path, token: str, more: str = "") -> Loaded:
    path = folder / "config.yaml"
    path.write_text(f"providers: {{p: {{scheme: static, token: '{token}'}}}}\n{more}")
    return load(path, environ={})


def test_an_entry(tmp_path: Path, memory: Memory) -> None:
    found = loaded(tmp_path, "${keyring:crm.example.com/api/me}")
    assert found.secrets["p"] == {"keyring-secret"}


def test_none_or_locked(tmp_path: Path, memory: Memory) -> None:
    assert "no such entry" in loaded(tmp_path, "${keyring:crm/you}").unconfigured["p"].listed()[0]
    memory.locked = True
    assert (
        "can't be used (KeyringLocked)"
        in loaded(tmp_path, "${keyring:crm.example.com/api/me}").unconfigured["p"].listed()[0]
    )


def test_the_key_that_opens_sealed_secrets_may_lie_there(tmp_path: Path, memory: Memory) -> None:
    key = new_key()
    memory.entries["keyless", "seal"] = key
    sealed = Seal([key]).seal(b"a-sealed-secret").decode()
    found = loaded(tmp_path, f"${{enc:{sealed}}}", "store_key: '${keyring:keyless/seal}'\n")
    assert found.secrets["p"] == {"a-sealed-secret"}
