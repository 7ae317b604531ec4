"""docs/lifecycle.md is what the state machine does: its tables are printed from ON_ASK and RULE, its numbers
are the source's.
"""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from proxy.auth.life.lifecycle import ON_ASK, Answer, State
from proxy.auth.life.replay import RULE, Do, Told
from tests.docs.test_docs import BLOCKS, code, table

WORDS = dict(zip(Answer, ("send", "send, renew in the background", "wait", "error"), strict=True))
DEEDS = dict(
    zip(Do, ("renew, then look again", "renew for the calls to come", "replay", "pass the reply on"), strict=True)
)
NUMBERS = table("lifecycle.md", "\n| number |")


def test_the_states_are_those_of_the_machine() -> None:
    rows = [(row[0], row[2], row[3]) for row in table("lifecycle.md", "\n| state |")]
    printed = [(f"`{state}`", WORDS[flying], WORDS[grounded]) for state, (flying, grounded) in ON_ASK.items()]
    assert rows == printed


def test_the_diagram_has_every_state() -> None:
    diagram = next(each.text for each in BLOCKS if each.page == "lifecycle.md" and each.language == "mermaid")
    assert set(re.findall(r"\b[a-z_]+(?= -->)|(?<=--> )[a-z_]+", diagram)) == {str(state) for state in State}


def test_the_rule_of_replays_is_printed() -> None:
    printed = [
        [
            standing.name.lower(),
            event.name.lower().replace("_", " "),
            DEEDS[row.do],
            f"`{row.skipped}`" if row.skipped else "",
            "" if row.brake is Told.NOTHING else row.brake.name.lower(),
        ]
        for (standing, event), row in RULE.items()
    ]
    assert table("lifecycle.md", "\n| refused |") == printed


@pytest.mark.parametrize("row", NUMBERS, ids=[row[0] for row in NUMBERS])
def test_a_number_is_that_of_the_source(row: list[str]) -> None:
    (path,) = code(row[2])
    module = import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    assert getattr(module, code(row[0])[0]) == float(row[1])
