"""Secrets that every user of the machine can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.errors import ConfigError
from tests.cli.conftest import keyless


def loaded(folder: Path, more: str = "") -> Loaded:
    path = folder / "config.yaml"
    path.write_text(f"providers:\n  p:\n    scheme: static\n    token: ${{file:secret}}\n{more}")
    return load(path, environ={})


def secret(folder: Path, mode: int, name: str = "secret") -> None:
    path = folder / name
    path.write_text("a-made-up-secret")
    path.chmod(mode)


@pytest.mark.parametrize(
    ("mode", "word"), [(0o600, ""), (0o640, ""), (0o400, ""), (0o644, "read"), (0o604, "read"), (0o666, "written")]
)
def test_files(tmp_path: Path, mode: int, word: str) -> None:
    secret(tmp_path, mode)
    warnings = loaded(tmp_path).warnings
    if not word:
        assert warnings == ()
        return
    (warning,) = warnings
    assert (warning.line, warning.path) == (4, "providers.p.token")
    assert f"can be {word} by every user" in warning.message
    assert f"chmod 600 {tmp_path / 'secret'}" in warning.message
    assert "a-made-up-secret" not in warning.message


def test_dotenv_and_a_link_to_an_open_file(tmp_path: Path) -> None:
    secret(tmp_path, 0o644, "real")
    (tmp_path / "secret").symlink_to("real")
    (tmp_path / ".env").write_text("A=b\n")
    (tmp_path / ".env").chmod(0o644)
    assert [warning.path for warning in loaded(tmp_path).warnings] == ["file", "providers.p.token"]


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_the_stores_folder(tmp_path: Path, mode: int) -> None:
    secret(tmp_path, 0o600)
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens").chmod(mode)
    warnings = loaded(tmp_path, "store: file:tokens\n").warnings
    assert [(each.line, each.path) for each in warnings] == ([] if mode == 0o700 else [(5, "store")])


def test_the_setting_makes_the_choice_explicit(tmp_path: Path) -> None:
    secret(tmp_path, 0o644)
    assert loaded(tmp_path, "secrets: {world_readable: allow}\n").warnings == ()
    with pytest.raises(ConfigError, match=r"4: providers\.p\.token: .*every user"):
        loaded(tmp_path, "secrets: {world_readable: refuse}\n")


def test_check_warns(tmp_path: Path) -> None:
    secret(tmp_path, 0o644)
    loaded(tmp_path)
    done = keyless("check", "-c", str(tmp_path / "config.yaml"))
    assert done.code == 0
    assert f"{tmp_path / 'config.yaml'}:4: warning: providers.p.token: " in done.out
    assert len(keyless("check", "--json", "-c", str(tmp_path / "config.yaml")).json["warnings"]) == 1
