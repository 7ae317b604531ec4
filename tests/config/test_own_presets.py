"""A team's own presets (`presets:`): checked as the package's are, told of by file and line."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from proxy.config.load import again, load
from proxy.config.loaded import Loaded
from proxy.config.own_presets import Joined, OwnPresets, own_presets
from proxy.config.presets import presets
from proxy.config.written.marks import Document
from proxy.errors import ConfigError

ACME = """\
title: Acme
upstream: https://api.acme.example.com
parameters: {api_key: {secret: true, env: ACME_API_KEY, help: h}}
provider: {scheme: static, token: "{api_key}"}
"""
CONFIG = "presets: [team]\nroutes:\n  /acme: acme\n"


def written(folder: Path, config: str = CONFIG, **files: str) -> Path:
    (folder / "team").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "team" / f"{name}.yaml").write_text(text, "utf-8")
    path = folder / "config.yaml"
    path.write_text(config, "utf-8")
    return path


def loaded(folder: Path, config: str = CONFIG, **files: str) -> Loaded:
    return load(written(folder, config, **files), environ={"ACME_API_KEY": "k", "OPENAI_API_KEY": "k"})


def problems(folder: Path, config: str = CONFIG, **files: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        loaded(folder, config, **files)
    return str(raised.value).replace(f"{folder}/", "").splitlines()


def test_one_is_used_as_any_other(tmp_path: Path) -> None:
    config = loaded(tmp_path, acme=ACME)
    assert config.config.routes["/acme"].upstream == "https://api.acme.example.com"
    assert (config.presets["acme"].title, config.warnings) == ("Acme", ())
    assert again(config).presets["acme"] == config.presets["acme"]


def test_a_single_folder_needs_no_list(tmp_path: Path) -> None:
    assert loaded(tmp_path, CONFIG.replace("[team]", "team"), acme=ACME).config.presets == ["team"]


def test_the_package_s_stay(tmp_path: Path) -> None:
    assert loaded(tmp_path, CONFIG + "  /openai: openai\n", acme=ACME).presets["openai"] == presets()["openai"]


def test_whom_one_hides_is_said(tmp_path: Path) -> None:
    config = loaded(tmp_path, CONFIG.replace("acme", "openai"), openai=ACME)
    assert config.config.routes["/openai"].upstream == "https://api.acme.example.com"
    (said,) = config.warnings
    assert (said.file, said.line) == (str(tmp_path / "team" / "openai.yaml"), 1)
    assert said.message.startswith("hides the built-in preset openai;")


@pytest.mark.parametrize(
    ("config", "files", "told"),
    [
        (CONFIG, {"acme": ACME, "b": "title: [\n"}, "team/b.yaml:2: yaml: "),
        (CONFIG, {"acme": ACME + "upstrem: x\n"}, "team/acme.yaml:5: upstrem: unknown key 'upstrem'; did you mean"),
        (
            CONFIG,
            {"acme": ACME.replace("scheme: static,", "scheme: static, tokn: x,")},
            "config.yaml:3: routes./acme: preset acme, tokn: unknown key 'tokn'; did you mean 'token'?",
        ),
        (CONFIG, {"none": ACME}, "team/none.yaml:1: file: `none` is the word for a route without a credential"),
        ("presets: [team, other]\n", {}, "config.yaml:1: presets[1]: there is no such folder"),
        ("presets:\n- ${DIR}\n", {}, "config.yaml:2: presets[0]: there is no such folder"),
        ('presets: "a\\0b"\n', {}, "config.yaml:1: presets: there is no such folder"),
        ("presets: [5]\n", {}, "config.yaml:1: presets[0]: there is no such folder"),
        ("presets: {a: b}\n", {}, "config.yaml:1: presets: expected"),
        (CONFIG.replace("acme", "acmee"), {"acme": ACME}, "config.yaml:3: routes./acmee: no such provider or preset"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, config: str, files: dict[str, str], told: str) -> None:
    assert any(line.startswith(told) for line in problems(tmp_path, config, **files))


def test_a_pipe_is_no_preset_and_waits_for_nobody(tmp_path: Path) -> None:
    path = written(tmp_path, acme=ACME)
    os.mkfifo(tmp_path / "team" / "pipe.yaml")
    with pytest.raises(ConfigError, match=r"pipe\.yaml:1: file: no ordinary file"):
        load(path, environ={"ACME_API_KEY": "k"})


def test_all_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    told = problems(tmp_path, "presets: [team, nowhere]\n", a="provider: {}\n", b="titel: x\n")
    assert [line.partition(": ")[0] for line in told] == [
        "config.yaml:1",
        "team/a.yaml:1",
        "team/b.yaml:1",
        "team/b.yaml:1",
    ]


def test_two_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "acme.yml").write_text(ACME)
    (told,) = problems(tmp_path, "presets: [team, more]\n", acme=ACME)
    assert told == "more/acme.yml:1: file: a second preset of this name; first in team/acme.yaml"


def read(folder: Path) -> tuple[OwnPresets, Joined]:
    own = own_presets(Document("config.yaml", {"presets": ["team"]}), folder)
    return own, Joined(own, presets())


def test_hidden_files_and_others_are_no_presets(tmp_path: Path) -> None:
    written(tmp_path, **{".swap": "x: [", "acme": ACME})
    (tmp_path / "team" / "README.md").write_text("# ours")
    own, joined = read(tmp_path)
    assert (own.problems, [Path(place).name for place in own.places]) == ([], ["team", "acme.yaml"])
    assert (next(iter(joined)), len(joined), "acme" in joined, "openai" in joined) == (
        "acme",
        len(presets()) + 1,
        True,
        True,
    )
    assert (joined.file_of("acme"), joined.file_of("openai")) == (tmp_path / "team" / "acme.yaml", None)


def test_a_hidden_one_counts_once(tmp_path: Path) -> None:
    written(tmp_path, openai=ACME)
    _, joined = read(tmp_path)
    assert (len(joined), sorted(joined)) == (len(presets()), sorted(presets()))


def test_its_files_and_the_folder_are_watched(tmp_path: Path) -> None:
    files = loaded(tmp_path, acme=ACME).files
    assert {tmp_path / "team", tmp_path / "team" / "acme.yaml"} <= set(files)


def test_what_goes_to_workers_has_none_of_the_packages(tmp_path: Path) -> None:
    """The catalogue would fill the socket that ties a worker to its supervisor."""
    config = loaded(tmp_path, acme=ACME)
    sent = pickle.dumps(config)
    assert len(sent) < 16 * 1024
    received: Loaded = pickle.loads(sent)
    assert received == config
    assert again(received).config == config.config
