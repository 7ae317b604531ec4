"""`keyless init`: files that work once the values are in, and none that was there is touched."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from proxy.cli.exec.place import Place, find
from proxy.cli.init import ask
from proxy.config.load import load
from proxy.config.own_presets import Joined, OwnPresets
from proxy.config.presets import presets
from proxy.config.proof.made_up import parameters_of
from tests.cli.conftest import Outcome, keyless


def init(folder: Path, *names: str, stdin: str = "") -> Outcome:
    return keyless("init", "-c", str(folder / "config.yaml"), *names, stdin=stdin.encode())


def test_two_apis_are_four_lines_and_two_variables(tmp_path: Path) -> None:
    done = init(tmp_path, "openai", "deepseek")
    assert (done.code, done.err) == (0, "")
    config = (tmp_path / "config.yaml").read_text()
    assert config == "listen: 127.0.0.1:8080\nroutes:\n  /openai: openai\n  /deepseek: deepseek\n"
    assert list(dotenv_values(tmp_path / ".env")) == ["OPENAI_API_KEY", "DEEPSEEK_API_KEY"]
    assert (tmp_path / ".env").read_text() == (tmp_path / ".env.example").read_text()
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert "https://platform.openai.com/api-keys" in done.out
    assert "OPENAI_BASE_URL=http://127.0.0.1:8080/openai/v1" in done.out
    assert "OPENAI_API_KEY=kls_none" in done.out, "no proxy that starts in the same shell takes it for the API's"
    assert all(len(line) <= 80 for line in done.out.splitlines() if str(tmp_path) not in line)


@pytest.mark.parametrize("name", presets())
def test_the_values_are_all_that_is_missing(tmp_path: Path, name: str) -> None:
    """With those of the preset's examples."""
    assert init(tmp_path, name).code == 0
    preset, config = presets()[name], tmp_path / "config.yaml"
    given = parameters_of(preset)
    values = {
        variable: str(given[key])
        for key, parameter in preset.parameters.items()
        if key in given
        for variable in parameter.variables
    }
    wanted = dotenv_values(tmp_path / ".env")
    assert set(load(config, environ={}).unconfigured) == ({name} if wanted else set())
    loaded = load(config, environ={variable: values[variable] for variable in wanted})
    assert (loaded.unconfigured, list(loaded.config.routes)) == ({}, [f"/{name}"])


def test_what_programs_take_has_no_holes(tmp_path: Path) -> None:
    told = init(tmp_path, "dropbox")
    assert "DROPBOX_API_HOST=127.0.0.1:8080/dropbox\n" in told.out
    assert "{" not in told.out


def test_an_alias_and_a_name_that_is_said_twice_are_one_route(tmp_path: Path) -> None:
    name, alias = next((name, preset.aliases[0]) for name, preset in presets().items() if preset.aliases)
    assert init(tmp_path, alias, name).code == 0
    assert (tmp_path / "config.yaml").read_text().count(f"/{name}:") == 1


def test_unknown_names_are_2_with_the_nearest_and_write_nothing(tmp_path: Path) -> None:
    done = init(tmp_path, "opnai", "deepseek", "zzzzqqq")
    assert (done.code, done.out, list(tmp_path.iterdir())) == (2, "", [])
    assert done.err.splitlines()[0].startswith("there is no preset 'opnai'; did you mean openai")
    assert "'zzzzqqq'; `keyless presets` lists all" in done.err


def test_a_config_that_is_there_stays_and_what_to_add_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("routes: {}\n")
    (tmp_path / ".env").write_text("OPENAI_API_KEY=there\n")
    done = init(tmp_path, "openai", "deepseek")
    assert (done.code, done.out) == (1, "")
    assert "  /openai: openai\n  /deepseek: deepseek" in done.err
    assert "DEEPSEEK_API_KEY=" in done.err
    assert "OPENAI_API_KEY=" not in done.err
    assert (tmp_path / "config.yaml").read_text() == "routes: {}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "config.yaml"]


@pytest.mark.parametrize("there", ["OTHER=x\n", "DEEPSEEK_API_KEY=\n", ""])
def test_an_env_that_is_there_stays_and_what_to_add_is_said(tmp_path: Path, there: str) -> None:
    (tmp_path / ".env").write_text(there)
    done = init(tmp_path, "deepseek")
    assert (done.code, (tmp_path / ".env").read_text()) == (0, there)
    assert "stays as it is. Add to it:" in done.out
    assert "DEEPSEEK_API_KEY=" in done.out


def test_an_env_that_has_all_is_said_so(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DEEPSEEK_API_KEY=there\n")
    assert ".env is there already, and has all that is needed" in init(tmp_path, "deepseek").out


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").symlink_to(tmp_path / "elsewhere")
    assert init(tmp_path, "openai").code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = init(tmp_path / "nowhere", "openai")
    assert (done.code, "can't be written (No such file or directory)" in done.err) == (1, True)


def test_the_users_own_place_is_made_and_exec_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "new"), "XDG_RUNTIME_DIR": str(tmp_path)}
    config = tmp_path / "new" / "keyless" / "config.yaml"
    said = keyless("exec", "--print", "true", environ=environ).err
    words = said.partition("`")[2].partition("`")[0].replace("API...", "openai").split()
    done = keyless(*words[1:], environ=environ)
    assert (done.code, done.err) == (0, "")
    assert "`keyless exec -- COMMAND`" in done.out
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert find(None, environ) == Place(config, runs=False)


def test_what_has_ended_and_what_needs_an_address_are_said(tmp_path: Path) -> None:
    out = " ".join(init(tmp_path, "baidu-qianfan", "bearer").out.split())
    assert "was to end on 2026-08-31" in out
    assert "put the API's own address in the place of https://api.example.com" in out


# ---------------------------------------------------------------------------------------------- asking


def picked(*typed: str) -> list[str]:
    lines = iter(typed)
    return list(ask(lambda _: next(lines), Joined(OwnPresets(), presets())))


def test_words_are_searched_and_numbers_pick(capsys: pytest.CaptureFixture[str]) -> None:
    assert picked("openai", "飞书", "2", "") == ["openai", "feishu-oauth-v3"]
    assert "  1  feishu " in capsys.readouterr().out


@pytest.mark.parametrize("number", ["", "0", "9999", "x", "-1"])
def test_none_of_them_is_an_answer(number: str) -> None:
    assert picked("飞书", number, "") == []


def test_the_only_one_needs_no_number_and_nothing_is_asked_again() -> None:
    assert picked("zzzzqqq", "depseek", "") == ["deepseek"]


def test_the_end_of_the_input_ends_it(tmp_path: Path) -> None:
    assert init(tmp_path, stdin="openai\n").code == 0
    assert "/openai: openai" in (tmp_path / "config.yaml").read_text()


def test_no_name_at_all_is_2(tmp_path: Path) -> None:
    done = init(tmp_path)
    assert (done.code, "name the APIs" in done.err, list(tmp_path.iterdir())) == (2, True, [])
