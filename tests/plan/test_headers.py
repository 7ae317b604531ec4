"""Which headers pass, by name alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.config.presets import presets
from proxy.config.written.preset import Preset
from proxy.plan.headers import CREDENTIALS, NOTED_IN_REPLIES, reply_sieve, request_sieve, set_lines

PLAIN = request_sieve(frozenset((b"x-token",)), ["User-Agent"], forwarded=False)


@given(st.sampled_from(["Authorization", "COOKIE", "x-api-key", "X-Token", "user-agent", "Te", "Host"]), st.data())
def test_a_name_is_known_in_any_case(name: str, data: st.DataObject) -> None:
    spelled = "".join(data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in name).encode()
    lines, noted = PLAIN.sort([(spelled, b"mine")])
    assert lines == []
    assert noted in ([], [(name.lower().encode(), b"mine")])
    assert not noted or name.lower() not in ("x-token", "user-agent", "te")


def secrets(preset: Preset) -> list[str]:
    return [name for name, parameter in preset.parameters.items() if parameter.secret]


def test_the_key_headers_of_all_presets_are_removed_on_every_route() -> None:
    filled = {
        name.lower().encode()
        for preset in presets().values()
        for name, text in preset.provider.get("inject", {}).get("header", {}).items()
        if "{" not in name  # filled by a parameter: it is the user's to choose
        if any(f"{{{secret}}}" in text for secret in ("token", "basic", *secrets(preset)))
    }
    assert filled <= CREDENTIALS
    assert PLAIN.sort([(name, b"mine") for name in CREDENTIALS - {b"cookie"}])[0] == []


def test_order_case_and_repetition_are_kept() -> None:
    lines, noted = PLAIN.sort([(b"X-B", b"1"), (b"Accept", b"*/*"), (b"x-b", b"2"), (b"UPGRADE", b"h2c")])
    assert lines == [b"X-B: 1\r\n", b"Accept: */*\r\n", b"x-b: 2\r\n"]
    assert noted == [(b"upgrade", b"h2c")]


def test_edits_win_over_notes_in_requests_and_leave_them_in_replies() -> None:
    request = request_sieve(frozenset(), ["Accept-Encoding", "Cookie"], forwarded=True)
    assert request.sort([(b"accept-encoding", b"br"), (b"Cookie", b"a"), (b"X-Forwarded-For", b"x")]) == (
        [b"X-Forwarded-For: x\r\n"],
        [],
    )
    reply = reply_sieve(["Content-Type", "Server"], cookies=False, cors=False)
    lines, noted = reply.sort([(b"Content-Type", b"text/plain"), (b"server", b"x"), (b"Access-Control-Max-Age", b"1")])
    assert lines == [b"Access-Control-Max-Age: 1\r\n"]
    assert noted == [(b"content-type", b"text/plain")]


def test_names_without_end_do_not_fill_the_memory() -> None:
    sieve = reply_sieve([], cookies=True, cors=True)
    sieve.sort([(b"X-" + b"y" * 30_000, b"")])
    for number in range(10_000):
        sieve.sort([(b"X-%d" % number, b"")])
    assert len(sieve._memo) <= 4096
    assert max(map(len, sieve._memo)) < 100
    assert sieve.sort([(b"X-99999", b"y"), (b"Alt-Svc", b"h3"), (b"Set-Cookie", b"a")])[0] == [
        b"X-99999: y\r\n",
        b"Set-Cookie: a\r\n",
    ]


def test_lines_of_a_routes_own() -> None:
    assert set_lines({"A": "1", "B": "ä"}) == b"A: 1\r\nB: \xe4\r\n"
    assert set_lines({}) == b""


def test_framing_is_never_passed_blindly() -> None:
    framing = {b"content-length", b"transfer-encoding", b"connection", b"upgrade"}
    lines, noted = reply_sieve([], cookies=True, cors=False).sort([(name, b"x") for name in framing])
    assert lines == [b"content-length: x\r\n"], "llhttp has seen to it that there is one, and no chunks"
    assert {name for name, _ in noted} <= NOTED_IN_REPLIES & framing
