"""The agents, by the name of their command: where each comes from, and how it is told the task without a terminal."""

from __future__ import annotations

from typing import NamedTuple

from tests.agents.turns import PROMPT


class Agent(NamedTuple):
    """`package`: npm's, or pip's where it has `==`. `speaks`: the preset of its route. `home`: what is in its home
    folder, with `{work}` for the task's; `environ`: what a person sets for a run without questions. `named`: its
    command, `folder`: where it is installed, if not as it is called here.
    """

    package: str
    command: tuple[str, ...]
    speaks: str = "openai"
    model: str | None = None
    home: dict[str, str] = {}  # noqa: RUF012 -- of a record that nobody changes
    environ: dict[str, str] = {}  # noqa: RUF012 -- as above
    named: str = ""
    folder: str = ""


NODE = "node@24.21.0"
"""Some want a newer Node than a system has."""

_FUNCTIONS = """
import pathlib
def read_file(path: str) -> str:
    "Read a file."
    return pathlib.Path(path).read_text()
def edit_file(path: str, old: str, new: str) -> str:
    "Replace a text in a file."
    file = pathlib.Path(path)
    file.write_text(file.read_text().replace(old, new, 1))
    return "done"
"""

AGENTS = {
    "claude": Agent(
        "@anthropic-ai/claude-code@2.1.332",
        ("-p", PROMPT, "--permission-mode", "acceptEdits"),
        "anthropic",
        environ={"DISABLE_AUTOUPDATER": "1"},
    ),
    "codex": Agent(
        "@openai/codex@0.171.0", ("exec", "-m", "gpt-5", "--dangerously-bypass-approvals-and-sandbox", PROMPT)
    ),
    "gemini": Agent(
        "@google/gemini-cli@0.61.0",
        ("-m", "gemini-2.5-pro", "--skip-trust", "--approval-mode", "yolo", "-p", PROMPT),
        speaks="gemini",
    ),
    "qwen": Agent("@qwen-code/qwen-code@0.24.4", ("--approval-mode", "yolo", "-p", PROMPT)),
    "opencode": Agent("opencode-ai@1.18.33", ("run", "--model", "openai/gpt-5", PROMPT)),
    "aider": Agent(
        "aider-chat==0.86.2",
        ("--model", "openai/gpt-4o", "--yes-always", "--no-gitignore", "--no-check-update", "--message", PROMPT),
    ),
    "llm": Agent("llm==0.36", ("prompt", "-m", "gpt-4o", "--functions", _FUNCTIONS, "--chain-limit", "9", PROMPT)),
    "kimi": Agent("@moonshot-ai/kimi-code@2.1.0", ("-p", PROMPT), model="gpt-5"),
    "pi": Agent("@mariozechner/pi-coding-agent@0.73.1", ("--provider", "openai", "--model", "gpt-5", "-p", PROMPT)),
    "cn": Agent("@continuedev/cli@1.5.47", ("--auto", "-p", PROMPT), model="gpt-5"),
    "cline": Agent("cline@3.0.65", ("-m", "gpt-5", PROMPT), model="gpt-5"),
    "openclaw": Agent(
        "openclaw@2026.9.6",
        ("agent", "--local", "--agent", "main", "--message", PROMPT),
        model="gpt-5",
        home={".openclaw/openclaw.json": '{"agents": {"defaults": {"workspace": "{work}"}}}'},
    ),
}

_CALL = {
    "openai": (
        "import openai; print(openai.OpenAI().chat.completions.create(model='gpt-5', messages=[]))",
        "const {OpenAI} = require('openai'); new OpenAI().chat.completions.create({model: 'gpt-5', messages: []})",
    ),
    "anthropic": (
        "import anthropic; print(anthropic.Anthropic().messages.create(model='m', max_tokens=9, messages=[]))",
        "const A = require('@anthropic-ai/sdk'); new A().messages.create({model: 'm', max_tokens: 9, messages: []})",
    ),
}
SDKS = {
    "openai, Python": Agent("openai==3.57.0", ("-c", _CALL["openai"][0]), named="python", folder="openai-python"),
    "openai, Node": Agent("openai@7.57.0", ("-e", _CALL["openai"][1]), named="node", folder="openai-node"),
    "anthropic, Python": Agent(
        "anthropic==2.14.0", ("-c", _CALL["anthropic"][0]), "anthropic", named="python", folder="anthropic-python"
    ),
    "anthropic, Node": Agent(
        "@anthropic-ai/sdk@1.14.0", ("-e", _CALL["anthropic"][1]), "anthropic", named="node", folder="anthropic-node"
    ),
}
