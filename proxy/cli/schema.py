"""`keyless schema`: the config's JSON Schema, for editors."""

from __future__ import annotations

from proxy.cli.kit.options import DEFAULT_CONFIG, UnusedConfig, command_app, print_json
from proxy.config.model.schema import json_schema
from proxy.config.presets import presets

app = command_app()


@app.command()
def schema(_config: UnusedConfig = DEFAULT_CONFIG) -> None:
    """Print the JSON Schema of the config file, presets and their parameters included."""
    print_json(json_schema(presets()))
