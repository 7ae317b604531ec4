"""`keyless check`: problems to stdout for pipes and editors, and the live check."""

from __future__ import annotations

import re
from pathlib import Path

from tests.certificates import Authority
from tests.cli.conftest import crm, keyless, written

SIX_MISTAKES = """\
listen: 127.0.0.1
providers:
  crm:
    scheme: oauth2
    tokn_url: https://login.example.com/oauth2/token
    client_id: my-app
    client_secret: a-made-up-secret
routes:
  /crm:
    upstream: api.example.com
    provider: crn
    timeout: {head: soon}
    methods: [G E T]
"""


def test_a_good_config_is_ok(config: str) -> None:
    done = keyless("check", "-c", config)
    assert done == (0, f"{config}: ok, 1 route, 1 provider; no credential was tried, see --live\n", "")


def test_every_problem_stands_on_stdout_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(SIX_MISTAKES)
    done = keyless("check", "-c", str(path))
    assert (done.code, done.err) == (2, "")
    told = [re.fullmatch(rf"{re.escape(str(path))}:(\d+): (\S+): \S.*", line) for line in done.out.splitlines()]
    assert [match and match.groups() for match in told] == [
        ("1", "listen"),
        ("5", "providers.crm.tokn_url"),
        ("10", "routes./crm.upstream"),
        ("11", "routes./crm.provider"),
        ("12", "routes./crm.timeout.head"),
        ("13", "routes./crm.methods[0]"),
    ]
    assert "a-made-up-secret" not in done.out


FILES_THAT_CANT_BE_USED = """\
listen: 127.0.0.1:0
tls:
  cert: gone.pem
  client_ca: empty.pem
routes:
  /crm:
    upstream: https://api.example.com
    provider: crm
    tls: {cert: 1.pem, key: 2.pem}
providers:
  crm:
    scheme: oauth2
    token_url: https://login.example.com/token
    client_id: my-app
    client_secret: a-made-up-secret
    tls:
      ca: empty.pem
      cert: config.yaml
  asleep:
    scheme: oauth2
    token_url: https://login.example.com/token
    client_id: my-app
    client_secret: ${NOT_SET_SECRET}
    tls: {ca: gone.pem}
"""


def test_files_of_certificates_are_looked_at_wherever_they_stand(tmp_path: Path) -> None:
    """But not those of a provider that sleeps: who has none of its secrets has no files of it either."""
    authority = Authority(tmp_path)
    for _ in range(2):
        authority.issue("a.test")
    (tmp_path / "empty.pem").touch()
    path = tmp_path / "config.yaml"
    path.write_text(FILES_THAT_CANT_BE_USED)
    done = keyless("check", "-c", str(path))
    assert (done.code, done.err) == (2, "")
    told = [line.removeprefix(f"{path}:") for line in done.out.splitlines()]
    assert [line for line in told if "has no effect" not in line] == [
        "3: tls.cert: not found",
        "4: tls.client_ca: holds no certificate in PEM",
        "9: routes./crm.tls.key: does not belong to the first certificate of tls.cert",
        "17: providers.crm.tls.ca: holds no certificate in PEM",
        "18: providers.crm.tls.cert: holds no certificate in PEM",
        "18: providers.crm.tls.cert: holds no private key in PEM",
    ]


def test_a_providers_certificate_that_has_expired_is_a_warning(tmp_path: Path) -> None:
    """It may be replaced by the time that it is needed."""
    old = Authority(tmp_path).issue("a.test", age=12)
    provider = {
        "scheme": "oauth2",
        "token_url": "https://login.example.com/token",
        "client_id": "my-app",
        "client_auth": "none",
        "tls": {"cert": old.name},
    }
    path = written(tmp_path, providers={"crm": provider})
    done = keyless("check", "-c", path)
    assert done.code == 0
    assert "providers.crm.tls.cert: the certificate expired on " in done.out + done.err


def test_problems_as_json(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(SIX_MISTAKES)
    done = keyless("check", "-c", str(path), "--json")
    assert done.code == 2
    assert done.json["ok"] is False
    assert done.json["problems"][0].keys() == {"file", "line", "path", "message"}
    assert done.json["problems"][1]["path"] == "providers.crm.tokn_url"


def test_who_is_asleep_and_why(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox)
    config["providers"]["crm"] |= {"client_id": "${NOT_SET_ID}", "client_secret": "${NOT_SET_SECRET}"}
    path = written(tmp_path, **config)
    done = keyless("check", "-c", path)
    assert done.code == 0
    assert done.out.splitlines()[1].split() == ["crm", "asleep:", "set", "NOT_SET_ID", "and", "NOT_SET_SECRET"]
    assert keyless("check", "-c", path, "--json").json["unconfigured"] == {"crm": ["NOT_SET_ID", "NOT_SET_SECRET"]}
    assert keyless("check", "--strict", "-c", path).code == 2


def test_live_gets_a_token_per_provider(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox)
    config["providers"]["wrong"] = config["providers"]["crm"] | {"client_secret": "a-wrong-secret"}
    config["providers"]["key"] = {"scheme": "static", "token": "a-made-up-token"}
    path = written(tmp_path, **config)
    done = keyless("check", "--live", "-c", path)
    assert done.code == 1
    lines = {line.split()[0]: line for line in done.out.splitlines()[1:]}
    assert "in 30 s" in lines["crm"]
    assert "scope read" in lines["crm"]
    assert "credential_refused" in lines["wrong"]
    assert "invalid_client" in lines["wrong"]
    assert "expires never" in lines["key"]


def test_live_as_json(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox)
    done = keyless("check", "--live", "--json", "-c", written(tmp_path, **config))
    assert done.code == 0
    live = done.json["live"]["crm"]
    assert (live["ok"], live["lifetime"], live["scope"]) == (True, 30, "read")
    config["providers"]["crm"]["client_secret"] = "a-wrong-secret"
    done = keyless("check", "--live", "--json", "-c", written(tmp_path, **config))
    assert (done.code, done.json["ok"]) == (1, False)
    assert done.json["live"]["crm"]["code"] == "credential_refused"


def test_live_tries_the_store(tmp_path: Path) -> None:
    path = written(tmp_path, store="redis://127.0.0.1:1", store_key="a-key-of-many-characters")
    done = keyless("check", "--live", "-c", path)
    assert done.code == 1
    assert "store  redis://127.0.0.1:1: Connection refused" in done.out
    done = keyless("check", "--live", "--json", "-c", path)
    assert (done.code, done.json["ok"], done.json["store"]) == (1, False, "redis://127.0.0.1:1: Connection refused")
    assert keyless("check", "-c", path).code == 0
    assert keyless("check", "--live", "-c", written(tmp_path, store="file:state")).code == 0


def test_live_with_nothing_to_get(tmp_path: Path) -> None:
    done = keyless("check", "--live", "-c", written(tmp_path))
    assert done.code == 0


def test_live_names_the_scopes_that_a_route_misses(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox)
    route = config["routes"]["/crm"]
    config["routes"] |= {
        "/poor": route | {"require_scope": "read admin write"},
        "/rich": route | {"require_scope": "read"},
    }
    path = written(tmp_path, **config)
    assert keyless("check", "-c", path).code == 0, "nobody was asked"
    done = keyless("check", "--live", "-c", path)
    assert (done.code, done.out.splitlines()[-1].split(None, 1)) == (
        1,
        ["/poor", "its token lacks the scope admin write"],
    )
    done = keyless("check", "--live", "--json", "-c", path)
    assert (done.code, done.json["ok"]) == (1, False)
    assert done.json["missing_scopes"] == {"/poor": ["admin", "write"]}


def test_keys_that_end_are_told_and_stop_nothing(tmp_path: Path) -> None:
    keys = [{"key": "a" * 16, "expires": "2020-01-31"}, {"key": "b" * 16, "expires": "2099-01-31"}]
    path = written(tmp_path, clients=[{"name": "one", "key": keys}])
    done = keyless("check", "-c", path)
    assert done.code == 0
    assert "warning: clients[0].key[0]: the key of one has expired (2020-01-31)" in done.out
    assert "clients[0].key[0]" in [each["path"] for each in keyless("check", "-c", path, "--json").json["warnings"]]


def test_warnings_stand_with_their_line_and_stop_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("clients:\n  - name: a\n    key: 0123456789abcdef\n")
    done = keyless("check", "-c", str(path))
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1].startswith(f"{path}:3: warning: clients[0].key: written in the clear")
    assert done.out.count("written in the clear") == 1
    assert keyless("check", "--strict", "-c", str(path)).code == 0
    (warning,) = keyless("check", "--json", "-c", str(path)).json["warnings"]
    assert (warning["line"], warning["path"]) == (3, "clients[0].key")


def test_what_routes_keep(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox)
    config["routes"]["/crm"]["cache"] = "60s"
    path = written(tmp_path, **config)
    said = "keeps replies to GET, HEAD, for 1 min where they don't say for how long"
    assert said in " ".join(keyless("check", "-c", path).out.split())
    assert keyless("check", "-c", path, "--json").json["cached"] == {"/crm": {"ttl": 60.0, "methods": ["GET", "HEAD"]}}
