"""Which changes of a config would send a secret where it did not go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.errors import HeldBack
from proxy.process.reloading.held_back import check_commands, check_hosts

SECRET, OTHER = "a-secret-of-the-crm", "a-secret-of-the-shop"
ENVIRON = {"CRM": SECRET, "SHOP": OTHER, "NEW": "a-secret-that-is-new"}


def oauth2(host: str = "id.example.com", secret: str = "${CRM}", **more: Any) -> dict[str, Any]:
    return {
        "scheme": "oauth2",
        "token_url": f"https://{host}/token",
        "client_id": "crm",
        "client_secret": secret,
    } | more


def static(secret: str = "${SHOP}") -> dict[str, Any]:
    return {"scheme": "static", "token": secret}


def route(host: str, provider: str = "crm") -> dict[str, Any]:
    return {"upstream": f"https://{host}/v1", "provider": provider}


FILES = [{"host": "files.example.com", "credential": True}]
BEFORE = {
    "providers": {"crm": oauth2(), "shop": static()},
    "routes": {"/crm": route("crm.example.com"), "/shop": route("shop.example.com", "shop")},
}


def loaded(folder: Path, config: dict[str, Any]) -> Loaded:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return load(path, environ=ENVIRON)


def changed(providers: dict[str, Any] | None = None, routes: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "providers": BEFORE["providers"] | (providers or {}),
        "routes": BEFORE["routes"] | (routes or {}),
    }


@pytest.mark.parametrize(
    "after",
    [
        changed(),
        changed(routes={"/more": route("crm.example.com")}),
        changed(routes={"/more": route("id.example.com")}),
        changed(routes={"/plain": {"upstream": "https://new.example.com", "provider": "none"}}),
        changed(providers={"new": static("${NEW}")}, routes={"/new": route("new.example.com", "new")}),
        changed(providers={"crm": oauth2(secret="${NEW}", host="new.example.com")}),
        changed(providers={"crm": oauth2(scope="https://scopes.example.com/read")}),
        changed(providers={"crm": oauth2(hosts=FILES)}),
        changed(providers={"crm": oauth2(hosts=FILES, reply={"upstream": "url"})}),
        changed(
            providers={"crm": oauth2(hosts=[{"host": "files.example.com", "credential": False}])},
            routes={"/crm": route("crm.example.com") | {"hosts": True}},
        ),
        {"providers": {"shop": static()}, "routes": {"/shop": route("shop.example.com", "shop")}},
    ],
)
def test_what_may_change_unasked(tmp_path: Path, after: dict[str, Any]) -> None:
    before = loaded(tmp_path, BEFORE)
    check_hosts((before,), loaded(tmp_path, after))


@pytest.mark.parametrize(
    ("after", "who", "origin"),
    [
        (
            changed(
                providers={"crm": oauth2(hosts=FILES)}, routes={"/crm": route("crm.example.com") | {"hosts": True}}
            ),
            "provider crm",
            "https://files.example.com",
        ),
        (
            changed(
                providers={"crm": oauth2(hosts=FILES)}, routes={"/crm": route("crm.example.com") | {"rewrite": "json"}}
            ),
            "provider crm",
            "https://files.example.com",
        ),
        (
            changed(
                providers={"crm": oauth2(hosts=FILES, reply={"upstream": "url"})},
                routes={"/led": {"upstream": "https://{upstream}", "provider": "crm"}},
            ),
            "provider crm",
            "https://files.example.com",
        ),
        (changed(providers={"crm": oauth2("evil.example.com")}), "provider crm", "https://evil.example.com"),
        (changed(providers={"crm": oauth2("id.example.com:8443")}), "provider crm", "https://id.example.com:8443"),
        (changed(providers={"new": oauth2("evil.example.com")}), "provider new", "https://evil.example.com"),
        (changed(routes={"/new": route("evil.example.com")}), "provider crm", "https://evil.example.com"),
        (changed(routes={"/shop": route("evil.example.com", "shop")}), "provider shop", "https://evil.example.com"),
        (
            changed(providers={"new": static("x${CRM}y")}, routes={"/new": route("evil.example.com", "new")}),
            "provider new",
            "https://evil.example.com",
        ),
        (
            changed(routes={"/new": {"upstream": "https://evil.example.com/?k=${SHOP}", "provider": "none"}}),
            "route /new",
            "https://evil.example.com",
        ),
        (
            changed(providers={"crm": oauth2("127.0.0.1:9", token_url="http://127.0.0.1:9/token")}),
            "provider crm",
            "http://127.0.0.1:9",
        ),
    ],
)
def test_what_is_held_back(tmp_path: Path, after: dict[str, Any], who: str, origin: str) -> None:
    before = loaded(tmp_path, BEFORE)
    with pytest.raises(HeldBack) as held:
        check_hosts((before,), loaded(tmp_path, after))
    assert held.value.reasons == (f"{who} would send a secret to {origin}, where it did not go before",)
    assert not any(secret in str(held.value) for secret in ENVIRON.values())


def test_what_was_served_at_the_start_may_come_again(tmp_path: Path) -> None:
    first = loaded(tmp_path, BEFORE)
    now = loaded(tmp_path, {"providers": {"crm": oauth2()}, "routes": {}})
    check_hosts((first, now), loaded(tmp_path, BEFORE))
    with pytest.raises(HeldBack):
        check_hosts((now,), loaded(tmp_path, BEFORE))


# ---------------------------------------------------------------------------------------------- commands that mint


def command(*argv: str, **more: Any) -> dict[str, Any]:
    return {"scheme": "exec", "command": list(argv)} | more


RUN = {
    "providers": {"cli": command("get", "token", env={"A": "1"})},
    "routes": {"/cli": route("api.example.com", "cli")},
}


def run(host: str = "api.example.com", **providers: Any) -> dict[str, Any]:
    return {"providers": RUN["providers"] | providers, "routes": {"/cli": route(host, "cli")}}


@pytest.mark.parametrize(
    "after",
    [
        RUN,
        run(cli=command("get", "token", env={"A": "1"}, ttl="5m")),
        run(cli=static("${NEW}")),
        run(other=command("get", "token", env={"A": "1"})),
    ],
)
def test_commands_that_were_there_may_be_run(tmp_path: Path, after: dict[str, Any]) -> None:
    before, then = loaded(tmp_path, RUN), loaded(tmp_path, after)
    check_commands((before,), then)
    check_hosts((before,), then)


@pytest.mark.parametrize(
    "changed_command",
    [
        command("get", "more", env={"A": "1"}),
        command("got", "token", env={"A": "1"}),
        command("get", "token"),
        command("get", "token", env={"A": "2"}),
        command("get", "token", env={"A": "1", "LD_PRELOAD": "/tmp/x.so"}),
        command("get", "token", env={"A": "1"}, timeout="11s"),
    ],
)
def test_another_word_or_variable_makes_another_command(tmp_path: Path, changed_command: dict[str, Any]) -> None:
    with pytest.raises(HeldBack) as held:
        check_commands((loaded(tmp_path, RUN),), loaded(tmp_path, run(cli=changed_command)))
    (reason,) = held.value.reasons
    assert reason.startswith("provider cli would run 'g")
    assert "token" not in reason


def test_a_command_that_waits_for_a_secret_is_known_by_what_it_becomes(tmp_path: Path) -> None:
    before = loaded(tmp_path, run(cli=command("get", "${CRM}")))
    with pytest.raises(HeldBack):
        check_commands((before,), loaded(tmp_path, run(cli=command("get", "${SHOP}"))))


def test_what_a_command_prints_goes_to_no_new_host(tmp_path: Path) -> None:
    with pytest.raises(HeldBack, match=r"provider cli would send a secret to https://evil\.example\.com"):
        check_hosts((loaded(tmp_path, RUN),), loaded(tmp_path, run("evil.example.com")))


def test_what_a_metadata_service_answers_goes_to_no_new_host(tmp_path: Path) -> None:
    """No secret is sent for it, and it is one."""

    def config(host: str) -> dict[str, Any]:
        url = "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"
        request = {"method": "GET", "url": url, "headers": {"Metadata-Flavor": "Google"}}
        provider = {"scheme": "login", "plain_http": True, "request": request}
        return {"providers": {"gcp": provider}, "routes": {"/gcp": route(host, "gcp")}}

    before = loaded(tmp_path, config("storage.googleapis.com"))
    check_hosts((before,), loaded(tmp_path, config("storage.googleapis.com")))
    with pytest.raises(HeldBack, match=r"provider gcp would send a secret to https://evil\.example\.com"):
        check_hosts((before,), loaded(tmp_path, config("evil.example.com")))


def test_what_a_file_holds_goes_to_no_new_issuer(tmp_path: Path) -> None:
    def config(host: str) -> dict[str, Any]:
        request = {"url": f"https://{host}/token", "form": {"assertion": "{identity}"}}
        provider = {"scheme": "login", "identity": {"file": "/run/identity"}, "request": request}
        return {"providers": {"pod": provider}, "routes": {"/pod": route("api.example.com", "pod")}}

    with pytest.raises(HeldBack, match=r"provider pod would send a secret to https://evil\.example\.com"):
        check_hosts((loaded(tmp_path, config("id.example.com")),), loaded(tmp_path, config("evil.example.com")))
