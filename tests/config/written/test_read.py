"""Which files are read, in which order, and what is said of those that can't be."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.errors import ConfigError
from tests.config.loading import loaded, problems


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml:1: file: not found"):
        load(tmp_path / "none.yaml", environ={}, catalogue={})
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path, environ={}, catalogue={})


def test_includes_nest_and_globs_are_sorted(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in "cab":
        key = f"{name}{'0' * 20}"
        (tmp_path / "d" / f"{name}.yaml").write_text(
            f"include: ../shared.yaml\nclients: [{{name: {name}, key: {key}}}]"
        )
    (tmp_path / "shared.yaml").write_text("log: {level: debug}\ninclude: []\n")
    found = loaded(tmp_path, f"include: [d/*.yaml, none/*.yaml, {tmp_path}/d/a.yaml]\n")
    assert [client.name for client in found.config.clients] == ["a", "b", "c"]
    assert found.config.log.level == "debug"


@pytest.mark.parametrize(
    ("include", "part"),
    [
        ("config.yaml", "include: includes a file that includes this one"),
        ("[./config.yaml]", "include[0]: includes a file that includes this one"),
        ("[x, y]", "include[1]: not found"),
        ("5", "can't be read"),
        ("{a: b}", "can't be read"),
        ("${X}", "can't be read"),
        ('"\\0*"', "can't be read"),
        (".", "can't be read"),
        ("/dev/zero", "not a config file"),
    ],
)
def test_bad_includes(include: str, part: str, tmp_path: Path) -> None:
    assert part in "\n".join(problems(tmp_path, f"include: {include}\n"))
