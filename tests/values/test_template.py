"""Templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.values.template import Template, is_template, literal


def shout(name: str) -> str:
    return f"<{name}>"


@pytest.mark.parametrize(
    ("text", "names", "rendered"),
    [
        ("", (), ""),
        ("plain", (), "plain"),
        ("Bearer {token}", ("token",), "Bearer <token>"),
        ("{basic}{token}", ("basic", "token"), "<basic><token>"),
        ("{ token }", ("token",), "<token>"),
        ("{{token}}", (), "{token}"),
        ("{{{token}}}", ("token",), "{<token>}"),
        ("{reply.data.id}", ("reply.data.id",), "<reply.data.id>"),
        ("{reply.a[?b=='c'].d | [0]}!", ("reply.a[?b=='c'].d | [0]",), "<reply.a[?b=='c'].d | [0]>!"),
        ("}}{{", (), "}{"),
    ],
)
def test_good(text: str, names: tuple[str, ...], rendered: str) -> None:
    template = Template.parse(text)
    assert template.names == names
    assert template.render(shout) == rendered


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "{tokn}",
            "unknown name {tokn} in a template; it knows {token} or {basic} or {reply.PATH}; did you mean 'token'?",
        ),
        ("{reply}", "unknown name {reply}"),
        ("{reply.}", "unknown name {reply.}"),
        ("{}", "unknown name in"),
        ("{", "a lone { or }"),
        ("a}b", "a lone { or }"),
        ("{token", "a lone { or }"),
        ("{{token}", "a lone { or }"),
        ("{a{token}}", "a lone { or }"),
        ("{sk-12345678}", "unknown name in"),
    ],
)
def test_bad(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=r"template|lone") as raised:
        Template.parse(text)
    assert part in str(raised.value)
    assert "sk-1" not in str(raised.value)


def test_known_can_be_narrowed() -> None:
    assert Template.parse("{placeholder}", known=("placeholder",)).names == ("placeholder",)
    with pytest.raises(ValueError, match=r"unknown name \{token\}"):
        Template.parse("{token}", known=("basic",))
    with pytest.raises(ValueError, match="no name at all"):
        Template.parse("{reply.a}", known=())


def test_what_is_rendered_is_not_read_again() -> None:
    assert Template.parse("{token}").render(lambda _: "{basic}") == "{basic}"


def test_repr_shows_nothing() -> None:
    assert "hunter2" not in repr(Template.parse("hunter2 {token}"))


@given(st.text())
def test_literal_is_inert(text: str) -> None:
    template = Template.parse(literal(text))
    assert template.names == ()
    assert template.render(shout) == text


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (("providers", "a", "inject", "header", "X"), True),
        (("providers", "a", "token"), False),
        (("providers", "inject"), False),
        (("routes", "/a", "upstream"), True),
        (("routes", "/a", "headers", "upstream"), False),
        (("admin", "key"), False),
        ((), False),
    ],
)
def test_where_templates_stand(where: tuple[str, ...], expected: bool) -> None:
    assert is_template(where) is expected
