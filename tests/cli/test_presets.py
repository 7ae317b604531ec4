"""`keyless presets`: the list, and lines that work when pasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.presets import snippet
from proxy.config.load import load
from proxy.config.presets import presets
from proxy.config.proof.made_up import parameters_of
from tests.cli.conftest import keyless

NAMES = sorted(presets())


def test_the_list_has_them_all() -> None:
    lines = keyless("presets").out.splitlines()
    assert sorted(line.split()[0] for line in lines if "  " in line) == NAMES
    assert sorted(keyless("presets", "--json").json) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_one_in_full(name: str) -> None:
    preset = presets()[name]
    out = keyless("presets", name).out
    assert preset.title in out
    assert all(parameter in out for parameter in preset.parameters)
    assert all(variable in out for parameter in preset.parameters.values() for variable in parameter.variables)
    assert all(source in out for source in preset.sources)
    assert snippet(name, preset) in out


@pytest.mark.parametrize("name", NAMES)
def test_one_as_json(name: str) -> None:
    document = keyless("presets", name, "--json").json
    assert document["title"] == presets()[name].title
    assert document["config"] == snippet(name, presets()[name])
    assert all("required" in parameter for parameter in document["parameters"].values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("comments", [False, True])
def test_the_snippet_is_a_config(tmp_path: Path, name: str, comments: bool) -> None:
    """With the optional parameters, too, once their `#` is taken away."""
    preset = presets()[name]
    text = snippet(name, preset)
    (tmp_path / "config.yaml").write_text(text.replace("# ", "") if comments else text, encoding="utf-8")
    values = {key: "https://example.com/t" if key.endswith("url") else "a-made-up-value" for key in preset.parameters}
    values |= {key: value for key, value in parameters_of(preset).items() if not key.endswith("url")}
    environ = {next(iter(each.variables), key.upper()): values[key] for key, each in preset.parameters.items()}
    loaded = load(tmp_path / "config.yaml", environ=environ)
    assert (list(loaded.config.providers), loaded.unconfigured) == ([name], {})


def test_an_unknown_one_is_2_with_the_nearest_name() -> None:
    done = keyless("presets", "baidu-qianfam")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'baidu-qianfan'?" in done.err
