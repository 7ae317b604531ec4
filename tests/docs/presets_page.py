"""The tables of docs/presets.md, made from the preset files: `make docs` writes them, the docs tests compare.

Owns: the families that presets are listed by, and what a row says. Must not know: how a preset is used.
"""

from __future__ import annotations

import re
from pathlib import Path

from proxy.config.presets import presets
from proxy.config.written.preset import Parameter, Preset

PAGE = Path(__file__).parents[2] / "docs" / "presets.md"
FAMILIES = {
    "models": "Models (大模型)",
    "speech": "Speech (语音)",
    "search": "Search and embeddings (搜索, 向量)",
    "baidu": "Baidu (百度)",
    "wechat": "WeChat, WeCom (微信, 企业微信)",
    "dingtalk": "DingTalk (钉钉)",
    "feishu": "Feishu, Lark (飞书)",
    "code": "Code (代码托管)",
    "work": "Work and chat (办公协作)",
    "cloud": "Clouds and operation (云, 运维)",
    "data": "Data (数据库, 数据平台)",
    "identity": "Identity and secrets (身份, 密钥)",
    "shop": "Customers, shops, transport (客户, 电商, 物流)",
    "pay": "Payments (支付)",
    "messages": "Messages (消息, 邮件)",
    "maps": "Maps, weather, open data (地图, 天气, 数据)",
    "social": "Social media (社交媒体)",
    "general": "Anybody's API (任意 API)",
}
_MARKED = re.compile(r"(<!-- presets -->\n).*?(<!-- /presets -->)", re.DOTALL)


def tables() -> str:
    """One table per family, in their order; presets by name."""
    catalogue = presets()
    return "\n".join(
        f"### {heading}\n\n| preset | for | parameters | upstream |\n|---|---|---|---|\n"
        + "".join(_row(name, preset) for name, preset in sorted(catalogue.items()) if preset.family == family)
        for family, heading in FAMILIES.items()
    )


def written(page: str) -> str:
    """The page with its tables made anew."""
    return _MARKED.sub(lambda marks: f"{marks[1]}\n{tables()}\n{marks[2]}", page)


def _row(name: str, preset: Preset) -> str:
    parameters = ", ".join(_parameter(*each) for each in preset.parameters.items())
    title = preset.title + (", a template" if preset.template else "")
    return f"| `{name}` | {title} | {parameters} | {f'`{base}`' if (base := preset.base()) else ''} |\n"


def _parameter(name: str, parameter: Parameter) -> str:
    return f"`{name}`" if parameter.required or parameter.default is None else f"`{name}` = `{parameter.default}`"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
