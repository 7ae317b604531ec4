"""Hosts and origins."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.model import Browser, Client
from proxy.errors import Fault
from proxy.plan.admission.guard import Guard
from proxy.values.listen import parse

LOOPBACK = Guard.compile(Browser(), [], parse("127.0.0.1:8080"))


def _code(judge: Callable[[], object]) -> str | None:
    try:
        judge()
    except Fault as fault:
        return fault.code
    return None


def known(**headers: str | None) -> dict[bytes, bytes]:
    """Headers as the guard gets them."""
    return {
        name.replace("_", "-").encode(): value.encode("latin-1", "replace")
        for name, value in headers.items()
        if value is not None
    }


def passes(guard: Guard, host: str | None) -> bool:
    return _code(lambda: guard.host(known(host=host))) is None


def allowed(guard: Guard, origin: str | None, site: str | None = None, host: str | None = "localhost:8080") -> bool:
    return _code(lambda: guard.origin(known(host=host, origin=origin, sec_fetch_site=site))) is None


@pytest.mark.parametrize(
    ("listen", "hosts", "host", "good"),
    [
        ("127.0.0.1:8080", None, "127.0.0.1:8080", True),
        ("127.0.0.1:8080", None, "localhost", True),
        ("127.0.0.1:8080", None, "LocalHost:1", True),
        ("127.0.0.1:8080", None, "[::1]:8080", True),
        ("127.0.0.1:8080", None, "localhost:", True),  # a port may be empty (RFC 3986 §3.2.3)
        ("127.0.0.1:8080", None, "[::1]:", True),
        ("127.0.0.1:8080", None, ":8080", False),
        ("127.0.0.1:8080", None, "localhost::", False),
        ("127.0.0.1:8080", None, "127.0.0.2", False),
        ("127.0.0.2:8080", None, "127.0.0.2", True),
        ("[::1]:8080", None, "[::1]", True),
        ("127.0.0.1:8080", None, "localhost.", False),
        ("127.0.0.1:8080", None, "localhost.evil.test", False),
        ("127.0.0.1:8080", None, "evil.test:localhost", False),
        ("127.0.0.1:8080", None, "localhost:1:2", False),
        ("127.0.0.1:8080", None, "evil@localhost", False),
        ("127.0.0.1:8080", None, "localhost/", False),
        ("127.0.0.1:8080", None, "", False),
        ("127.0.0.1:8080", None, None, False),
        ("0.0.0.0:8080", None, "anything.test", True),
        ("0.0.0.0:8080", None, "not a host", False),
        ("unix:/run/keyless.sock", None, "anything.test", True),
        ("0.0.0.0:8080", ["Proxy.test"], "proxy.test:80", True),
        ("0.0.0.0:8080", ["proxy.test:81"], "proxy.test:80", False),
        ("0.0.0.0:8080", ["proxy.test:81"], "proxy.test:81", True),
        ("127.0.0.1:8080", ["proxy.test"], "localhost", False),
    ],
)
def test_hosts(listen: str, hosts: list[str] | None, host: str | None, good: bool) -> None:
    assert passes(Guard.compile(Browser(hosts=hosts), [], parse(listen)), host) is good


OF_APPS = (
    *(
        "tauri://localhost",
        "capacitor://localhost",
        "ionic://localhost",
        "app://obsidian.md",
        "vscode-webview://0a1b2c",
    ),
    *("chrome-extension://abcdefghijklmnopabcdefghijklmnop", "moz-extension://0f0f0f0f-1111-2222-3333-444444444444"),
)


@pytest.mark.parametrize(
    ("listen", "host", "code"),
    [
        *(
            ("127.0.0.1:8080", host, "bad_request")
            for host in (None, "", "not a host", "evil@localhost", "localhost:1:2")
        ),
        *(("0.0.0.0:8080", host, "bad_request") for host in (None, "", "not a host", "/x", "a b/x")),
        *(("127.0.0.1:8080", host, "bad_request") for host in ("evil.test/x", "evil@localhost/x", "http://localhost")),
        *(("127.0.0.1:8080", host, "host_refused") for host in ("evil.test", "localhost.", "10.0.0.1")),
        *(("127.0.0.1:8080", host, "host_refused") for host in ("127.0.0.1:8080/qianfan", "LOCALHOST/", "[::1]:1/a/b")),
        ("0.0.0.0:8080", "proxy.test/qianfan", "host_refused"),
    ],
)
def test_why_a_host_is_turned_down(listen: str, host: str | None, code: str) -> None:
    assert _code(lambda: Guard.compile(Browser(), [], parse(listen)).host(known(host=host))) == code


def test_an_sdk_that_takes_its_base_url_for_a_host_is_told_what_to_do() -> None:
    with pytest.raises(Fault) as refused:
        LOOPBACK.host(known(host="127.0.0.1:8080/qianfan/" + "x" * 1000))
    assert "takes no path" in refused.value.detail
    assert "Give the route an address of its own (`listen`)" in refused.value.detail
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize(
    ("origins", "origin", "good"),
    [
        (None, "http://localhost", True),
        (None, "https://LOCALHOST:3000", True),
        (None, "http://127.0.0.1:5173", True),
        (None, "http://[::1]:1", True),
        (None, "http://127.0.0.2", False),
        (None, "null", False),
        (None, "", False),
        (None, "http://localhost.evil.test", False),
        (None, "http://localhost@evil.test", False),
        (None, "http://evil.test#http://localhost", False),
        (None, "http://localhost/", False),
        (None, "ftp://localhost", False),
        (None, "chrome-extension://localhost", False),
        (["https://app.test"], "https://app.test", True),
        (["https://App.test"], "https://app.TEST", True),
        (["https://app.test"], "http://app.test", False),
        (["https://app.test"], "https://app.test:444", False),
        (["https://app.test"], "http://localhost", False),
        ([], "http://localhost", False),
        (None, "tauri://localhost", False),
        *(([named], named, True) for named in OF_APPS),
        *(([named], f"{named}x", False) for named in OF_APPS),
        *(([named], "https://" + named.partition("://")[2], False) for named in OF_APPS),
    ],
)
def test_origins(origins: list[str] | None, origin: str, good: bool) -> None:
    assert allowed(Guard.compile(Browser(origins=origins), [], parse("127.0.0.1:1")), origin) is good


OPEN, NAMED = "0.0.0.0:8080", "127.0.0.1:8080"


def guard(listen: str, origins: list[str] | None = None, hosts: list[str] | None = None) -> Guard:
    return Guard.compile(Browser(origins=origins, hosts=hosts), [], parse(listen))


@pytest.mark.parametrize(
    ("site", "good"),
    [
        (None, True),
        ("none", True),
        ("same-origin", True),
        ("same-site", True),
        ("cross-site", False),
        ("Cross-Site", False),
        ("", False),
        ("same-origin, cross-site", False),
        ("something-newer", False),
    ],
)
def test_requests_that_name_no_origin(site: str | None, good: bool) -> None:
    assert allowed(LOOPBACK, None, site) is good


@pytest.mark.parametrize(
    ("listen", "origins", "hosts", "host", "good"),
    [
        ("127.0.0.1:8080", None, None, "localhost:8080", True),
        ("127.0.0.1:8080", None, None, "[::1]:8080", True),
        ("127.0.0.2:8080", None, None, "127.0.0.2:8080", False),  # pages there are none of the default origins
        ("127.0.0.1:8080", ["http://localhost:5173"], None, "localhost:8080", False),
        ("127.0.0.1:8080", [], None, "localhost:8080", False),
        ("127.0.0.1:8080", None, ["proxy.example.test"], "proxy.example.test", False),  # from evil.example.test
        ("127.0.0.1:8080", None, ["app.localhost"], "app.localhost", False),
        ("0.0.0.0:8080", None, None, "proxy.example.test", False),
        ("0.0.0.0:8080", None, None, "localhost", True),
        ("0.0.0.0:8080", None, None, "10.0.0.1", False),
    ],
)
def test_a_neighbouring_site_without_its_origin_is_any_page_of_it(
    listen: str, origins: list[str] | None, hosts: list[str] | None, host: str, good: bool
) -> None:
    """`<img>` of http://evil.example.test or http://localhost:6666: which page it was, nobody says."""
    assert allowed(guard(listen, origins, hosts), None, "same-site", host) is good
    assert allowed(guard(listen, origins, hosts), None, None, host)


@pytest.mark.parametrize(
    ("listen", "hosts", "host", "origin", "site", "good"),
    [
        (OPEN, ["proxy.test"], "proxy.test:8080", "http://proxy.test:8080", "same-origin", True),
        (OPEN, ["proxy.test"], "Proxy.Test:8080", "http://proxy.test:8080", None, True),
        (OPEN, ["proxy.test"], "proxy.test", "https://proxy.test", "same-origin", True),
        (OPEN, ["proxy.test"], "proxy.test", "http://proxy.test", "cross-site", False),  # sent over plain HTTP
        (OPEN, ["proxy.test"], "proxy.test", "http://proxy.test", "same-site", False),
        (OPEN, ["proxy.test"], "proxy.test", "https://proxy.test", None, False),
        (OPEN, ["proxy.test"], "proxy.test:8080", "http://proxy.test:8081", "same-site", False),
        (OPEN, ["proxy.test"], "proxy.test", "http://other.proxy.test", "same-site", False),
        (OPEN, None, "10.0.0.1:8080", "http://10.0.0.1:8080", None, True),
        (OPEN, None, "[fd00::1]:8080", "http://[fd00::1]:8080", None, True),
        (OPEN, None, "evil.test:8080", "http://evil.test:8080", None, False),  # DNS rebinding
        (OPEN, None, "evil.test:8080", "http://evil.test:8080", "same-origin", False),
        ("proxy.test:8080", None, "proxy.test:8080", "http://proxy.test:8080", None, True),
        ("proxy.test:8080", None, "evil.test:8080", "http://evil.test:8080", None, False),
        (NAMED, None, "127.0.0.1:8080", "http://127.0.0.1:8080", "same-origin", True),
        (NAMED, ["proxy.test"], "proxy.test", "null", "same-origin", False),
    ],
)
def test_pages_of_the_proxys_own(
    listen: str, hosts: list[str] | None, host: str, origin: str, site: str | None, good: bool
) -> None:
    """None of these origins is listed; the dashboard's POST carries one all the same."""
    assert allowed(guard(listen, [], hosts), origin, site, host) is good
    assert guard(listen, [], hosts).is_own(known(host=host, origin=origin, sec_fetch_site=site)) is good


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Moz"])
@pytest.mark.parametrize(("site", "good"), [("none", False), ("same-origin", True)])
def test_what_a_browser_fetches_ahead_is_nobodys_wish(header: str, site: str, good: bool) -> None:
    """Chromium calls a foreign page's speculative prefetch `none`, as if a person had typed the address."""
    headers = known(host="localhost", sec_fetch_site=site) | {header.lower().encode(): b"prefetch"}
    assert (_code(lambda: LOOPBACK.origin(headers)) is None) is good


def test_the_own_origin_needs_a_host() -> None:
    assert not guard(OPEN).is_own(known(origin="http://"))
    assert not guard(OPEN).is_own(known(origin="http://", host=""))
    assert not guard("unix:/run/k.sock").vouches(known(host=""))


def test_a_clients_origins_come_beside_the_default_ones() -> None:
    guard = Guard.compile(Browser(), [Client(name="a", key="k" * 16, origins=["https://app.test"])], parse("[::1]:1"))
    assert allowed(guard, "https://app.test")
    assert allowed(guard, "http://localhost:1")
    assert not allowed(guard, "https://other.test")


@given(st.text(max_size=40))
def test_a_host_is_one_of_ours_or_refused(host: str) -> None:
    name = host.lower().rpartition(":")[0] or host.lower()
    assert not passes(LOOPBACK, host) or name in ("localhost", "127.0.0.1", "[::1]") or host.lower() == "[::1]"


def test_hosts_without_end_do_not_fill_the_memory() -> None:
    guard = Guard.compile(Browser(), [], parse("0.0.0.0:8080"))
    for number in range(1000):
        assert passes(guard, f"host-{number}.test")
    open_door = Guard.compile(Browser(), [], parse("0.0.0.0:8080"))
    assert passes(open_door, "x" * 30_000)
    assert sum(len(host or "") for guard in (guard, open_door) for host in guard._passed) < 10_000
