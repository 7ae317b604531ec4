"""`keyless schema`."""

from __future__ import annotations

from proxy.config.model.schema import json_schema
from proxy.config.presets import presets
from tests.cli.conftest import keyless


def test_it_prints_the_schema() -> None:
    assert keyless("schema").json == json_schema(presets())
