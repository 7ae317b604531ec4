from __future__ import annotations

import pytest

from proxy.admin.dashboard.boards.providers import Console
from proxy.config.presets import presets

PLACES = (
    ("https://console.example.com/keys", "https://console.example.com/keys", ""),
    ("https://console.example.com, the project, Keys", "https://console.example.com", ", the project, Keys"),
    (
        "https://console.example.com/#/keys (安全认证 > API Key)",
        "https://console.example.com/#/keys",
        " (安全认证 > API Key)",
    ),
    ("Example, Settings, API keys", None, "Example, Settings, API keys"),
    ("javascript:alert(1)", None, "javascript:alert(1)"),
    ("", None, ""),
)


@pytest.mark.parametrize(("written", "url", "way"), PLACES)
def test_what_leads_somewhere_is_told_from_the_way(written: str, url: str | None, way: str) -> None:
    assert Console.read(written) == (url, way)


def test_no_preset_has_an_address_among_its_words() -> None:
    written = [each.console for preset in presets().values() for each in preset.parameters.values() if each.console]
    assert len(written) > 100
    assert [way for way in (Console.read(each).way for each in written) if "://" in way] == []
