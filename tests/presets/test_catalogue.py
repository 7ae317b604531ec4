"""What the presets have in common: where they come from, what they are called, whose variables they read.

What each of them does is proven by its own examples: test_contract.py.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from proxy.config.families import FAMILIES
from proxy.config.load import load
from proxy.config.presets import presets
from proxy.config.written.catalogue import expand
from proxy.config.written.preset import Preset
from proxy.config.written.preset_check import check_preset

CATALOGUE: dict[str, Preset] = dict(presets())
ANYBODY = frozenset(name for name, preset in CATALOGUE.items() if preset.family == "general")
"""Presets of a kind of credential, not of one vendor's API."""
CHINESE = re.compile("[\u4e00-\u9fff]")
OF_CHINA = [name for name in CATALOGUE.keys() - ANYBODY if CHINESE.search(CATALOGUE[name].title.partition(":")[0])]
"""Those whose vendor has a Chinese name."""
METADATA = "http://169.254.169.254/"
PROMISED = 253
"""Presets of medium or high confidence; no change may lose one."""
SHARED = (
    {"aliyun-dashscope", "aliyun-dashscope-temporary"},
    {"aliyun", "aliyun-rpc-v1"},
    {"aws", "aws-bedrock", "aws-s3"},
    {"aws", "aws-bedrock", "aws-s3", "aws-web-identity", "bedrock-api-key"},
    {"azure-openai", "azure-openai-entra"},
    {"azure-openai-entra", "microsoft-entra", "microsoft-graph-user"},
    {
        *("azure-openai-entra", "azure-workload-identity"),
        *("microsoft-entra", "microsoft-entra-cert", "microsoft-graph-user"),
    },
    {"meta-graph", "meta-graph-proof"},
    {"microsoft-entra", "microsoft-entra-cert"},
    {"baidu-ai", "baidu-speech-asr", "baidu-speech-tts", "baidu-unit"},
    {"baidu-bce-auth-v1", "baidu-bos"},
    {"baidu-qianfan-v2", "baidu-qianfan-v2-iam"},
    {"databricks", "databricks-oauth"},
    {"dingtalk-old", "dingtalk-v1"},
    {"feishu", "feishu-oauth-v3"},
    {"kuaishou-merchant", "kuaishou-merchant-app"},
    {"okta", "okta-token"},
    {"vault-approle", "vault-kubernetes", "vault-token", "vault-token-renewed"},
    {"vault-token", "vault-token-renewed"},
    {"tencent-cloud", "tencent-hunyuan-tc3"},
    {"wechat-stable-token", "wechat-token"},
    {"qweather", "qweather-key"},
    {"snowflake-keypair", "snowflake-pat"},
    {"zhipu-jwt", "zhipu-static"},
)
"""Presets of one account, in two ways: the same variables fill them."""


def is_vouched_for(preset: Preset) -> bool:
    """The platform says who asks: by a JWT that lies there, or where it answers its own machines alone."""
    return "identity" in preset.provider or METADATA in str(preset.provider.get("request"))


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_preset_says_where_it_comes_from(name: str) -> None:
    preset = CATALOGUE[name]
    assert preset.title
    assert preset.summary
    assert preset.notes
    assert preset.confidence in ("low", "medium", "high")
    assert preset.sources
    assert all(source.startswith("https://") for source in preset.sources)
    assert all(parameter.help for parameter in preset.parameters.values())
    assert any(parameter.secret for parameter in preset.parameters.values()) or is_vouched_for(preset)
    assert all(parameter.env for parameter in preset.parameters.values() if parameter.required)


@pytest.mark.parametrize("name", sorted(CATALOGUE.keys() - ANYBODY))
def test_a_preset_of_an_api_says_where_it_is_and_how_its_credential_dies(name: str) -> None:
    preset = CATALOGUE[name]
    assert preset.base() is not None
    assert preset.family in FAMILIES
    assert preset.dead or preset.provider["scheme"] != "static"
    assert not list(check_preset(preset))


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_title_is_in_english_and_chinese(name: str) -> None:
    title = CATALOGUE[name].title
    assert re.search(r"[A-Za-z]{2}", title)
    assert CHINESE.search(title)


@pytest.mark.parametrize("name", sorted(OF_CHINA))
def test_a_chinese_vendors_help_is_in_both_languages(name: str) -> None:
    secrets = [each for each in CATALOGUE[name].parameters.values() if each.secret]
    assert all(CHINESE.search(f"{each.help} {each.console}") for each in secrets)


def test_a_variable_belongs_to_one_vendor() -> None:
    users: dict[str, set[str]] = {}
    for name in CATALOGUE.keys() - ANYBODY:
        for parameter in CATALOGUE[name].parameters.values():
            for variable in parameter.variables:
                users.setdefault(variable, set()).add(name)
    shared = {variable: names for variable, names in users.items() if len(names) > 1}
    assert {frozenset(names) for names in shared.values()} == set(map(frozenset, SHARED))


def test_there_are_as_many_as_the_catalogue_promises() -> None:
    proven = [name for name in CATALOGUE.keys() - ANYBODY if CATALOGUE[name].confidence in ("medium", "high")]
    assert len(proven) >= PROMISED


def test_a_name_and_an_alias_lead_to_one_preset() -> None:
    names = Counter([*CATALOGUE, *(alias for preset in CATALOGUE.values() for alias in preset.aliases)])
    assert not [name for name, times in names.items() if times > 1]


@pytest.mark.parametrize("name", sorted(CATALOGUE.keys() - ANYBODY))
def test_an_sdk_is_given_a_base_url_or_a_setting_and_no_secret(name: str) -> None:
    preset = CATALOGUE[name]
    secrets = {variable for each in preset.parameters.values() if each.secret for variable in each.variables}
    for row in preset.sdk:
        assert row.setting or any("{base}" in text or "{host}" in text for text in row.env.values())
        assert all(row.env[variable] == "{key}" for variable in row.env.keys() & secrets)


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_text_of_a_preset_leads_back_to_itself(name: str) -> None:
    """Where a key is called as its parameter, a problem there would be looked for in circles."""
    given = dict.fromkeys(CATALOGUE[name].parameters, "a-made-up-value")
    origins = expand({"providers": {"x": {"use": name, **given}}}, CATALOGUE).origins
    assert all(where != written for where, written in origins.items())


def test_a_route_that_names_a_preset_is_warned_of_its_end_alone(tmp_path: Path) -> None:
    """No text of a preset is taken for a secret that the user has written into a file."""
    asked = {name for name, preset in CATALOGUE.items() if preset.parameters.keys() - read_unasked(preset)}
    path = tmp_path / "config.yaml"
    path.write_text("routes:\n" + "".join(f"  /{name}: {name}\n" for name in CATALOGUE.keys() - asked - ANYBODY))
    path.chmod(0o644)
    told = [warning.path for warning in load(path, environ={}).warnings]
    assert told == [f"routes./{name}" for name, preset in CATALOGUE.items() if preset.ended]


def read_unasked(preset: Preset) -> set[str]:
    """The parameters that need no word in the config."""
    return {name for name, parameter in preset.parameters.items() if not parameter.required or preset.unasked(name)}
