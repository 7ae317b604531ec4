"""One preset in full: for people with lines to paste, and for scripts. Pure.

Owns: what is said of a preset, and in which order. Must not know: which presets there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from proxy.admin.told import rules, shown
from proxy.cli.kit.by_name.snippet import snippet, variables
from proxy.cli.kit.options import row_lines
from proxy.config.secrets.pem import utc_now
from proxy.config.written.preset import Parameter, Preset, Sdk

_CONFIDENCE = {
    "high": "read in the vendor's own code, API description or pages",
    "medium": "read in two other sources that agree",
    "low": "not confirmed: try before you rely on it",
}


def document(name: str, preset: Preset) -> dict[str, object]:
    whole: dict[str, object] = preset.model_dump(exclude={"examples"}, by_alias=True)
    whole["parameters"] = {
        key: each.model_dump(exclude_unset=True) | {"required": each.required}
        for key, each in preset.parameters.items()
    }
    return whole | {"config": snippet(name, preset)}


def paragraphs(name: str, preset: Preset, file: Path | None = None) -> Iterator[str]:
    """`file` is where a user's own lies."""
    yield shown.wrapped(f"{name}: {preset.title}", shown.room())
    if preset.ended is not None:
        told = preset.ended.told(f"{utc_now():%Y-%m-%d}")
        yield _filled(f"{told[:1].upper()}{told[1:]}.")
    if preset.template:
        yield _filled("A template: so much of it is guessed that you have to try it.")
    yield from map(_filled, (text for text in (preset.summary, preset.notes) if text))
    yield "For config.yaml:\n\n" + snippet(name, preset).rstrip()
    if wanted := variables(preset):
        yield "For .env:\n\n" + "\n".join(f"  {variable}=" for variable in wanted)
    yield _section("Parameters", [(key, _parameter(each)) for key, each in preset.parameters.items()])
    yield _section("The API", [*_api(preset)])
    if preset.sdk:
        yield _section("SDKs", [(row.name, _sdk(row)) for row in preset.sdk])
    yield from _where_from(preset, file)


def _filled(text: str) -> str:
    return shown.wrapped(text, shown.room())


def _section(heading: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return f"{heading}: none"
    room = shown.room() - max(len(label) for label, _ in rows) - 4
    wrapped = [(label, "\n".join(shown.wrapped(line, room) for line in text.split("\n"))) for label, text in rows]
    return "\n".join([f"{heading}:", *row_lines(wrapped)])


def _parameter(parameter: Parameter) -> str:
    about = [parameter.help] if parameter.help else []
    about += [f"found at {parameter.console}"] if parameter.console else []
    about += [f"default {parameter.default}"] if not parameter.required else []
    about += [" or ".join(f"${{{each}}}" for each in parameter.variables)] if parameter.env else []
    return "\n".join(about) or "a value of your own"


def _api(preset: Preset) -> Iterator[tuple[str, str]]:
    if preset.bases:
        told = [f"{name}: {url}" for name, url in preset.bases.items()]
        yield "base URLs", "\n".join([f"{told[0]} (unless `base` says another)", *told[1:]])
    elif preset.upstream:
        yield "upstream", preset.upstream
    if preset.hosts:
        yield (
            "its hosts",
            "\n".join(f"{each.host}{'' if each.credential else ', no credential'}" for each in preset.hosts),
        )
    if refused := _rules(preset):
        yield ("dead if", refused) if preset.dead else ("refused if", refused)
    if preset.live:
        tried = "" if preset.live.tried else ", tried by nobody yet"
        yield "live check", f"{preset.live.method} {preset.live.path}{tried}"
    if preset.error_shape:
        yield "our errors", f"as {preset.error_shape}'s SDKs read them"
    if preset.docs:
        yield "docs", preset.docs
    if preset.aliases:
        yield "also", ", ".join(preset.aliases)


def _rules(preset: Preset) -> str:
    """A dead credential, or what makes the token be renewed."""
    told = [rule.model_dump(by_alias=True, exclude_defaults=True) for rule in preset.dead]
    written = preset.provider.get("refused")
    told = told or (written if isinstance(written, list) else [written] if isinstance(written, dict) else [])
    if not told and preset.provider.get("scheme") not in ("static", "signed", "http_digest"):
        told = [{"status": [401]}]  # what counts for a provider that says nothing
    return "\nor ".join(rules.text(rule) for rule in map(rules.spelled_out, told))


def _sdk(row: Sdk) -> str:
    lines = [f"{name}={text}" for name, text in row.env.items()]
    base = f" = {row.base or '{base}'}"
    lines += [f"{row.setting}{base}"] if row.setting else []
    lines += [f"needs {' and '.join(_NEEDS[need] for need in row.needs)}"] if row.needs else []
    return "\n".join(lines)


_NEEDS = {"tls": "https", "root": "a route without a prefix"}


def _where_from(preset: Preset, file: Path | None) -> Iterator[str]:
    if file is not None:
        yield f"Yours: {file}"
    if preset.sources:
        told = f" (confidence {preset.confidence}: {_CONFIDENCE[preset.confidence]})" if preset.confidence else ""
        yield "\n".join([_filled(f"Sources{told}:"), *(f"  {source}" for source in preset.sources)])
