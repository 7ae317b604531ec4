"""The lines that point programs at a route."""

from __future__ import annotations

import shlex

from proxy.admin.dashboard.boards import lines
from proxy.process.lending.offer import OfferedRoute
from proxy.process.lending.tools import table

ROUTE = OfferedRoute(
    "/openai",
    "http://127.0.0.1:8080/openai",
    "openai",
    ("OPENAI",),
    (
        {"name": "openai", "env": {"OPENAI_BASE_URL": "{base}/v1", "OPENAI_API_KEY": "{key}"}},
        {"name": "other", "setting": "Client(base=)", "base": "{base}/v2", "url": "https://127.0.0.1:8443/openai"},
    ),
)


def test_variables_and_settings_of_sdks() -> None:
    env, setting = lines.of_sdks(ROUTE, "a key")
    assert env.text == "export OPENAI_BASE_URL=http://127.0.0.1:8080/openai/v1\nexport OPENAI_API_KEY='a key'"
    assert setting.text == "https://127.0.0.1:8443/openai/v2"
    assert "Client(base=)" in setting.note


def test_agents_are_those_that_speak_its_language() -> None:
    agents = lines.of_agents(ROUTE, False, table())
    assert "keyless exec --route /openai -- codex" in agents
    assert not any(line.endswith("claude") for line in agents)
    assert lines.of_agents(OfferedRoute("/x", "http://127.0.0.1:8080/x"), False, table()) == []


def test_a_shell_takes_what_is_shown_as_it_is_meant() -> None:
    curl, fetch = lines.of_tools(ROUTE, lines.Call("POST", "/it's;rm"), "KEY")
    assert shlex.split(curl.text) == [
        *("curl", "-i", "-X", "POST", "http://127.0.0.1:8080/openai/it's;rm", "-H", "Authorization: Bearer KEY"),
    ]
    assert '"Authorization": "Bearer KEY"' in fetch.text
    assert "-H" not in lines.of_tools(ROUTE, lines.Call(), None)[0].text
