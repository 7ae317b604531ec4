"""What an operator's browser shows in the key's place, and what its buttons carry."""

from __future__ import annotations

import pytest

from proxy.admin.access.passes import COOKIE, FIELD, HEADER, LIFETIME, Passes, cookie
from proxy.errors import Fault

KEY = b"a digest of a key"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def shown(value: str) -> dict[bytes, bytes]:
    return {b"cookie": f'other=a b"; {COOKIE}={value}'.encode()}


def test_a_pass_holds_for_its_key_and_its_time() -> None:
    clock = Clock()
    passes = Passes(b"secret", clock)
    value = passes.issue(KEY)
    assert passes.holds(shown(value), KEY)
    assert not passes.holds(shown(value), b"another key")
    assert not Passes(b"of another start", clock).holds(shown(value), KEY)
    clock.now += LIFETIME
    assert not passes.holds(shown(value), KEY)


@pytest.mark.parametrize("value", ["", ".", "x", "ffffffffff.", "ffffffffff.0000", "zz.é", '"', ";"])
def test_what_was_never_issued_holds_nothing(value: str) -> None:
    passes = Passes(b"secret")
    assert not passes.holds(shown(value), KEY)
    assert not passes.holds({}, KEY)


def test_no_time_can_be_added() -> None:
    passes = Passes(b"secret", Clock())
    until, mac = passes.issue(KEY).split(".")
    assert not passes.holds(shown(f"{int(until, 16) + 1:x}.{mac}"), KEY)


@pytest.mark.parametrize(
    "browser", [{b"origin": b"http://a"}, {b"sec-fetch-site": b"same-origin"}, {b"cookie": b"a=b"}]
)
def test_a_browser_shows_the_token_of_its_own_page(browser: dict[bytes, bytes]) -> None:
    passes = Passes(b"secret")
    token = passes.button(browser)
    passes.check_button(browser, {FIELD: token})
    passes.check_button(browser | {HEADER: token.encode()}, {})
    for given in ("", "0" * 64, passes.button(shown("another")), Passes(b"x").button(browser)):
        with pytest.raises(Fault, match="origin_refused"):
            passes.check_button(browser, {FIELD: given})


def test_a_program_needs_none() -> None:
    Passes(b"secret").check_button({b"user-agent": b"curl"}, {})


def test_scripts_never_see_the_cookie_and_other_sites_never_send_it() -> None:
    name, value = cookie("/-/", "x", secure=True)
    assert name == "Set-Cookie"
    assert {"HttpOnly", "SameSite=Strict", "Path=/-/", "Secure"} <= set(value.split("; "))
    assert "Secure" not in cookie("/-/", "x", secure=False)[1]
    assert "Max-Age=0" in cookie("/-/", "", secure=False)[1]
