"""`keyless add`: a route more, and nothing else changes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from proxy.cli.kit.by_name.snippet import provider_lines
from proxy.config.load import load
from proxy.config.presets import presets
from tests.cli.conftest import Outcome, keyless

CONFIG = """\
# ours
listen: 127.0.0.1:8080   # here

routes:
  # chat
  /openai: openai        # paid by us

# nothing follows
"""


def add(folder: Path, *names: str) -> Outcome:
    return keyless("add", "-c", str(folder / "config.yaml"), *names)


def there(folder: Path, config: str = CONFIG, env: str | None = None) -> Path:
    (folder / "config.yaml").write_text(config)
    if env is not None:
        (folder / ".env").write_text(env)
    return folder / "config.yaml"


def test_a_route_and_a_variable_more(tmp_path: Path) -> None:
    path = there(tmp_path, env="OPENAI_API_KEY=there")
    path.chmod(0o640)
    done = add(tmp_path, "deepseek", "baidu-aiob")
    assert (done.code, done.err) == (0, "")
    expected = CONFIG.replace("paid by us\n", "paid by us\n  /deepseek: deepseek\n  /baidu-aiob: baidu-aiob\n")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (expected, 0o640)
    values = dotenv_values(tmp_path / ".env")
    assert list(values) == ["OPENAI_API_KEY", "DEEPSEEK_API_KEY", "AIOB_ACCESS_KEY", "AIOB_SECRET_KEY"]
    assert values["OPENAI_API_KEY"] == "there"
    assert "/deepseek: deepseek" in done.out
    assert ".env: DEEPSEEK_API_KEY, AIOB_ACCESS_KEY, AIOB_SECRET_KEY" in done.out
    assert sorted(each.name for each in tmp_path.iterdir()) == [".env", "config.yaml"]


LONGER = [name for name, preset in presets().items() if provider_lines(preset)[0] or not preset.base()]
"""Those that are more than a line."""


@pytest.mark.parametrize("name", LONGER)
def test_what_is_more_than_a_line_can_be_added(tmp_path: Path, name: str) -> None:
    path = there(tmp_path)
    assert add(tmp_path, name).code == 0
    assert list(load(path, environ={}).config.routes) == ["/openai", f"/{name}"]


def test_what_is_in_env_stays(tmp_path: Path) -> None:
    there(tmp_path, env="DEEPSEEK_API_KEY=there\n")
    (tmp_path / ".env.example").write_text("# for all\n")
    assert add(tmp_path, "deepseek").code == 0
    assert (tmp_path / ".env").read_text() == "DEEPSEEK_API_KEY=there\n"
    assert "DEEPSEEK_API_KEY=\n" in (tmp_path / ".env.example").read_text()


def test_a_new_env_is_the_users_alone(tmp_path: Path) -> None:
    there(tmp_path)
    assert add(tmp_path, "deepseek").code == 0
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_a_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.yaml"
    real.write_text(CONFIG)
    (tmp_path / "config.yaml").symlink_to(real)
    assert add(tmp_path, "deepseek").code == 0
    assert (tmp_path / "config.yaml").is_symlink()
    assert "/deepseek" in real.read_text()


@pytest.mark.parametrize(
    ("config", "env", "names", "code", "said"),
    [
        (CONFIG, "", ["openai", "deepseek"], 1, "has /openai already"),
        (CONFIG, "", ["opnai"], 2, "did you mean openai"),
        ("routes: {/openai: openai}\n", "", ["deepseek"], 1, "  /deepseek: deepseek"),
        ("rutes: {}\n", "", ["deepseek"], 2, "rutes"),
        ("providers: {deepseek: {scheme: static, token: x}}\nroutes: {}\n", "", ["deepseek"], 1, "not the preset's"),
        (CONFIG, "A='open\n", ["alipay"], 1, "quotes that don't end"),
    ],
    ids=["route there", "unknown", "in braces", "broken", "provider of that name", "broken env"],
)
def test_where_it_would_not_do_nothing_is_written(
    tmp_path: Path, config: str, env: str, names: list[str], code: int, said: str
) -> None:
    path = there(tmp_path, config, env)
    done = add(tmp_path, *names)
    assert (done.code, done.out, said in done.err) == (code, "", True), done.err
    assert (path.read_text(), (tmp_path / ".env").read_text()) == (config, env)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".env", "config.yaml"]


def test_a_route_that_an_included_file_has_is_there(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("routes: {/deepseek: deepseek}\n")
    path = there(tmp_path, f"include: [more.yaml]\n{CONFIG}")
    assert "has /deepseek already" in add(tmp_path, "deepseek").err
    assert add(tmp_path, "moonshot").code == 0
    assert set(load(path).config.routes) == {"/openai", "/moonshot", "/deepseek"}
