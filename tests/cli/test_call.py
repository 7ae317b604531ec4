"""`keyless call`: curl's manners, the proxy's path, no server."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from proxy.cli.call import narrowed
from proxy.config.load import load
from tests.cli.conftest import control, crm, keyless, process, written
from tests.ports import free_port

CLIENT_KEY = "a-client-key-of-the-config"


def echo(config: str, *words: str, stdin: bytes = b"") -> Any:
    done = keyless("call", "POST", "/crm/echo", "-c", config, *words, stdin=stdin)
    assert done.code == 0, done
    return done.json


def test_the_reply_goes_to_stdout_and_nothing_else(config: str) -> None:
    done = keyless("call", "get", "/crm/echo?a=1", "-c", config)
    assert (done.code, done.err) == (0, "")
    assert done.json["method"] == "GET"
    assert done.json["raw_query"] == "a=1"
    assert done.json["token"] == "good"


def test_a_path_as_people_write_it(config: str) -> None:
    assert keyless("call", "GET", "/crm/echo/a é?b=c d#e", "-c", config).json["raw_query"] == "b=c%20d"


def test_a_whole_url_will_do(config: str) -> None:
    assert keyless("call", "GET", "http://127.0.0.1:8080/crm/echo", "-c", config).json["path"] == "/oauth2/api/echo"


@pytest.mark.parametrize(
    ("words", "body", "kind"),
    [
        (["-d", "a=1"], "a=1", "application/x-www-form-urlencoded"),
        (["-d", "a=1", "-d", "b=2"], "a=1&b=2", "application/x-www-form-urlencoded"),
        (["-d", "{}", "-H", "Content-Type: application/json"], "{}", "application/json"),
        (["--json", '{"a": "é"}'], '{"a": "é"}', "application/json"),
        (["-d", "@-"], "from stdin", "application/x-www-form-urlencoded"),
    ],
)
def test_bodies(config: str, words: list[str], body: str, kind: str) -> None:
    told = echo(config, *words, stdin=b"from stdin")
    assert told["body"]["text"] == body
    assert told["headers"]["content-type"] == kind


def test_a_body_from_a_file_keeps_its_bytes(config: str, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"line\r\nline\n")
    assert echo(config, "-d", f"@{tmp_path / 'body'}")["body"]["text"] == "line\r\nline\n"


def test_headers_pass_and_credentials_do_not(config: str) -> None:
    told = echo(config, "-H", "X-Mine: 1", "-H", "Authorization: Bearer made-up", "-H", "x-api-key: made-up")
    assert told["headers"]["x-mine"] == "1"
    assert told["headers"]["authorization"] == 1
    assert "x-api-key" not in told["headers"]


def test_i_prints_the_head(config: str) -> None:
    done = keyless("call", "GET", "/crm/reply-headers?X-Theirs=1", "-c", config, "-i")
    head, _, body = done.out.partition("\n\n")
    assert head.splitlines()[0] == "HTTP/1.1 200 OK"
    assert "X-Theirs: 1" in head.splitlines()
    assert body


def test_it_streams_and_ctrl_c_ends_it(config: str) -> None:
    """The API holds back all but the first event."""
    with process("call", "GET", "/crm/sse?hold=1", "-c", config) as started:
        assert started.until(lambda line: line.startswith("data:"))
        started.popen.send_signal(signal.SIGINT)
        done = started.end()
    assert done.code == 130
    assert "Traceback" not in done.err


def test_a_bad_status_is_1_and_still_printed(config: str) -> None:
    done = keyless("call", "GET", "/crm/status/418", "-c", config)
    assert (done.code, done.json) == (1, {"status": 418})


def test_a_dead_token_is_replaced_on_the_way(config: str, sandbox: str) -> None:
    """`forbidden` refuses the first token and the next: two mints for one request."""
    before = control(sandbox, "state")["mints"]["oauth2"]
    assert keyless("call", "GET", "/crm/forbidden", "-c", config).code == 1
    assert control(sandbox, "state")["mints"]["oauth2"] == before + 2


def test_redirects_are_shown_not_followed(config: str) -> None:
    done = keyless("call", "GET", "/crm/redirect?to=/oauth2/api/echo", "-c", config, "-i")
    assert (done.code, done.out.split()[1]) == (0, "302")


def test_compressed_bytes_stay_as_they_are(config: str) -> None:
    plain = keyless("call", "GET", "/crm/download?bytes=100", "-c", config)
    assert len(plain.out) == 100


@pytest.mark.parametrize(
    ("path", "code"), [("/nowhere", "no_route"), ("/crm/../x", "path_refused"), ("/asleep/x", "provider_unconfigured")]
)
def test_the_proxys_own_errors(tmp_path: Path, sandbox: str, path: str, code: str) -> None:
    config = crm(sandbox)
    config["providers"]["asleep"] = {"scheme": "static", "token": "${NOT_SET_ANYWHERE}"}
    config["routes"]["/asleep"] = {"upstream": sandbox, "provider": "asleep"}
    done = keyless("call", "GET", path, "-c", written(tmp_path, **config))
    assert (done.code, done.json["code"]) == (1, code)


@pytest.mark.parametrize(
    "words",
    [
        ["GET", "/crm", "-H", "no colon"],
        ["GET", "/crm", "-H", "Name: a\r\nOther: b"],
        ["GET", "/crm", "-d", "@/does/not/exist"],
        ["GET", "/crm", "-d", "a", "--json", "b"],
        ["G E T", "/crm"],
    ],
)
def test_wrong_usage_is_2(config: str, words: list[str]) -> None:
    done = keyless("call", *words, "-c", config)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_only_this_routes_issuer_is_asked(tmp_path: Path, sandbox: str) -> None:
    """A token costs money at some issuers, and kills the last one at others."""
    config = crm(sandbox)
    other = {"scheme": "login", "request": {"url": f"{sandbox}/session/auth/session", "json": {"clientKey": "x"}}}
    config["providers"]["other"] = other | {"reply": {"token": "accessToken"}}
    config["routes"]["/other"] = {"upstream": f"{sandbox}/session/api", "provider": "other"}
    before = control(sandbox, "state")["token_requests"]["session"]
    assert keyless("call", "GET", "/crm/echo", "-c", written(tmp_path, **config)).code == 0
    assert control(sandbox, "state")["token_requests"]["session"] == before


def test_clients_and_listeners_of_the_config_do_not_matter(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox, clients=[{"name": "a", "key": CLIENT_KEY, "methods": ["PUT"]}], listen="0.0.0.0:1")
    config |= {"browser": {"hosts": ["proxy.example.com"]}}
    done = keyless("call", "GET", "/crm/echo", "-c", written(tmp_path, **config))
    assert done.code == 0


def test_the_config_is_that_of_one_route(tmp_path: Path, sandbox: str) -> None:
    config = narrowed(load(Path(written(tmp_path, **crm(sandbox))), environ={}), "/crm/x").config
    assert (list(config.routes), list(config.providers)) == (["/crm"], ["crm"])


def test_links_in_the_reply_can_be_called_again(config: str) -> None:
    done = keyless("call", "GET", "/crm/redirect?to=/oauth2/api/echo", "-c", config, "-i")
    (link,) = [line.partition(": ")[2] for line in done.out.splitlines() if line.startswith("Location: ")]
    assert keyless("call", "GET", link, "-c", config).code == 0


def test_it_brings_the_sandbox_that_its_route_wants(tmp_path: Path) -> None:
    config = crm(f"http://127.0.0.1:{free_port()}")
    config["routes"] = {"/sandbox": config["routes"]["/crm"]}
    done = keyless("call", "GET", "/sandbox/echo", "-c", written(tmp_path, **config))
    assert done.json["token"] == "good"
