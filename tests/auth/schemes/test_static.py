from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.schemes.static import StaticScheme
from proxy.config.model import StaticProvider


def scheme(**written: Any) -> StaticScheme:
    return StaticScheme.compile(StaticProvider(scheme="static", **written), frozenset())


def test_a_token_is_the_credential() -> None:
    made = scheme(token="abc")
    assert (made.credential, made.basic) == ("abc", None)


def test_a_pair_is_the_credential_in_base64() -> None:
    """The example of RFC 7617 §2.1, in UTF-8."""
    made = scheme(username="test", password="123£")
    assert made.credential == made.basic == "dGVzdDoxMjPCow=="


def test_trap_06_another_credential_is_another_cell() -> None:
    made = [scheme(token="a"), scheme(token="b"), scheme(username="a", password="b"), scheme(username="a", password="")]
    assert len({each.identity for each in made}) == 4
    assert scheme(token="a").identity == scheme(token="a").identity


def test_it_is_never_asked_to_log_in() -> None:
    with pytest.raises(NotImplementedError):
        scheme(token="a").login(0.0, None)


def test_its_repr_is_empty_of_secrets() -> None:
    assert "s3cr3t" not in repr(scheme(token="s3cr3t"))
