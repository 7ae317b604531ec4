"""`keyless presets`: which APIs there are, and how to use one."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from proxy.cli.kit.options import DEFAULT_CONFIG, JsonOption, UnusedConfig, command_app, fail, print_json, print_rows
from proxy.config.presets import presets as catalogue
from proxy.config.secrets.pem import utc_now
from proxy.config.written.preset import Parameter, Preset
from proxy.values.names import did_you_mean

WIDTH = 100

app = command_app()


@app.command()
def presets(
    name: Annotated[str | None, typer.Argument(help="Show this one.")] = None,
    _config: UnusedConfig = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List the presets, or show one in full, with lines to paste into the config."""
    known = catalogue()
    if name is None:
        _list(known, as_json)
    elif name not in known:
        fail(f"there is no preset '{name}'{did_you_mean(name, known)}", 2)
    elif as_json:
        print_json(_document(known[name]) | {"config": snippet(name, known[name])})
    else:
        print("\n\n".join(_paragraphs(name, known[name])))


def _list(known: Mapping[str, Preset], as_json: bool) -> None:
    if as_json:
        print_json({name: {"title": preset.title, "summary": preset.summary} for name, preset in known.items()})
        return
    print_rows([(name, preset.title) for name, preset in known.items()], indent="")
    print("\n`keyless presets NAME` shows one.")


def _document(preset: Preset) -> dict[str, object]:
    document: dict[str, object] = preset.model_dump(exclude={"examples"}, by_alias=True)
    document["parameters"] = {
        name: each.model_dump(exclude_unset=True) | {"required": each.required}
        for name, each in preset.parameters.items()
    }
    return document


def _paragraphs(name: str, preset: Preset) -> Iterator[str]:
    yield f"{name}: {preset.title}"
    yield from (textwrap.fill(text, WIDTH) for text in (preset.summary, preset.notes) if text)
    if preset.ended is not None:
        yield textwrap.fill(preset.ended.told(f"{utc_now():%Y-%m-%d}"), WIDTH)
    yield "\n".join(["Parameters:", *(f"  {_told(key, each)}" for key, each in preset.parameters.items())])
    if variables := [
        one.variables[0] for key, one in preset.parameters.items() if one.required and preset.unasked(key)
    ]:
        yield "For .env:\n\n" + "\n".join(f"  {name}=" for name in variables)
    if preset.sources:
        confidence = f" (confidence: {preset.confidence})" if preset.confidence else ""
        yield "\n".join([f"Sources{confidence}:", *(f"  {source}" for source in preset.sources)])
    yield "For config.yaml:\n\n" + snippet(name, preset).rstrip()


def _told(name: str, parameter: Parameter) -> str:
    about = [parameter.help] if parameter.help else []
    about += [parameter.console] if parameter.console else []
    about += [f"default {parameter.default}"] if not parameter.required else []
    about += [" or ".join(f"${{{each}}}" for each in parameter.variables)] if parameter.env else []
    return f"{name}: {'; '.join(about)}" if about else name


def snippet(name: str, preset: Preset) -> str:
    """A route that uses the preset, and a provider where it asks for more; what has a default stands as a comment."""
    asked = {key: _line(key, each) for key, each in preset.parameters.items() if not preset.unasked(key)}
    needed = [line for key, line in asked.items() if preset.parameters[key].required]
    optional = [f"    # {_default(key, each)}" for key, each in preset.parameters.items() if not each.required]
    route = [f"  /{name}: {name}"] if preset.base() else _route(name)
    if needed:
        return "\n".join(["providers:", f"  {name}:", f"    use: {name}", *needed, *optional, "routes:", *route, ""])
    hidden = ["# providers:", f"#   {name}:", f"#     use: {name}", *(f"# {line}" for line in optional)]
    return "\n".join([*(hidden if optional else []), "routes:", *route, ""])


def _route(name: str) -> list[str]:
    return [f"  /{name}:", "    upstream: https://api.example.com", f"    provider: {name}"]


def _line(key: str, parameter: Parameter) -> str:
    return f"    {key}: ${{{next(iter(parameter.variables), key.upper())}}}"


def _default(key: str, parameter: Parameter) -> str:
    return f"{key}: {json.dumps(parameter.default, ensure_ascii=False)}"
