"""Temporary files: who may read them, what of the user's goes under them, and that they go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from proxy.cli.exec.files import write
from proxy.process.lending.tools import Needs


def test_only_the_user_reads_them(tmp_path: Path) -> None:
    assert write(tmp_path, Needs(files={"a.json": {"key": "kls_x"}, "b.mjs": "text {}"})) == []
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert json.loads((tmp_path / "a.json").read_text()) == {"key": "kls_x"}
    assert (tmp_path / "b.mjs").read_text() == "text {}"


def test_the_users_own_goes_under_ours_and_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    mine = "a: {b: 1, c: 2}\nd: [x]\n"
    (tmp_path / "mine.yaml").write_text(mine)
    (tmp_path / "made").mkdir()
    needs = Needs(files={"f": {"a": {"b": 5}}}, over={"f": "~/mine.yaml"})
    assert write(tmp_path / "made", needs) == []
    assert yaml.safe_load((tmp_path / "made" / "f").read_text()) == {"a": {"b": 5, "c": 2}, "d": ["x"]}
    assert (tmp_path / "mine.yaml").read_text() == mine


@pytest.mark.parametrize("content", [b"{a: // a comment\n", b"- a\n", b"\xff\xfe"])
def test_what_can_not_be_read_is_told_and_left_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine").write_bytes(content)
    needs = Needs(files={"f": {"a": 1}}, over={"f": str(tmp_path / "mine")})
    (note,) = write(tmp_path, needs)
    assert "mine can't be read" in note
    assert json.loads((tmp_path / "f").read_text()) == {"a": 1}
