"""`keyless presets`: the list, and lines that work when pasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.admin.told.shown import columns
from proxy.cli.kit.by_name.snippet import snippet
from proxy.config.load import load
from proxy.config.presets import presets
from proxy.config.proof.made_up import parameters_of
from tests.cli.conftest import keyless

NAMES = sorted(presets())


def test_the_list_has_them_all_in_80_columns() -> None:
    lines = keyless("presets").out.splitlines()
    assert sorted(line.split()[0] for line in lines if line[:2] == "  " and line[2] != " ") == NAMES
    assert all(columns(line) <= 80 for line in lines)
    assert sorted(keyless("presets", "--json").json) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_one_in_full(name: str) -> None:
    preset = presets()[name]
    out = keyless("presets", name).out
    assert "".join(preset.title.split()) in "".join(out.split())
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


def test_words_list_what_fits() -> None:
    out = keyless("presets", "百度", "地图").out
    assert out.startswith("  baidu-maps  ")
    assert "`keyless presets baidu-maps` shows that one" in out
    assert list(keyless("presets", "百度", "地图", "--json").json) == ["baidu-maps"]


def test_a_typo_lists_what_is_near() -> None:
    assert keyless("presets", "baidu-qianfam").out.split()[0] == "baidu-qianfan"


def test_an_alias_shows_the_preset() -> None:
    name, alias = next((name, preset.aliases[0]) for name, preset in presets().items() if preset.aliases)
    assert keyless("presets", alias).out == keyless("presets", name).out


def test_words_that_fit_nothing_are_1() -> None:
    done = keyless("presets", "zzzzqqq")
    assert (done.code, done.out) == (1, "")
    assert "no preset for 'zzzzqqq'" in done.err


def test_an_end_is_said() -> None:
    assert "was to end on 2026-08-31" in keyless("presets", "baidu-qianfan").out
    assert "said to end on 2026-08-31" in " ".join(keyless("presets", "baidu-qianfan", "v1").out.split())


# ---------------------------------------------------------------------------------------------- a team's own

OWN = """\
title: Acme CRM
upstream: https://api.acme.example.com
parameters: {api_key: {secret: true, env: ACME_KEY, help: the key}}
provider: {scheme: static, token: "{api_key}"}
dead: [{status: 401, json: {code: bad}}]
examples:
  with: {api_key: k}
  dead:
    - {about: dead, reply: {status: 401, json: {code: bad}}, dead: true}
    - {about: busy, reply: {status: 401, json: {code: busy}}, dead: false}
  injection:
    - {token: k, headers: {Authorization: Bearer k}}
"""


def written(folder: Path, text: str = OWN) -> Path:
    (folder / "team").mkdir(exist_ok=True)
    (folder / "team" / "acme.yaml").write_text(text)
    (folder / "config.yaml").write_text("presets: [team]\n")
    return folder / "team" / "acme.yaml"


def test_a_teams_own_are_listed_first_and_shown(tmp_path: Path) -> None:
    written(tmp_path)
    config = ("-c", str(tmp_path / "config.yaml"))
    assert keyless("presets", *config).out.startswith("Your own\n  acme  Acme CRM\n")
    out = keyless("presets", "acme", *config).out
    assert f"Yours: {tmp_path / 'team' / 'acme.yaml'}" in out
    assert "dead if   status 401 and code is bad" in out
    assert "acme" in keyless("schema", *config).out


def test_a_wrong_one_is_2(tmp_path: Path) -> None:
    file = written(tmp_path, "titel: x\n")
    done = keyless("presets", "-c", str(tmp_path / "config.yaml"))
    assert (done.code, done.out) == (2, "")
    assert f"{file}:1: titel: unknown key" in done.err


# ---------------------------------------------------------------------------------------------- presets test


def test_examples_that_hold(tmp_path: Path) -> None:
    file = written(tmp_path)
    done = keyless("presets", "test", str(file))
    assert done.code == 0
    assert done.out.splitlines() == [
        f"{file}:9: ok: dead: dead (refused false, dead true)",
        f"{file}:10: ok: dead: busy (refused false, dead false)",
        f'{file}:12: ok: injection: what is added to a request (token "k")',
        f"{file}: 3 examples, all hold",
    ]
    assert keyless("presets", "test", str(file), "--json").json["ok"]


def test_one_that_its_own_rules_have_otherwise(tmp_path: Path) -> None:
    file = written(tmp_path, OWN.replace("{code: busy}}, dead: false", "{code: busy}}, dead: true"))
    done = keyless("presets", "test", str(file))
    assert done.code == 1
    assert f"{file}:10: WRONG: dead: busy\n    dead: expected true, got false\n" in done.out
    assert done.out.endswith("3 examples, 1 not as the rules have it\n")
    document = keyless("presets", "test", str(file), "--json").json
    wrong = [each for each in document["examples"] if not each["ok"]]
    assert [(each["line"], each["expected"]["dead"], each["got"]["dead"]) for each in wrong] == [(10, True, False)]
    assert not document["ok"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("dead: false", "dead: false, agee: 5"), "10: examples.dead[1].agee: unknown key 'agee'"),
        (("dead: false", "dead: maybe"), "10: examples.dead[1].dead: expected true or false, got 'maybe'"),
        (("{status: 401, json: {code: busy}}", "{json: {}}"), "10: examples.dead[1].reply.status: missing"),
        (
            ("  injection:", "  injektion:"),
            "11: examples.injektion: unknown key 'injektion'; did you mean 'injection'?",
        ),
        (("with: {api_key: k}", "with: {}"), "7: examples.with.api_key: missing; the examples need a value"),
        (("with: {api_key: k}", "with: {api_key: k, x: y}"), "7: examples.with.x: no parameter of this preset"),
        (('token: "{api_key}"', "tokn: x"), "4: provider.tokn: unknown key 'tokn'; did you mean 'token'?"),
        (
            ('token: "{api_key}"', 'token: "{apikey}"'),
            "4: provider.token: {apikey} is no parameter of this preset",
        ),
        (("json: {code: bad}}]", "json: {'a[': 1}}]"), "5: dead[0].json.a[: expected a JMESPath expression as key"),
        (("upstream: https://api", "upstream: ftp://api"), "2: upstream: expected an absolute http(s) URL"),
        (("title: Acme CRM", "title: ["), "3: yaml: "),
    ],
)
def test_a_file_with_mistakes_is_2_with_their_lines(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    file = written(tmp_path, OWN.replace(*change))
    done = keyless("presets", "test", str(file))
    assert (done.code, done.out) == (2, "")
    assert f"{file}:{told}" in done.err
    document = keyless("presets", "test", str(file), "--json")
    assert (document.code, document.json["ok"]) == (2, False)
    assert document.json["problems"]


BUILT_IN = Path(__file__).parents[2] / "proxy" / "presets"


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        (
            "alipay",
            ('"out_trade_no":"1"', '"out_trade_no":"2"'),
            "WRONG: signing: a query of a trade\n    query: expected",
        ),
        ("aws-s3", ("path: /bucket/a%20b.txt", "path: /bucket/b"), "header Authorization: expected"),
        (
            "microsoft-entra-cert",
            ("nbf: 1700000000", "nbf: 1700000001"),
            "WRONG: login: the documented reply\n    jwt: ",
        ),
        ("feishu-marketplace", ("{code: 0, msg: success, app_", "{code: 1, app_"), "requests: expected 2, got 1"),
        ("kingdee-galaxy", ("Set-Cookie: kd", "Set-Cookie: ab"), "WRONG: login: a session\n    token: expected"),
    ],
)
def test_signatures_jwts_and_steps(tmp_path: Path, name: str, change: tuple[str, str], told: str) -> None:
    """Of built-in presets, whose files are like a team's own."""
    assert keyless("presets", "test", str(BUILT_IN / f"{name}.yaml")).out.endswith(" all hold\n")
    text = (BUILT_IN / f"{name}.yaml").read_text("utf-8")
    done = keyless("presets", "test", str(written(tmp_path, text.replace(*change))))
    assert done.code == 1
    assert told in done.out


def test_nothing_is_proven_by_no_examples(tmp_path: Path) -> None:
    file = written(tmp_path, OWN.partition("examples:")[0])
    done = keyless("presets", "test", str(file))
    assert (done.code, "examples.with.api_key: missing" in done.err) == (2, True)
    file = written(tmp_path, "title: t\nprovider: {scheme: static, token: x}\n")
    done = keyless("presets", "test", str(file))
    assert (done.code, "it has no examples" in done.err) == (1, True)


def test_a_file_that_is_not_there_is_2(tmp_path: Path) -> None:
    assert keyless("presets", "test", str(tmp_path / "x.yaml")).code == 2
    assert keyless("presets", "test").code == 2
