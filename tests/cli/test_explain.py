"""`keyless explain`: the same verdicts as the proxy's, told without a credential."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.cli.kit.options import target_of
from proxy.values.listen import PAGES, Door, Listener
from tests.certificates import Authority
from tests.cli.conftest import crm, keyless, untouched, written

CRM = {
    "scheme": "oauth2",
    "token_url": "https://login.example.com/t",
    "client_id": "i",
    "client_secret": "made-up-secret",
}


def explained(tmp_path: Path, method: str, url: str, **config: Any) -> Any:
    written_to = written(tmp_path, **config)
    done = keyless("explain", method, url, "-c", written_to, "--json")
    assert keyless("explain", method, url, "-c", written_to).code == done.code == 0
    return done.json


def one_route(provider: dict[str, Any], upstream: str = "https://api.example.com/v2", **route: Any) -> dict[str, Any]:
    return {"providers": {"crm": provider}, "routes": {"/crm": {"upstream": upstream, "provider": "crm", **route}}}


def test_an_ordinary_request(tmp_path: Path) -> None:
    told = explained(tmp_path, "get", "/crm/contacts?page=2", **one_route(CRM))
    assert (told["method"], told["route"]) == ("GET", "/crm")
    assert told["upstream"] == "https://api.example.com/v2/contacts?page=2"
    assert told["provider"] == {"name": "crm", "scheme": "oauth2", "missing": []}
    assert told["injected"] == {"header": {"Authorization": "Bearer ***"}}
    assert told["refused"] == [{"status": [401]}]
    assert told["replay"] == {"max_body": 1024 * 1024}
    assert told["timeout"] == {"connect": 10, "head": 600, "idle": 300}
    assert {"authorization", "cookie", "origin", "sec-fetch-*", "x-forwarded-*"} <= set(told["headers"]["removed"])
    assert told["headers"]["set"] == ["Host"]


def test_an_upstream_that_the_issuer_names(tmp_path: Path) -> None:
    hosts = [{"host": "*.api.example.com", "credential": True}, {"host": "cdn.example.com", "credential": False}]
    provider = CRM | {"reply": {"upstream": "instance_url"}, "hosts": hosts}
    config = one_route(provider, "https://{upstream}/v2")
    told = explained(tmp_path, "GET", "/crm/x?a=1", **config)
    assert (told["upstream"], told["named"]) == ("https://{upstream}/v2/x?a=1", ["*.api.example.com"])
    assert (
        "named by     the issuer, one of *.api.example.com"
        in keyless("explain", "GET", "/crm/x", "-c", written(tmp_path, **config)).out
    )
    assert explained(tmp_path, "GET", "/crm/x", **one_route(CRM))["named"] is None


def test_a_challenge_that_will_be_answered(tmp_path: Path) -> None:
    provider = {"scheme": "http_digest", "username": "user", "password": "made-up-secret"}
    told = explained(tmp_path, "GET", "/crm/x", **one_route(provider))
    assert told["injected"] == {"header": {"Authorization": "Digest, as the API's challenge asks for it"}}
    assert told["refused"] == []


def test_where_it_may_go(tmp_path: Path) -> None:
    told = explained(tmp_path, "GET", "/crm/x", **one_route(CRM))
    nothing = {"private": False, "plain_http": False}
    assert (told["reach"], told["tls"]) == ({"upstream": nothing, "issuer": nothing}, None)
    authority = Authority(tmp_path)
    (tmp_path / "ca.pem").write_text(authority.pem)
    more = {"private": True, "tls": {"ca": "ca.pem"}}
    config = one_route(CRM | {"private": True, "plain_http": True, "token_url": "http://login.example.com/t"}, **more)
    told = explained(tmp_path, "GET", "/crm/x", **config)
    assert told["reach"] == {
        "upstream": {"private": True, "plain_http": False},
        "issuer": {"private": True, "plain_http": True},
    }
    assert told["tls"] == {"ca": "ca.pem"}
    out = keyless("explain", "GET", "/crm/x", "-c", written(tmp_path, **config)).out
    assert "upstream may  be in a private network (private: true)" in out
    assert "issuer may    be in a private network (private: true) and be plain http (plain_http: true)" in out
    assert "certificates  ca ca.pem" in out
    static = {"scheme": "static", "token": "a-made-up-token"}
    assert explained(tmp_path, "GET", "/crm/x", **one_route(static))["reach"]["issuer"] is None


def test_it_reads_well(tmp_path: Path) -> None:
    provider = CRM | {
        "refused": [{"status": 403, "body": ["expired"], "older_than": "60s"}, {"json": {"code": [1, 2]}}]
    }
    done = keyless("explain", "POST", "/crm/x", "-c", written(tmp_path, **one_route(provider)))
    lines = [line.strip() for line in done.out.splitlines()]
    assert "provider     crm (oauth2)" in lines
    assert "upstream     POST https://api.example.com/v2/x" in lines
    assert "injected     Authorization: Bearer ***" in lines
    assert "refused if   status 403 and the body holds 'expired' and the token is older than 1 min" in lines
    assert "or code is 1 or 2" in lines
    assert "replay       once, bodies up to 1 MiB" in lines


def test_what_nothing_renews_is_dead_and_never_sent_again(tmp_path: Path) -> None:
    static = {"scheme": "static", "token": "a-made-up-token", "dead": [{"status": 401}, {"json": {"code": 7}}]}
    done = keyless("explain", "POST", "/crm/x", "-c", written(tmp_path, **one_route(static)))
    lines = [line.strip() for line in done.out.splitlines()]
    start = lines.index("refused if   never")
    assert lines[start : start + 4] == [
        "refused if   never",
        "dead if      status 401",
        "or code is 7",
        "replay       never",
    ]
    told = explained(tmp_path, "POST", "/crm/x", **one_route(static))
    assert (told["refused"], told["dead"], told["replay"]) == ([], [{"status": [401]}, {"json": {"code": [7]}}], None)


@pytest.mark.parametrize(
    ("inject", "upstream", "place"),
    [
        ({"query": {"key": "{token}"}}, "https://api.example.com/v2/x?a=1&key=***", {"query": {"key": "***"}}),
        ({"cookie": {"sid": "{token}"}}, "https://api.example.com/v2/x?key=theirs&a=1", {"cookie": {"sid": "***"}}),
        ({"json": {"a.b": "{token}"}}, "https://api.example.com/v2/x?key=theirs&a=1", {"json": {"a.b": "***"}}),
        ({"form": {"t": "{token}"}}, "https://api.example.com/v2/x?key=theirs&a=1", {"form": {"t": "***"}}),
    ],
)
def test_every_place_of_a_credential(
    tmp_path: Path, inject: dict[str, Any], upstream: str, place: dict[str, Any]
) -> None:
    told = explained(tmp_path, "GET", "/crm/x?key=theirs&a=1", **one_route(CRM | {"inject": inject}))
    assert told["upstream"] == upstream
    assert {name: slots for name, slots in told["injected"].items() if name != "header"} == place


def test_a_credential_in_the_path(tmp_path: Path) -> None:
    config = one_route({"scheme": "static", "token": "a-made-up-token"}, "https://api.example.com/bot{token}")
    told = explained(tmp_path, "GET", "/crm/getMe", **config)
    assert told["upstream"] == "https://api.example.com/bot***/getMe"
    assert told["injected"] == {"path": {"https://api.example.com/bot{token}": "***"}}
    assert (told["refused"], told["replay"]) == ([], None)


def test_what_a_route_sets_and_removes(tmp_path: Path) -> None:
    edits = {"set": {"X-Version": "2"}, "remove": ["Cookie"]}
    told = explained(tmp_path, "GET", "/crm", **one_route(CRM, headers=edits, cookies="pass"))
    assert told["headers"]["set"] == ["Host", "X-Version"]
    assert "cookie" in told["headers"]["removed"]
    told = explained(tmp_path, "GET", "/crm", **one_route(CRM, cookies="pass"))
    assert "cookie" not in told["headers"]["removed"]


def test_a_stand_in_and_the_proxys_own_pages(tmp_path: Path) -> None:
    provider = {"use": "baidu-ai", "api_key": "a-made-up-key", "secret_key": "a-made-up-secret"}
    config = one_route(provider, "https://aip.baidubce.com", stand_in=True)
    assert "stand-in" in explained(tmp_path, "POST", "/crm/oauth/2.0/token", **config)["answered_by"]
    assert "admin.path" in explained(tmp_path, "GET", "/-/status", **config)["answered_by"]


@pytest.mark.parametrize(
    ("method", "url", "code"),
    [
        ("GET", "/nowhere", "no_route"),
        ("DELETE", "/crm/x", "method_refused"),
        ("GET", "/crm/private", "path_refused"),
        ("GET", "/crm/../x", "path_refused"),
        ("GET", "/crm/%2e%2e/x", "path_refused"),
    ],
)
def test_what_would_be_refused_is_1_with_its_code(tmp_path: Path, method: str, url: str, code: str) -> None:
    path = written(tmp_path, **one_route(CRM, methods=["GET", "POST"], paths=["/x", "/y/**"]))
    done = keyless("explain", method, url, "-c", path, "--json")
    assert (done.code, done.json["code"]) == (1, code)
    done = keyless("explain", method, url, "-c", path)
    assert (done.code, done.out) == (1, "")
    assert code in done.err


def test_a_route_that_is_asleep(tmp_path: Path) -> None:
    config = one_route({"scheme": "static", "token": "${NOT_SET_ANYWHERE}"})
    done = keyless("explain", "GET", "/crm/x", "-c", written(tmp_path, **config))
    assert done.code == 1
    assert "asleep: set NOT_SET_ANYWHERE" in done.out
    assert "provider_unconfigured" in done.out


def test_nothing_connects_to_anything(tmp_path: Path) -> None:
    with untouched() as url:
        assert explained(tmp_path, "POST", "/crm/x", **crm(url))["upstream"] == f"{url}/oauth2/api/x"


def test_a_method_that_can_not_be_is_2(tmp_path: Path) -> None:
    done = keyless("explain", "G E T", "/crm/x", "-c", written(tmp_path, **one_route(CRM)))
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/a", "/a"),
        ("a/b", "/a/b"),
        ("http://127.0.0.1:8080/a/b?c=d#e", "/a/b?c=d"),
        ("http://127.0.0.1:8080", "/"),
        ("http://127.0.0.1:8080?a=b", "/?a=b"),
        ("/a?next=http://example.com/", "/a?next=http://example.com/"),
        ("/a/../b", "/a/../b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a?b=c#d", "/a?b=c"),
        ("/a b?c=é", "/a%20b?c=%C3%A9"),
        ("/\udcff\n", "/%FF%0A"),
    ],
)
def test_a_path_or_a_url(url: str, target: str) -> None:
    assert target_of(url, ()) == target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:9001/x?y=1", "/own/x?y=1"),
        ("https://localhost:9001", "/own/"),
        ("http://127.0.0.1:9001/-/status", "/own/-/status"),
        ("http://127.0.0.1:9002/x", "/x"),
        ("http://127.0.0.1:9003/x", "/x"),
        ("http://127.0.0.1/x", "/x"),
        ("/x", "/x"),
    ],
)
def test_an_address_of_a_routes_own_names_it(url: str, target: str) -> None:
    doors = (
        Door(Listener("127.0.0.1", 9002)),
        Door(Listener("127.0.0.1", 9001), "/own"),
        Door(Listener("127.0.0.1", 9003), PAGES),
    )
    assert target_of(url, doors) == target


def test_a_routes_own_address_has_no_pages_of_the_proxy(tmp_path: Path) -> None:
    config = one_route({"scheme": "static", "token": "made-up-secret"}, listen="127.0.0.1:9001")
    (prefix,) = config["routes"]
    told = explained(tmp_path, "GET", "http://127.0.0.1:9001/-/status", **config)
    assert (told["route"], told["upstream"]) == (prefix, "https://api.example.com/v2/-/status")


def test_what_was_filled_in_and_that_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("routes: {/q: baidu-qianfan}\n")
    environ = {"QIANFAN_API_KEY": "made-up-key", "QIANFAN_SECRET_KEY": "made-up-secret"}
    done = keyless("explain", "POST", "/q/chat/x", "-c", str(path), "--json", environ=environ)
    assert (done.code, done.json["provider"]["name"]) == (0, "baidu-qianfan")
    assert done.json["filled"] == {
        "providers.baidu-qianfan": "preset baidu-qianfan",
        "providers.baidu-qianfan.api_key": "${QIANFAN_API_KEY}, which preset baidu-qianfan names",
        "providers.baidu-qianfan.secret_key": "${QIANFAN_SECRET_KEY}, which preset baidu-qianfan names",
        "routes./q.upstream": "preset baidu-qianfan",
    }
    assert "2026-08-31" in done.json["ended"]
    out = keyless("explain", "POST", "/q/chat/x", "-c", str(path), environ=environ).out
    assert "routes./q.upstream: preset baidu-qianfan" in out
    assert "baidu-qianfan-v2" in out
    assert "made-up" not in done.out + out


def test_what_is_asleep_says_which_variable_would_wake_it(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("routes: {/q: baidu-qianfan-v2}\n")
    done = keyless("explain", "POST", "/q/chat/completions", "-c", str(path))
    assert done.code == 1
    assert "asleep: set QIANFAN_V2_API_KEY" in done.out


def test_printed_keys_that_sign_show_a_signature_and_no_key(tmp_path: Path) -> None:
    sign = {"name": "aws-sigv4", "region": "eu-west-1", "service": "s3"}
    provider = {"scheme": "exec", "command": ["get-keys"], "sign": sign}
    told = explained(tmp_path, "GET", "/crm/x", **one_route(provider))
    assert list(told["injected"]["header"]) == ["Authorization"]
    assert told["provider"]["scheme"] == "exec"


def test_what_a_route_keeps(tmp_path: Path) -> None:
    config = one_route(CRM, cache={"ttl": "5m", "methods": ["GET", "POST"]})
    assert explained(tmp_path, "get", "/crm/x", **config)["cache"] == {"ttl": 300.0, "methods": ["GET", "POST", "HEAD"]}
    told = keyless("explain", "get", "/crm/x", "-c", written(tmp_path, **config)).out
    assert "replies to GET, POST, HEAD, for 5 min where they don't say for how long" in told
    assert explained(tmp_path, "get", "/crm/x", **one_route(CRM))["cache"] is None
