"""The JSON Schema that `keyless schema` prints, so that editors complete and check a config file.

Owns: the difference between the model and what a person may write: `${...}` anywhere, `use` instead of a scheme,
a route's name for a route, `include`. Must not know: files.
"""

from __future__ import annotations

from typing import Any

from proxy.config.model import Config
from proxy.config.written.named import Catalogue
from proxy.config.written.preset import Parameter, Preset

Schema = dict[str, Any]

_REFERENCE = {"type": "string", "pattern": r"\$\{[^{}]+\}"}
_MAPS = ("properties", "$defs")
_SINGLE = ("items", "additionalProperties", "if", "then", "else")
_LISTS = ("anyOf", "oneOf", "allOf")


def json_schema(catalogue: Catalogue) -> Schema:
    """JSON Schema 2020-12 of a config file; `catalogue` gives the presets' names and their parameters."""
    schema = _with_references(Config.model_json_schema(by_alias=True))
    properties, definitions = schema["properties"], schema["$defs"]
    spelled_out = properties["providers"]["additionalProperties"]
    del spelled_out["discriminator"]  # OpenAPI's word; JSON Schema has none
    definitions["ProviderByPreset"] = _by_preset(definitions, spelled_out["oneOf"], catalogue)
    properties["providers"]["additionalProperties"] = {
        "if": {"required": ["use"]},
        "then": {"$ref": "#/$defs/ProviderByPreset"},
        "else": spelled_out,
    }
    definitions["Route"]["required"] = ["provider"]  # whose preset may bring the upstream along
    properties["routes"]["additionalProperties"] = _route(catalogue)
    properties["include"] = {
        "description": "More files of this config, relative to this one; globs are allowed.",
        "type": ["string", "array"],
        "items": {"type": "string"},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _route(catalogue: Catalogue) -> Schema:
    """A name is enough; which ones there are in `providers`, a schema can't know."""
    name = {"description": "The name of a provider, or of a preset.", "type": "string"}
    return {"anyOf": [name | {"examples": sorted(catalogue)}, {"$ref": "#/$defs/Route"}]}


def _with_references(schema: Schema) -> Schema:
    """The same, with `${...}` accepted where something narrower than text is expected."""
    result = dict(schema)
    for key in _MAPS:
        if key in schema:
            result[key] = {name: _with_references(each) for name, each in schema[key].items()}
    for key in _SINGLE:
        if isinstance(schema.get(key), dict):
            result[key] = _with_references(schema[key])
    for key in _LISTS:
        if key in schema:
            result[key] = [_with_references(each) for each in schema[key]]
    return {"anyOf": [result, _REFERENCE]} if _is_narrow(schema) else result


def _is_narrow(schema: Schema) -> bool:
    types = schema.get("type", [])
    types = types if isinstance(types, list) else [types]
    numeric = bool({"integer", "number", "boolean"} & set(types)) and "string" not in types
    return numeric or "enum" in schema or "pattern" in schema


def _by_preset(definitions: Schema, schemes: list[Schema], catalogue: Catalogue) -> Schema:
    """A provider that completes a preset: the preset's parameters, and any part of a provider."""
    parts: Schema = {}
    for scheme in schemes:
        definition = definitions[scheme["$ref"].rpartition("/")[2]]
        for key, part in definition["properties"].items():
            # a part that merges with the preset's may be incomplete, so only its name is offered
            parts[key] = part if parts.get(key, part) == part and "$ref" not in str(part) else {}
    return {
        "title": "Provider by preset",
        "type": "object",
        "required": ["use"],
        "properties": parts | {"use": {"enum": sorted(catalogue)}},
        "allOf": [_of_preset(name, preset) for name, preset in sorted(catalogue.items())],
    }


def _of_preset(name: str, preset: Preset) -> Schema:
    parameters = preset.parameters.items()
    return {
        "if": {"properties": {"use": {"const": name}}},
        "then": {
            "description": preset.summary or preset.title,
            "properties": {parameter: _described(each) for parameter, each in parameters},
            "required": [key for key, each in parameters if each.required and not preset.unasked(key)],
        },
    }


def _described(parameter: Parameter) -> Schema:
    described: Schema = {"description": parameter.help} if parameter.help else {}
    return described | ({"examples": [f"${{{name}}}" for name in parameter.variables]} if parameter.env else {})
