"""A source whose library isn't installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.errors import ConfigError


@pytest.mark.parametrize(
    ("reference", "library", "extra"),
    [
        ("${vault:secret/a#b}", "hvac", "vault"),
        ("${keyring:a/b}", "keyring", "keyring"),
        ("${aws-sm:a}", "botocore.session", "aws"),
    ],
)
def test_each_place_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, library: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as if it weren't there
    path = tmp_path / "config.yaml"
    path.write_text(
        f"providers:\n  p:\n    scheme: static\n    token: {reference}\n  q: {{scheme: static, token: '{reference}'}}\n"
    )
    with pytest.raises(ConfigError) as refused:
        load(path, environ={})
    assert [problem.line for problem in refused.value.problems] == [4, 5]
    for problem in refused.value.problems:
        assert f"run: pip install 'keyless[{extra}]'" in problem.message
