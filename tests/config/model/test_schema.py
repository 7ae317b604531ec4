"""The JSON Schema for editors."""

import json
from typing import Any

import pytest

from proxy.config.model.schema import json_schema
from tests.config.catalogue_of_cases import CATALOGUE

SCHEMA = json_schema(CATALOGUE)
REFERENCE = {"type": "string", "pattern": r"\$\{[^{}]+\}"}


def test_it_is_json_and_says_which_draft() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["additionalProperties"] is False


@pytest.mark.parametrize(
    ("definition", "key"),
    [
        ("Timeout", "connect"),
        ("Replay", "max_body"),
        ("Limits", "max_connections"),
        ("Log", "level"),
        ("Log", "access"),
    ],
)
def test_narrow_values_may_be_references(definition: str, key: str) -> None:
    assert REFERENCE in SCHEMA["$defs"][definition]["properties"][key]["anyOf"]


@pytest.mark.parametrize(("definition", "key"), [("StaticProvider", "scheme"), ("Route", "upstream")])
def test_text_and_the_scheme_stay_as_they_are(definition: str, key: str) -> None:
    assert "anyOf" not in SCHEMA["$defs"][definition]["properties"][key]


def test_lists_of_one_may_be_written_without_the_list() -> None:
    assert SCHEMA["properties"]["listen"]["type"] == ["string", "array"]


def test_a_client_may_have_a_key_or_several_with_or_without_an_end() -> None:
    text, entry, several, none = SCHEMA["$defs"]["Client"]["properties"]["key"]["anyOf"]
    assert none == {"type": "null"}, "a certificate or an access token may do instead"
    assert (text, entry) == ({"type": "string"}, {"$ref": "#/$defs/ClientKey"})
    assert several == {"type": "array", "items": {"anyOf": [text, entry]}}


def test_a_preset_needs_no_scheme_but_its_parameters() -> None:
    providers = SCHEMA["properties"]["providers"]["additionalProperties"]
    assert providers["then"] == {"$ref": "#/$defs/ProviderByPreset"}
    by_preset = SCHEMA["$defs"]["ProviderByPreset"]
    assert by_preset["properties"]["use"]["enum"] == sorted(CATALOGUE)
    assert by_preset["required"] == ["use"]
    needed = {rule["if"]["properties"]["use"]["const"]: rule["then"]["required"] for rule in by_preset["allOf"]}
    assert needed == {"anyone": ["key", "region", "name"], "fixed": [], "keyed-session": [], "shop": []}


def test_a_route_may_be_a_name_and_needs_no_upstream() -> None:
    name, route = SCHEMA["properties"]["routes"]["additionalProperties"]["anyOf"]
    assert (name["type"], name["examples"]) == ("string", sorted(CATALOGUE))
    assert route == {"$ref": "#/$defs/Route"}
    assert SCHEMA["$defs"]["Route"]["required"] == ["provider"]


def test_every_ref_leads_somewhere() -> None:
    def refs(value: Any) -> Any:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for inner in value.values():
                yield from refs(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from refs(inner)

    assert {ref.removeprefix("#/$defs/") for ref in refs(SCHEMA)} <= set(SCHEMA["$defs"])


def test_a_cache_may_be_its_duration_alone() -> None:
    assert SCHEMA["$defs"]["Cache"]["type"] == ["object", "string", "number"]
