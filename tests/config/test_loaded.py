from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.loading import loaded


def test_repr_shows_no_secret(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "providers: {p: {scheme: static, token: '${T}'}}\n"
        "routes: {/a: {upstream: 'https://example.com/${T}', provider: p, headers: {set: {X: '${T}'}}}}\n"
        "clients: [{name: a, key: '${T}0123456789'}]\nadmin: {key: '${T}${T}'}\n",
        T="hunter2hunter2",
    )
    assert "hunter2" not in repr(found) + repr(found.config) + repr(found.config.routes["/a"].headers)


def test_only_some_providers_and_routes(tmp_path: Path) -> None:
    whole = loaded(
        tmp_path,
        "providers:\n  a: {scheme: static, token: one-token}\n  b: {scheme: static, token: '${NOT_SET}'}\n"
        "  c: {scheme: static, token: three-token}\n"
        "routes:\n  /a: {upstream: https://example.com, provider: a}\n"
        "  /b: {upstream: https://example.com, provider: b}\n",
    )
    only = whole.only(providers=["a", "b", "nobody"], routes=["/b"])
    assert (list(only.config.providers), list(only.unconfigured), list(only.secrets)) == (["a"], ["b"], ["a"])
    assert list(only.config.routes) == ["/b"]
    assert (list(whole.only().config.providers), whole.only().unconfigured, whole.only().config.routes) == ([], {}, {})
    assert list(whole.config.providers) == ["a", "c"], "the whole is as it was"


def test_other_values_leave_the_rest(tmp_path: Path) -> None:
    whole = loaded(tmp_path, "providers: {a: {scheme: static, token: one-token}}\nlisten: 127.0.0.1:1\n")
    other = whole.with_config(listen=["127.0.0.1:2"])
    assert (other.config.listen, whole.config.listen) == (["127.0.0.1:2"], ["127.0.0.1:1"])
    assert (other.config.providers, other.secrets, other.digest) == (
        whole.config.providers,
        whole.secrets,
        whole.digest,
    )


WRITTEN = """
listen: [127.0.0.1:1, 127.0.0.1:2]
providers: {a: {scheme: static, token: one-token}}
routes: {/a: {upstream: https://example.com, provider: a}, /b: {upstream: https://example.org, provider: a}}
clients: [{name: c, key: 0123456789abcdef}]
"""


def test_the_digest_is_of_what_is_written_in_whatever_order(tmp_path: Path) -> None:
    whole = loaded(tmp_path, WRITTEN)
    turned = "\n".join(reversed(WRITTEN.splitlines())).replace(
        "{upstream: https://example.com, provider: a}", "{provider: a, upstream: https://example.com}"
    )
    assert loaded(tmp_path, turned).digest == whole.digest


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("[127.0.0.1:1, 127.0.0.1:2]", "[127.0.0.1:2, 127.0.0.1:1]"),
        ("/b:", "/c:"),
        ("example.org", "example.net"),
        ("name: c", "name: d"),
        (", /b: {upstream: https://example.org, provider: a}", ""),
    ],
)
def test_another_config_has_another_digest(tmp_path: Path, was: str, became: str) -> None:
    whole = loaded(tmp_path, WRITTEN)
    assert loaded(tmp_path, WRITTEN.replace(was, became)).digest != whole.digest
