"""Presets by words: English and Chinese, with typos, best first."""

from __future__ import annotations

import pytest

from proxy.cli.kit.by_name.search import named, search
from proxy.config.presets import presets

CATALOGUE = dict(presets())


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("openai", "openai"),
        ("OpenAI", "openai"),
        ("\uff2fpenai", "openai"),
        ("opnai", "openai"),
        ("depseek", "deepseek"),
        ("anthropc", "anthropic"),
        ("claude", "anthropic"),
        ("baidu-qianfam", "baidu-qianfan"),
        ("豆包", "volc-ark"),
        ("飞书", "feishu"),
        ("千帆", "baidu-qianfan-v2"),  # v1 was to end
        ("文心一言", "baidu-qianfan-v2"),
        ("Open AI", "openai"),
        ("deep seek", "deepseek"),
        ("We Chat Pay v3", "wechatpay-v3"),
        ("qwen", "aliyun-dashscope"),
        ("ChatGPT", "openai"),
        ("gpt", "openai"),
        ("sms", "twilio"),
        ("通义千问", "aliyun-dashscope"),
        ("阿里云大模型", "aliyun-dashscope"),
        ("钉盯", "dingtalk-v1"),
        ("智谱清言", "zhipu-jwt"),
        ("azure 大模型", "azure-openai"),
        ("baidu speech", "baidu-speech-asr"),
        ("DEEPSEEK_API_KEY", "deepseek"),
        ("api.x.ai", "xai"),
    ],
)
def test_the_best_comes_first(words: str, first: str) -> None:
    assert search(words, CATALOGUE)[0] == first


@pytest.mark.parametrize("words", ["", "  ", "!?", "zzzzqqq", "openai zzzzqqq", "x" * 10_000, "鑫" * 500])
def test_nothing_fits(words: str) -> None:
    assert search(words, CATALOGUE) == []


def test_every_word_must_fit() -> None:
    assert search("baidu maps", CATALOGUE) == ["baidu-maps"]
    assert "baidu-maps" in search("地图", CATALOGUE)


def test_what_is_written_right_is_not_padded_with_what_is_near() -> None:
    assert search("deepseek", CATALOGUE) == ["deepseek"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_preset_is_found_by_its_name(name: str) -> None:
    assert search(name, CATALOGUE)[0] == name
    assert named(name, CATALOGUE) == name


def test_an_alias_is_a_name_in_any_case() -> None:
    aliases = {alias: name for name, preset in CATALOGUE.items() for alias in preset.aliases}
    assert aliases
    assert all(named(alias.upper(), CATALOGUE) == name for alias, name in aliases.items())
    assert named("no such", CATALOGUE) is None
