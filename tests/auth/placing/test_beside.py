from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from proxy.auth.keys.provider import Inject
from proxy.auth.placing.draft import Draft
from proxy.auth.placing.inject import Injection
from proxy.auth.token import Token
from proxy.http.origin import Origin
from proxy.values.now import Now
from proxy.values.template import Template

TOKEN = Token.eternal("abc", Now(0.0, 0.0))


def injection(**header: Any) -> Injection:
    return Injection.compile(Inject.model_validate({"header": header}), None)


def sent(made: Injection, *lines: bytes) -> list[bytes]:
    draft = Draft("GET", Origin(True, "api.example.com", 443), b"/", b"", [b"%b\r\n" % line for line in lines])
    made.place(draft, TOKEN)
    return b"".join(draft.lines).split(b"\r\n")[:-1]


ABSENT = {"X-Version": {"value": "2023-06-01", "mode": "if_absent"}}
BETA = {"X-Beta": {"value": "oauth", "mode": "append"}}


@pytest.mark.parametrize(
    ("header", "lines", "expected"),
    [
        (ABSENT, [], [b"X-Version: 2023-06-01"]),
        (ABSENT, [b"A: b", b"C: d"], [b"A: b", b"C: d", b"X-Version: 2023-06-01"]),
        (ABSENT, [b"x-version: 1999"], [b"x-version: 1999"]),
        (ABSENT, [b"X-Version: "], [b"X-Version: "]),
        (BETA, [], [b"X-Beta: oauth"]),
        (BETA, [b"x-beta: tools, files"], [b"x-beta: tools, files, oauth"]),
        (BETA, [b"X-BETA: tools,OAuth ,files"], [b"X-BETA: tools,OAuth ,files"]),
        (BETA, [b"X-Beta: "], [b"X-Beta: oauth"]),
        (BETA, [b"X-Beta: a", b"A: b", b"X-Beta: c"], [b"X-Beta: a", b"A: b", b"X-Beta: c, oauth"]),
        (BETA, [b"X-Beta: oauth", b"X-Beta: c"], [b"X-Beta: oauth", b"X-Beta: c"]),
        (BETA, [b"X-Beta: oauth2"], [b"X-Beta: oauth2, oauth"]),
        ({"X": {"value": "{token}", "mode": "replace"}}, [], [b"X: abc"]),
        ({"X": {"value": "{{a}}", "mode": "if_absent"}}, [], [b"X: {a}"]),
    ],
)
def test_what_stands_beside_what_the_client_sent(header: Any, lines: list[bytes], expected: list[bytes]) -> None:
    assert sent(injection(**header), *lines) == expected


def test_the_credential_comes_besides() -> None:
    made = injection(Authorization="Bearer {token}", **ABSENT, **BETA)
    assert sent(made, b"X-Beta: a") == [
        b"X-Beta: a, oauth",
        b"Authorization: Bearer abc",
        b"X-Version: 2023-06-01",
    ]


def test_only_what_is_replaced_is_taken_from_the_client() -> None:
    made = injection(Authorization="{token}", **ABSENT, **BETA)
    assert made.names.headers == {b"authorization"}
    assert made.places == {
        "header": {"Authorization": ""},
        "header_if_absent": {"X-Version": "2023-06-01"},
        "header_append": {"X-Beta": "oauth"},
    }


def test_masked_shows_what_may_be_shown() -> None:
    def hide(text: Template) -> str:
        return text.render(lambda _: "***").replace("oauth", "***")

    assert injection(**BETA).masked(hide).places == {"header_append": {"X-Beta": "***"}}
    assert "oauth" not in repr(injection(**BETA))


@pytest.mark.parametrize(
    "header",
    [
        {"X": {"value": "{token}", "mode": "if_absent"}},
        {"X": {"value": "ü", "mode": "append"}},
        {"Host": {"value": "a", "mode": "if_absent"}},
        {"X Y": {"value": "a", "mode": "if_absent"}},
        {"x": "a", "X": {"value": "a", "mode": "if_absent"}},
    ],
)
def test_what_can_not_stand_beside(header: Any) -> None:
    with pytest.raises(ValueError, match=r"inject|header"):
        injection(**header)


@pytest.mark.parametrize("header", [{"X": {"mode": "append"}}, {"X": {"value": "a", "mode": "add"}}, {"X": ["a"]}])
def test_words_that_do_not_exist(header: Any) -> None:
    with pytest.raises(ValidationError):
        Inject.model_validate({"header": header})
