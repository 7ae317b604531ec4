"""The configs of the scenarios: of the size they say, and what is asked for is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.peers.features import (
    CLIENT_KEY,
    CLIENTS,
    ENVIRONMENTS,
    FEATURES,
    FRESH,
    ISSUERS,
    ONE_OF_ISSUERS,
    ONE_OF_PROVIDERS,
    ONE_OF_ROUTES,
    ORIGIN,
    PROVIDERS,
    ROUTES,
    Written,
    with_fresh_route,
)
from bench.scenarios import SCENARIOS, STARTS


def written(feature: str) -> Written:
    plain = {
        "providers": {"api": {"token_url": "http://127.0.0.1:1/token", "client_id": "bench"}},
        "routes": {"/": {"upstream": "http://127.0.0.1:2", "provider": "api"}},
    }
    FEATURES[feature](plain)
    return plain


@pytest.mark.parametrize(("feature", "count"), [("10-routes", 10), ("10000-routes", ROUTES)])
def test_few_routes_and_many_have_the_one_that_is_asked_for(feature: str, count: int) -> None:
    routes = written(feature)["routes"]
    assert len(routes) == count + 1
    assert ONE_OF_ROUTES in routes


@pytest.mark.parametrize(("feature", "count"), [("10-providers", 10), ("2000-providers", PROVIDERS)])
def test_each_provider_has_a_token_of_its_own_and_one_is_asked_for(feature: str, count: int) -> None:
    config = written(feature)
    assert len({provider["token"] for provider in config["providers"].values() if "token" in provider}) == count
    assert config["routes"][ONE_OF_PROVIDERS]["provider"] in config["providers"]


def test_all_policies_are_what_is_on_by_default_and_a_client_with_its_origin() -> None:
    on, off = written("all-on"), written("all-off")
    assert "log" not in on
    assert on.pop("clients") == [{"name": "bench", "key": CLIENT_KEY, "origins": [ORIGIN]}]
    assert off.pop("log") == {"access": False}
    assert on == off


def test_each_client_has_a_key_of_its_own_and_one_is_known() -> None:
    keys = {client["key"] for client in written("10000-clients")["clients"]}
    assert len(keys) == CLIENTS
    assert CLIENT_KEY in keys


def test_each_issuers_route_has_a_provider_of_its_own() -> None:
    config = written("2000-issuers")
    assert len({provider["client_id"] for provider in config["providers"].values()}) == ISSUERS + 1
    assert config["routes"][ONE_OF_ISSUERS]["provider"] in config["providers"]


def test_a_fresh_route_leads_where_the_first_one_does(tmp_path) -> None:
    file = tmp_path / "keyless.yaml"
    before = written("10-routes")
    file.write_text(json.dumps(before), encoding="utf-8")
    after = json.loads(with_fresh_route(file))
    assert after["routes"].pop(FRESH) == before["routes"]["/"]
    assert after == before


def test_every_feature_is_measured_and_every_one_measured_exists() -> None:
    used = {feature for scenario in SCENARIOS.values() for feature in scenario.features}
    used |= {start.feature for start in STARTS.values()} - {""}
    assert used == set(FEATURES)


def test_as_in_the_image_it_has_the_images_environment() -> None:
    dockerfile = (Path(__file__).parents[2] / "Dockerfile").read_text(encoding="utf-8")
    assert ENVIRONMENTS["image"]
    for name, value in ENVIRONMENTS["image"].items():
        assert f"ENV {name}={value}\n" in dockerfile
