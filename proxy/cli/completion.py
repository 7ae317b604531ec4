"""`keyless completion`: what a shell reads so that Tab completes commands and options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]  # where all releases have it

from proxy.cli.kit.options import DEFAULT_CONFIG, UnusedConfig, command_app

ASKED = "_KEYLESS_COMPLETE"
"""The variable by which a shell asks what may come next; proxy/cli/__init__.py answers."""


class Shell(StrEnum):
    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    powershell = "powershell"


app = command_app()


@app.command()
def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell to write it for.")],
    _config: UnusedConfig = DEFAULT_CONFIG,
) -> None:
    """Print what a shell reads to complete commands with Tab; `source <(keyless completion bash)` in ~/.bashrc."""
    print(get_completion_script(prog_name="keyless", complete_var=ASKED, shell=shell))
