"""The catalogue in the package: read when it's asked for; a wrong file says where."""

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.presets import Shipped, preset_of, presets
from proxy.errors import ConfigError

GOOD = """\
title: An example
upstream: https://api.example.com
provider: {scheme: static, token: x}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        preset_of(text.encode(), "example.yaml")
    return str(raised.value).splitlines()


def test_the_packaged_presets_can_be_read() -> None:
    assert presets() is presets()
    assert "baidu-qianfan" in presets()
    assert [preset.title for preset in presets().values()]


def test_only_what_is_used_is_read(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "wrong.yaml").write_text("title: [")
    (tmp_path / "notes.txt").write_text("no preset")
    shipped = Shipped(tmp_path)
    assert (list(shipped), len(shipped)) == (["good", "wrong"], 2)
    assert "wrong" in shipped
    assert "notes" not in shipped
    assert shipped["good"] is shipped["good"]
    assert shipped.get("other") is None
    with pytest.raises(ConfigError, match=r"wrong\.yaml:\d"):
        shipped["wrong"]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("upstrem: x", "4: upstrem: unknown key 'upstrem'; did you mean 'upstream'?"),
        ("confidence: sure", "4: confidence: expected one of 'low', 'medium', 'high', got 'sure'"),
        ("template: 5", "4: template: expected true or false, got 5"),
        ("ended: {on: soon}", "4: ended.on: expected a day such as 2026-08-31, got 'soon'"),
        ("ended: {see: x}", "4: ended.on: missing"),
        ("live: {path: models}", "4: live.path: expected a path below the upstream, such as /models, got 'models'"),
        ("live: {path: /x, base: other}", "4: live.base: no such base"),
        ("live: {path: '/{org}'}", "4: live.path: {org} is no parameter of this preset"),
        (
            "hosts:\n  - {host: '*.com', credential: true}",
            "5: hosts[0].host: expected a host such as files.example.com, or *.example.com for those below",
        ),
        ("hosts: [{host: a.example.com}]", "4: hosts[0].credential: missing"),
        ("bases: {cn: 'https://cn.example.com'}", "2: upstream: the first of `bases` is the upstream; leave this out"),
        ("bases: {cn: cn.example.com}", "4: bases.cn: expected an absolute http(s) URL, which may hold {parameter}"),
        ("sdk: [{name: an-sdk}]", "4: sdk[0]: expected env, the variables that the SDK reads, or setting, in words"),
        ("sdk: [{name: s, env: {X_URL: '{upstream}'}}]", "4: sdk[0].env.X_URL: unknown name {upstream} in a template"),
        ("sdk: [{name: s, env: {'A B': x}}]", "4: sdk[0].env.A B"),
        ("sdk: [{name: s, setting: x, needs: [dns]}]", "4: sdk[0].needs[0]: expected one of 'tls', 'root', got 'dns'"),
        ("dead: [{stauts: 401}]", "4: dead[0].stauts: unknown key 'stauts'; did you mean 'status'?"),
        ("error_shape: soap", "4: error_shape: expected one of"),
        ("parameters:\n  key: {env: []}", "5: parameters.key.env"),
        ("parameters:\n  key: {by: me}", "5: parameters.key.by: expected one of 'vendor', 'usual'"),
    ],
)
def test_a_wrong_preset_says_where(more: str, line: str) -> None:
    found = problems(GOOD + more)
    assert any(each.startswith(f"example.yaml:{line}") for each in found), found


def test_a_credential_that_is_renewed_has_no_death_of_its_own() -> None:
    text = "title: t\ndead: [{status: 401}]\nprovider: {scheme: login}\n"
    assert problems(text) == [
        "example.yaml:2: dead: only for a credential that is never renewed; write `refused` into the provider"
    ]


def test_a_name_that_is_nearly_a_parameters() -> None:
    """Braces of JSON, and names that a login makes or keeps, are none."""
    text = """\
title: t
parameters: {app_key: {}, app_secret: {}}
provider:
  scheme: login
  values: {app_keys: {random: 8}}
  steps:
    - request: {url: "https://a.example/{apkey}", json: {a: "{app_keys}", b: "{app_kept}", c: '{"x": "{id}"}'}}
      keep: {app_kept: x}
"""
    assert problems(text) == [
        "example.yaml:7: provider.steps[0].request.url: {apkey} is no parameter of this preset; did you mean 'app_key'?"
    ]


def test_a_secret_does_not_stand_in_the_upstream() -> None:
    text = 'title: t\nupstream: "https://api.example.com/{key}"\nparameters: {key: {secret: true}}\nprovider: {}\n'
    (told,) = problems(text)
    assert told.startswith("example.yaml:2: upstream: {key} is a secret")


def test_every_mistake_is_told_at_once() -> None:
    assert len(problems("title: 5\nupstream: x\nlive: {path: y}\nprovider: []\n")) == 3


FULL = """\
title: An example (示例)
family: shops
group: 3
aliases: [sample]
docs: https://docs.example.com
confidence: low
template: true
ended: {on: 2026-08-31, see: other, note: Ends with the summer.}
bases:
  cn: https://{region}.cn.example.com/v2
  world: https://example.com/v2/{account}
hosts:
  - {host: "*.files.example.com", credential: false}
  - {host: "{zone}.example.com", credential: true}
parameters:
  key: {secret: true, env: [EXAMPLE_KEY, API_KEY], by: usual, console: "Console > Keys", help: k}
  region: {env: EXAMPLE_REGION}
  account: {env: [EXAMPLE_ACCOUNT]}
  zone: {env: EXAMPLE_ZONE}
  login: {env: EXAMPLE_LOGIN}
provider: {scheme: static, token: "{key}", request: {url: "{login}/x"}}
dead: [{status: 401, json: {code: bad_key}}]
error_shape: openai
sdk:
  - {name: python, env: {EXAMPLE_BASE_URL: "{base}/v1", EXAMPLE_KEY: "{key}"}, base: "{base}/v1", needs: [tls]}
live: {path: "/models/{account}", base: world, headers: {X-Version: 1}, tried: true}
"""


def test_all_keys_together() -> None:
    preset = preset_of(FULL.encode(), "full.yaml")
    assert preset.base() == "https://{region}.cn.example.com/v2"
    assert preset.base("world") == "https://example.com/v2/{account}"
    assert preset.of_hosts == {"region", "zone", "login"}


def test_what_is_read_unasked() -> None:
    preset = preset_of(FULL.encode(), "full.yaml")
    assert {name: preset.unasked(name) for name in preset.parameters} == {
        "key": ("EXAMPLE_KEY",),  # API_KEY may be anybody's
        "region": (),  # decides a host
        "account": ("EXAMPLE_ACCOUNT",),
        "zone": (),
        "login": (),
    }


@pytest.mark.parametrize(
    "name", ["API_KEY", "CLIENT_KEY", "AUTH_BASE", "BASIC_USER", "BASIC_PASS_WORD", "BEARER_TOKEN", "OAUTH_CLIENT_ID"]
)
def test_variables_that_name_nobody_are_not_read_unasked(name: str) -> None:
    text = f"title: t\nparameters: {{key: {{env: {name}}}}}\nprovider: {{}}\n"
    assert preset_of(text.encode(), "x.yaml").unasked("key") == ()


def test_a_config_reads_no_preset_that_it_does_not_use(tmp_path: Path) -> None:
    folder = tmp_path / "presets"
    folder.mkdir()
    (folder / "used.yaml").write_text(GOOD)
    (folder / "wrong.yaml").write_text("title: [")
    config = tmp_path / "config.yaml"
    config.write_text(
        "providers: {odd: {use: usd}}\nroutes: {/a: used, /b: usde, /c: {provider: p, upstream: https://x}}\n"
    )
    with pytest.raises(ConfigError) as raised:
        load(config, environ={}, catalogue=Shipped(folder))
    assert len(raised.value.problems) == 3
    assert "wrong.yaml" not in str(raised.value)
    config.write_text("routes: {/a: used}\n")
    assert load(config, environ={}, catalogue=Shipped(folder)).config.routes["/a"].upstream == "https://api.example.com"
    config.write_text("routes: {/a: wrong}\n")
    with pytest.raises(ConfigError, match=r"^wrong\.yaml:\d"):
        load(config, environ={}, catalogue=Shipped(folder))
