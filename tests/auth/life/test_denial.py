from __future__ import annotations

import pytest

from proxy.auth.life.denial import denial
from proxy.errors import FailureClass, Fault, IssuerError

PROSE = "the issuer answered 401 with words of its own"


@pytest.mark.parametrize(
    ("failure", "code", "status"),
    [
        (FailureClass.PASSING, "token_unavailable", 503),
        (FailureClass.CREDENTIAL, "credential_refused", 424),
        (FailureClass.LOGIN, "login_required", 424),
    ],
)
def test_each_class_has_its_code(failure: FailureClass, code: str, status: int) -> None:
    fault = denial("qianfan", IssuerError(failure, PROSE, error="invalid_client", hint="Check the secret."), False, 7.0)
    assert (fault.code, fault.status, fault.provider, fault.retry_after) == (code, status, "qianfan", 7.0)
    assert fault.detail == "the issuer answered invalid_client. Check the secret."


def test_the_issuers_prose_is_not_for_clients() -> None:
    fault = denial("qianfan", IssuerError(FailureClass.PASSING, PROSE), False, None)
    assert fault.detail == "the issuer gave no token"
    assert PROSE not in str(fault.problem())


def test_who_is_not_logged_in_is_not_told_of_an_issuer_that_was_never_asked() -> None:
    fault = denial("feishu", IssuerError(FailureClass.LOGIN, "nobody has logged in yet", hint="Log in."), False, None)
    assert fault.detail == "nobody is logged in. Log in."


@pytest.mark.parametrize(
    ("flying", "waits", "says"),
    [
        (True, None, "has not answered"),
        (True, 5.0, "has not answered"),
        (False, 5.0, "min_interval"),
        (False, None, "interrupted"),
    ],
)
def test_without_a_failure_it_says_what_is_awaited(flying: bool, waits: float | None, says: str) -> None:
    fault = denial("qianfan", None, flying, waits)
    assert says in fault.detail
    assert fault.code == "token_unavailable"


@pytest.mark.parametrize("failure", [None, IssuerError(FailureClass.PASSING, PROSE)])
def test_every_503_has_a_retry_after(failure: IssuerError | None) -> None:
    assert denial("qianfan", failure, True, None).retry_after == 1.0


def test_nobody_is_told_to_come_back_where_only_a_login_helps() -> None:
    assert denial("qianfan", IssuerError(FailureClass.LOGIN, PROSE), False, None).retry_after is None


def test_what_this_machine_lacks_is_not_blamed_on_the_issuer() -> None:
    ours = Fault("overloaded", "the proxy's machine is out of memory", retry_after=1.0)
    fault = denial("qianfan", IssuerError(FailureClass.PASSING, ours.detail, ours=ours), False, 7.0)
    assert (fault.code, fault.status, fault.detail) == ("overloaded", 503, "the proxy's machine is out of memory")
    assert (fault.provider, fault.retry_after) == ("qianfan", 7.0)
