"""The config of every command, where `-c` does not name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import keyless, written

ROUTE = {"upstream": "https://api.example.com", "provider": "none"}


def place(folder: Path, prefix: str) -> str:
    folder.mkdir(parents=True)
    return written(folder, routes={prefix: ROUTE})


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """`/named`, `/here` and `/own` are the routes of three configs."""
    made = {
        "named": place(tmp_path / "elsewhere", "/named"),
        "here": place(tmp_path / "here", "/here"),
        "own": place(tmp_path / "xdg" / "keyless", "/own"),
    }
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("KEYLESS_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path / "here")
    return made


def knows(route: str, *options: str, environ: dict[str, str] | None = None) -> bool:
    return keyless("explain", "GET", f"/{route}/x", *options, environ=environ or {}).code == 0


def test_each_gives_way_to_what_is_nearer(places: dict[str, str]) -> None:
    environ = {"KEYLESS_CONFIG": places["named"]}
    assert knows("own", "-c", places["own"], environ=environ)
    assert knows("named", environ=environ)
    assert knows("here")
    assert knows("here", environ={"KEYLESS_CONFIG": ""})
    Path(places["here"]).unlink()
    assert knows("own")


def test_a_file_that_is_said_is_not_looked_for_elsewhere(places: dict[str, str]) -> None:
    Path(places["here"]).unlink()
    told = keyless("explain", "GET", "/own/x", "-c", "config.yaml")
    assert (told.code, "config.yaml" in told.err) == (2, True)


def test_a_new_config_is_written_here(places: dict[str, str]) -> None:
    Path(places["here"]).unlink()
    made = keyless("init", "openai")
    assert made.code == 0
    assert "keyless run`" in made.out
    assert Path("config.yaml").exists()


def test_or_where_the_variable_says(places: dict[str, str], tmp_path: Path) -> None:
    assert keyless("init", "openai", environ={"KEYLESS_CONFIG": str(tmp_path / "new.yaml")}).code == 0
    assert (tmp_path / "new.yaml").exists()
