"""What a command is told of a proxy: addresses, SDKs, variables; over JSON and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.errors import Fault
from proxy.process.lending.offer import Offer
from proxy.process.lending.offering import offer
from proxy.values.listen import Door, Listener

HERE = Door(Listener("127.0.0.1", 8080))
ROUTES = {
    "/openai": "openai",
    "/hf": {"provider": "huggingface", "base": "hub"},
    "/router": "huggingface",
    "/plain": {"upstream": "https://api.example.com", "provider": "none"},
}


def loaded(folder: Path, **config: object) -> Loaded:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"routes": ROUTES} | config), encoding="utf-8")
    return load(path, environ={"OPENAI_API_KEY": "sk-made-up-openai"})


def test_each_route_has_its_address_and_the_rows_of_its_base(tmp_path: Path) -> None:
    made = offer(loaded(tmp_path), [HERE])
    told = {route.prefix: route for route in Offer.read(json.loads(json.dumps(made.document()))).routes}
    assert told["/openai"].url == "http://127.0.0.1:8080/openai"
    assert told["/openai"].preset == "openai"
    assert {"OPENAI"} <= set(told["/openai"].owns)
    env = {name: text for row in told["/hf"].sdk for name, text in row.get("env", {}).items()}
    assert env["HF_ENDPOINT"] == "{base}"
    assert all("HF_ENDPOINT" not in row.get("env", {}) for row in told["/router"].sdk)
    assert (told["/plain"].preset, told["/plain"].sdk) == (None, ())
    assert not made.clients


def test_no_secret_is_told_but_where_secrets_are_read_from(tmp_path: Path) -> None:
    clients = [{"name": "app", "key": "${APP_KEY:-a-made-up-client-key}"}]
    made = offer(loaded(tmp_path, clients=clients), [HERE])
    named = {"OPENAI_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "APP_KEY", "KEYLESS_STORE_KEY"}
    assert named <= set(made.variables)
    assert made.clients
    assert "sk-made-up-openai" not in json.dumps(made.document())


def test_who_asks_finds_copies_of_secrets_among_its_own_variables(tmp_path: Path) -> None:
    told = Offer.read(json.loads(json.dumps(offer(loaded(tmp_path), [HERE]).document())))
    environ = {"COPY": "sk-made-up-openai", "LONGER": "sk-made-up-openai2", "HOME": "/home/me", "BYTES": "\udcff"}
    assert {*told.holding(environ).variables} - {*told.variables} == {"COPY"}
    assert offer(loaded(tmp_path), [HERE]).salt != told.salt, "no two can be compared"
    older = Offer.read({"routes": [], "variables": ["A"], "clients": False})
    assert older.holding(environ).variables == ("A",)


@pytest.mark.parametrize(
    ("listeners", "url"),
    [
        ([Listener("", 0, "/x.sock"), HERE.listener], "http://127.0.0.1:8080/openai"),
        ([Listener("0.0.0.0", 80)], "http://127.0.0.1:80/openai"),
        ([Listener("::", 80)], "http://[::1]:80/openai"),
        ([Listener("localhost", 443, tls=True), HERE.listener], "http://127.0.0.1:8080/openai"),
        ([Listener("localhost", 443, tls=True)], "https://localhost:443/openai"),
    ],
)
def test_programs_are_sent_where_they_can_reach_it(tmp_path: Path, listeners: list[Listener], url: str) -> None:
    (route,) = offer(loaded(tmp_path), list(map(Door, listeners)), ["/openai"]).routes
    assert route.url == url


def test_what_can_not_be_offered_says_why(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="did you mean '/openai'"):
        offer(loaded(tmp_path), [HERE], ["/opnai"])
    with pytest.raises(Fault, match="unix sockets alone"):
        offer(loaded(tmp_path), [Door(Listener("", 0, "/x.sock"))])
    with pytest.raises(ValueError, match="not an offer"):
        Offer.read({"routes": [{}]})


def test_a_route_with_an_address_of_its_own_is_there_without_its_prefix(tmp_path: Path) -> None:
    own = [Door(Listener("127.0.0.1", 8091, tls=tls), "/openai") for tls in (True, False)]
    told = {route.prefix: route.url for route in offer(loaded(tmp_path), [HERE, *own]).routes}
    assert told["/openai"] == "http://127.0.0.1:8091"
    assert told["/plain"] == "http://127.0.0.1:8080/plain"


SECURE = Door(Listener("127.0.0.1", 8443, tls=True))


@pytest.mark.parametrize(
    ("doors", "url"),
    [
        ([HERE, SECURE], "https://127.0.0.1:8443/dropbox"),
        ([HERE], None),
        ([HERE, SECURE, Door(Listener("127.0.0.1", 1), "/dropbox")], "https://127.0.0.1:8443/dropbox"),
        ([HERE, SECURE, Door(Listener("127.0.0.1", 1, tls=True), "/dropbox")], "https://127.0.0.1:1"),
    ],
)
def test_an_sdk_that_insists_on_https_gets_it_where_there_is_one(
    tmp_path: Path, doors: list[Door], url: str | None
) -> None:
    routes = {"/dropbox": "dropbox", "/openai": "openai"}
    made = offer(loaded(tmp_path, routes=routes, tls="local", listen="https://127.0.0.1:8443"), doors)
    told = {route.prefix: route for route in Offer.read(json.loads(json.dumps(made.document()))).routes}
    route = told["/dropbox"]
    assert [row.get("url", route.url) for row in route.sdk] == ([] if url is None else [url])
    assert told["/openai"].url == "http://127.0.0.1:8080/openai"
    assert made.local_tls is (url is not None)


def test_the_others_of_the_same_route_stay_where_they_are(tmp_path: Path) -> None:
    provider = {"b": {"use": "bedrock-api-key", "region": "eu-west-1", "api_key": "made-up-key"}}
    routes = {"/b": {"provider": "b", "base": "runtime"}}
    made = offer(
        loaded(tmp_path, routes=routes, providers=provider, tls="local", listen="https://[::1]:1"), [HERE, SECURE]
    )
    (route,) = made.routes
    told = {row["name"]: row.get("url", route.url) for row in route.sdk}
    assert told["boto3"] == "https://127.0.0.1:8443/b"
    assert told["Claude Code, Bedrock"] == "http://127.0.0.1:8080/b"


def test_only_the_certificate_of_this_machine_is_to_be_trusted_anew(tmp_path: Path) -> None:
    assert not offer(loaded(tmp_path, routes={"/dropbox": "dropbox"}), [HERE, SECURE]).local_tls
