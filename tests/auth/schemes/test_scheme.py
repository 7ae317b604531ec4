"""What others ask of a scheme, whichever it is."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from proxy.auth.placing.inject import Injection
from proxy.auth.schemes import Provider, scheme_for
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Consent, Token
from proxy.values.now import Now
from proxy.values.template import Template

URL = "https://issuer.example.com/token"
LOGIN = {"scheme": "login", "request": {"url": URL}}
OAUTH2 = {"scheme": "oauth2", "token_url": URL, "client_id": "a", "client_secret": "b"}
ROTATING = OAUTH2 | {"grant": "refresh_token", "refresh_token": "r1"}
PERSON = OAUTH2 | {"grant": "authorization_code", "authorization_url": URL}
DEVICE = OAUTH2 | {"grant": "device_code", "device_url": URL}
STATIC = {"scheme": "static", "token": "abc"}


def provider(**written: Any) -> Any:
    return TypeAdapter[Any](Provider).validate_python(written)


def compiled(written: dict[str, Any]) -> Scheme:
    return scheme_for(provider(**written), frozenset())


def token(value: str = "abc", reply: Any = None) -> Token:
    now = Now(0.0, 0.0)
    return Token(1, value, now, Now(60.0, 60.0), 5.0, 1.0, reply=reply)


def placed(asked: Any, path: tuple[Template, ...] = ()) -> Injection:
    return scheme_for(asked, frozenset()).placing(asked.inject_beside(path=bool(path)), path)


def test_a_bearer_token_unless_said_otherwise() -> None:
    static = provider(scheme="static", token="abc")
    assert placed(static).render(token()).headers == b"Authorization: Bearer abc\r\n"


def test_a_user_name_and_password_go_into_basic() -> None:
    static = provider(scheme="static", username="u", password="p")
    assert placed(static).render(token("dTpw")).headers == b"Authorization: Basic dTpw\r\n"
    said = provider(scheme="static", username="u", password="p", inject={"header": {"X": "{basic}"}})
    assert placed(said).render(token("dTpw")).headers == b"X: dTpw\r\n"


def test_a_token_in_the_path_is_not_also_a_bearer_token() -> None:
    path = (Template.parse("/bot{token}"),)
    made = placed(provider(scheme="static", token="abc"), path).render(token())
    assert (made.headers, made.path) == (b"", ("/botabc",))
    both = provider(scheme="static", token="abc", inject={"header": {"A": "{token}"}})
    assert placed(both, path).render(token()).headers == b"A: abc\r\n"


@pytest.mark.parametrize("written", [LOGIN, OAUTH2, ROTATING, PERSON, DEVICE])
def test_what_is_fetched_is_not_there_from_the_start(written: dict[str, Any]) -> None:
    made = compiled(written)
    assert (made.start(Now(0.0, 0.0)), made.basic) == (None, None)
    assert made.consent == Consent(written=frozenset({"issuer.example.com"}))


def test_a_static_credential_asks_nobody() -> None:
    made = compiled(STATIC)
    assert (made.one_shot, made.discovers, made.consent, made.by_person) == (False, False, None, None)


@pytest.mark.parametrize(
    ("written", "way"),
    [(STATIC, None), (LOGIN, None), (OAUTH2, None), (ROTATING, None), (PERSON, False), (DEVICE, True)],
)
def test_who_has_to_log_in(written: dict[str, Any], way: bool | None) -> None:
    person = compiled(written).by_person
    assert (None if person is None else person.by_device) is way


def test_only_one_brings_a_refresh_token_of_its_own() -> None:
    schemes = [compiled(written) for written in (STATIC, LOGIN, OAUTH2, PERSON, ROTATING)]
    assert [made.refresh_token for made in schemes] == [None, None, None, None, "r1"]
    assert [made.one_shot for made in schemes] == [False, False, False, True, True]


def test_where_the_endpoint_has_to_be_found() -> None:
    by_issuer = {"scheme": "oauth2", "issuer": URL, "client_id": "a", "client_secret": "b"}
    assert [compiled(written).discovers for written in (LOGIN, OAUTH2, by_issuer)] == [False, False, True]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(None, "Bearer"), ([], "Bearer"), ({}, "Bearer"), ({"token_type": 1}, "Bearer"), ({"token_type": "DPoP"}, "DPoP")],
)
def test_the_type_of_a_token_is_its_issuers_word(reply: Any, kind: str) -> None:
    assert compiled(OAUTH2).token_type(token(reply=reply)) == kind


def test_a_scheme_says_how_it_logs_in() -> None:
    class Silent(Scheme):
        identity = "a"

    with pytest.raises(TypeError, match="login"):
        Silent()  # type: ignore[abstract]


# ---------------------------------------------------------------------------------------------- before it is compiled


@pytest.mark.parametrize(
    ("written", "statuses"),
    [(STATIC, []), (LOGIN, [[401]]), (OAUTH2, [[401]]), (STATIC | {"refused": [{"status": 403}]}, [[403]])],
)
def test_by_what_a_dead_credential_is_told(written: dict[str, Any], statuses: list[list[int]]) -> None:
    assert [rule.status for rule in provider(**written).effective_refusals] == statuses
    if "refused" not in written:
        assert provider(**written, refused=[]).effective_refusals == []


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (ROTATING, ROTATING | {"client_secret": "c"}, True),
        (ROTATING, ROTATING | {"refresh_token": "r2"}, False),
        (ROTATING, ROTATING | {"client_id": "c"}, False),
        (PERSON, PERSON | {"client_auth": "post"}, True),
        (OAUTH2, OAUTH2 | {"client_secret": "c"}, False),
        (LOGIN, LOGIN, False),
        (STATIC, STATIC, False),
        (ROTATING, STATIC, False),
        (STATIC, ROTATING, False),
    ],
)
def test_which_change_leaves_a_login_good(old: dict[str, Any], new: dict[str, Any], same: bool) -> None:
    assert provider(**old).same_login(provider(**new)) is same
