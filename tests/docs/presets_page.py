"""The tables of docs/presets.md, made from the preset files: `make docs` writes them, the docs tests compare.

Owns: what a row says. Must not know: how a preset is used.
"""

from __future__ import annotations

import re
from pathlib import Path

from proxy.config.families import FAMILIES
from proxy.config.presets import presets
from proxy.config.written.preset import Parameter, Preset

PAGE = Path(__file__).parents[2] / "docs" / "presets.md"
PECULIAR = {
    **dict.fromkeys(("models", "speech", "search"), "apis-models.md"),
    "baidu": "apis-baidu.md",
    "wechat": "apis-tencent.md",
    "dingtalk": "apis-alibaba.md",
    "feishu": "apis-volcengine.md",
    **dict.fromkeys(("cloud", "identity", "work"), "apis-clouds.md"),
    **dict.fromkeys(("shop", "pay"), "apis-shops.md"),
}
"""Where it stands what is peculiar about a family."""
_MARKED = re.compile(r"(<!-- presets -->\n).*?(<!-- /presets -->)", re.DOTALL)


def tables() -> str:
    """One table per family, in their order; presets by name."""
    catalogue = presets()
    return "\n".join(
        f"### {heading}\n\n{_peculiar(family)}| preset | for | parameters | upstream |\n|---|---|---|---|\n"
        + "".join(_row(name, preset) for name, preset in sorted(catalogue.items()) if preset.family == family)
        for family, heading in FAMILIES.items()
    )


def _peculiar(family: str) -> str:
    page = PECULIAR.get(family)
    return f"[What is peculiar about them?]({page})\n\n" if page else ""


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
