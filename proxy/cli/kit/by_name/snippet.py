"""Lines for a config and for `.env` that make a preset work. Pure.

Owns: which of a preset's parameters must be written out, and how. Must not know: files.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from proxy.config.written.preset import Parameter, Preset


def snippet(name: str, preset: Preset) -> str:
    """A route that uses the preset, and a provider where it asks for more; what has a default stands as a comment."""
    needed, optional = provider_lines(preset)
    optional = [f"    # {line.strip()}" for line in optional]
    route = route_lines(name, preset)
    if needed:
        return "\n".join(["providers:", f"  {name}:", f"    use: {name}", *needed, *optional, "routes:", *route, ""])
    hidden = ["# providers:", f"#   {name}:", f"#     use: {name}", *(f"# {line}" for line in optional)]
    return "\n".join([*(hidden if optional else []), "routes:", *route, ""])


def provider_lines(preset: Preset) -> tuple[list[str], list[str]]:
    """What a provider must say, since it is read from no variable unasked; and what it may say."""
    parameters = preset.parameters.items()
    needed = [_line(key, each) for key, each in parameters if each.required and not preset.unasked(key)]
    optional = [f"    {key}: {_default(each)}" for key, each in parameters if not each.required]
    return needed, optional


def route_lines(name: str, preset: Preset) -> list[str]:
    if preset.base():
        return [f"  /{name}: {name}"]
    return [f"  /{name}:", "    upstream: https://api.example.com", f"    provider: {name}"]


def variables(preset: Preset) -> dict[str, Parameter]:
    """Those that must be set, and what for."""
    return {_variable(key, each): each for key, each in preset.parameters.items() if each.required}


def _variable(key: str, parameter: Parameter) -> str:
    return next(iter(parameter.of_vendor or parameter.variables), key.upper())


def _line(key: str, parameter: Parameter) -> str:
    return f"    {key}: ${{{_variable(key, parameter)}}}"


def _default(parameter: Parameter) -> str:
    return json.dumps(parameter.default, ensure_ascii=False)


# ---------------------------------------------------------------------------------------------- several


LISTEN = "listen: 127.0.0.1:8080"


def config_lines(chosen: Mapping[str, Preset]) -> list[str]:
    """Sections of a config: a route for each, and providers for those that need one."""
    providers = {name: needed for name, preset in chosen.items() if (needed := provider_lines(preset)[0])}
    lines = [line for name, needed in providers.items() for line in (f"  {name}:", f"    use: {name}", *needed)]
    routes = [line for name, preset in chosen.items() for line in route_lines(name, preset)]
    return [*(["providers:", *lines] if lines else []), "routes:", *routes]


def env_lines(chosen: Mapping[str, Preset], there: Collection[str]) -> list[str]:
    """Lines of `.env` for the variables that aren't there yet, each with what it is and where it is found."""
    lines: dict[str, list[str]] = {}
    for preset in chosen.values():
        for name, parameter in variables(preset).items():
            if name not in there and name not in lines:
                about = [preset.title.partition(":")[0], parameter.help, parameter.console or ""]
                lines[name] = ["# " + ", ".join(part for part in about if part), f"{name}="]
    return [line for several in lines.values() for line in several]
