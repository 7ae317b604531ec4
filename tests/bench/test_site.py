import json

import pytest

from bench.scenarios import SCENARIOS
from bench.site import body, nginx_config


@pytest.mark.parametrize("size", [500, 2048])
def test_bodies_are_json_of_the_size_they_say(size: int) -> None:
    assert len(body(size)) == size
    assert json.loads(body(size))["object"] == "chat.completion"


def test_nginx_gets_its_json_quoted(tmp_path) -> None:
    assert 'return 200 "{\\"id\\":\\"chatcmpl-1\\"' in nginx_config(tmp_path, 1, 2)


def test_a_crowd_is_warmed_up_with_all_of_it() -> None:
    assert [SCENARIOS[name].connections for name in ("busy1000", "busy2000")] == [1000, 2000]


def test_names_are_unique_and_every_scenario_has_someone_to_measure() -> None:
    assert all(name == scenario.name for name, scenario in SCENARIOS.items())
    assert all(scenario.peers or scenario.features for scenario in SCENARIOS.values())
