"""How values look, and what of them does not show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.admin.told import shown
from proxy.admin.told.rules import text
from proxy.values.template import Template
from tests.growth import steps

SECRET = "a+secret/of=mine"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (0.25, "0.2 s"),
        (1, "1 s"),
        (59.6, "1 min"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (86400 * 30 - 1, "29 d 23 h"),
        (86400 + 60, "1 d"),
        (float("inf"), "for ever"),
    ],
)
def test_durations(seconds: float, told: str) -> None:
    assert shown.duration(seconds) == told


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1572864, "1.5 MiB")]
)
def test_sizes(count: int, told: str) -> None:
    assert shown.size(count) == told


def test_moments_say_their_time_zone() -> None:
    assert shown.moment(1_700_000_000)[-6] in "+-"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.example.com/x", "https://a.example.com/x"),
        ("https://a.example.com/x?k=v&flag", "https://a.example.com/x?k=***&***"),
        ("https://a.example.com/x?", "https://a.example.com/x?"),
        (f"https://a.example.com/{SECRET}/x", "https://a.example.com/***/x"),
        ("https://a.example.com/a%2Bsecret%2Fof%3Dmine", "https://a.example.com/***"),
        ("https://a.example.com/a%2bsecret%2fof%3dmine", "https://a.example.com/***"),
    ],
)
def test_urls(url: str, told: str) -> None:
    assert shown.url(url, shown.Mask([SECRET])) == told


def test_secrets_that_overlap_or_hold_one_another_are_hidden_whole() -> None:
    hidden = shown.Mask(["first-secret", "first-secret-and-more", "more-of-another"])
    assert hidden("/first-secret/first-secret-and-more/x") == "/***/***/x"
    assert hidden("/first-secret-and-more-of-another/x") == "/***/x"
    assert hidden("first-secretfirst-secret") == "******"
    assert shown.Mask(())("first-secret") == "first-secret"


@given(st.lists(st.text("ab%", min_size=8, max_size=12), max_size=4), st.text("ab%", max_size=60))
def test_no_secret_is_left_in_what_is_shown(secrets: list[str], text: str) -> None:
    found = shown.Mask(secrets)(text)
    assert not any(secret in found.replace(shown.HIDDEN, "\0") for secret in secrets)


def test_a_text_costs_the_same_among_many_secrets() -> None:
    few, many = (shown.Mask([f"secret-number-{number:08d}" for number in range(count)]) for count in (10, 1000))
    url = "https://a.example.com/secret-number-00000005/secret-number"
    assert steps(lambda: many(url)) == steps(lambda: few(url))


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("Bearer {token}", "Bearer ***"),
        ("{token}", "***"),
        ("Basic {basic}", "Basic ***"),
        ("mykey-{token}", "***"),
        ("a-literal-key", "***"),
        ("Bearer a-literal-key", "***"),
        ("Bearer {token} and-more", "Bearer ***"),
        ("{reply.data.id}", "***"),
    ],
)
def test_templates(template: str, told: str) -> None:
    assert shown.template(Template.parse(template)) == told


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"status": [401, 403]}, "status 401 or 403"),
        ({"header": {"WWW-Authenticate": "invalid_token"}}, "header WWW-Authenticate holds 'invalid_token'"),
        ({"json": {"error_code": [110, 111]}}, "error_code is 110 or 111"),
        ({"message": {"msg": "(?i)expired"}}, "msg matches /(?i)expired/"),
        ({"body": ["expired", "dead"]}, "the body holds 'expired' or 'dead'"),
        ({"status": [200], "content_type": "text/html"}, "status 200 and the content type begins with text/html"),
        ({"status": [403], "safe_only": True}, "status 403 and the method is GET, HEAD or OPTIONS"),
    ],
)
def test_rules_in_words(rule: dict[str, object], told: str) -> None:
    assert text(rule) == told


@pytest.mark.parametrize(("text", "count"), [("", 0), ("abc", 3), ("a百度", 5), ("\uff0c", 2), ("e\u0301", 1)])
def test_chinese_takes_two_columns(text: str, count: int) -> None:
    assert shown.columns(text) == count


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two three", ["one two", "three"]),
        ("百度千帆大模型", ["百度千帆", "大模型"]),
        ("ab (百度)", ["ab (百度)"]),
        ("abc (百度)", ["abc (百", "度)"]),
        ("a-word-that-is-too-long no", ["a-word-that-is-too-long", "no"]),
    ],
)
def test_lines_break_between_words_and_chinese_characters(text: str, lines: list[str]) -> None:
    assert shown.wrapped(text, 9).split("\n") == lines
