"""`keyless schema`: the config's JSON Schema, for editors."""

from __future__ import annotations

from proxy.cli.kit.by_name.catalogue import catalogue_or_exit
from proxy.cli.kit.options import DEFAULT_CONFIG, ConfigOption, command_app, print_json
from proxy.config.model.schema import json_schema

app = command_app()


@app.command()
def schema(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print the JSON Schema of the config file, presets and their parameters included."""
    print_json(json_schema(catalogue_or_exit(config)))
