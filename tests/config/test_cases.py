"""Golden cases: `good/NAME.yaml` compiles to the facts of NAME.json, `bad/NAME.yaml` to the lines of NAME.txt."""

import json
import re
import shutil
from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.errors import ConfigError
from proxy.values.where import NOWHERE, at
from tests.certificates import Authority
from tests.config.catalogue_of_cases import CASES, CATALOGUE


def steps(dotted: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else key for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", dotted))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cases, beside the PEM files that they name."""
    folder = tmp_path_factory.mktemp("cases") / "good"
    shutil.copytree(CASES / "good", folder)
    authority = Authority(folder)
    pair = authority.issue("client.example.com").read_text()
    for name, content in {"client.pem": pair, "client.key": pair, "ca.pem": authority.pem}.items():
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("path", sorted((CASES / "good").glob("*.yaml")), ids=lambda path: path.stem)
def test_good(path: Path, good: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    loaded = load(good / path.name, environ=expected.get("environ", {}), catalogue=CATALOGUE)
    compiled = loaded.config.model_dump(by_alias=True)
    for fact, value in expected["facts"].items():
        found = at(compiled, steps(fact))
        assert found is not NOWHERE, fact
        assert found == value, fact
    assert {name: lacking.listed() for name, lacking in loaded.unconfigured.items()} == expected.get("unconfigured", {})
    assert {name: sorted(texts) for name, texts in loaded.secrets.items()} == expected.get("secrets", {})


@pytest.mark.parametrize("path", sorted((CASES / "bad").glob("*.yaml")), ids=lambda path: path.stem)
def test_bad(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(ConfigError) as raised:
        load(Path(path.name), environ={"SET": "resolved-value", "EMPTY": ""}, catalogue=CATALOGUE)
    assert str(raised.value) == path.with_suffix(".txt").read_text().rstrip("\n")
