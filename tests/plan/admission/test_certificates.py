"""What a certificate is called, and whose it is."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from proxy.config.model import Client
from proxy.plan.admission.certificates import CertificateClients, names_of
from proxy.plan.admission.clients import Clients

DIGEST = "sha256:" + hashlib.sha256(b"der").hexdigest()


def subject(*names: str) -> tuple[Any, ...]:
    return ((("organizationName", "Acme"),), *((("commonName", name),) for name in names))


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, ()),
        ({"subject": subject("ci")}, ("cn:ci",)),
        ({"subject": subject("ci", "root")}, ()),
        ({"subject": ((("commonName", "ci"), ("commonName", "root")),)}, ()),
        ({"subjectAltName": (("DNS", "CI.Internal"), ("DNS", "b"))}, ("dns:ci.internal", "dns:b")),
        ({"subjectAltName": (("URI", "spiffe://A/b"),)}, ("uri:spiffe://A/b",)),
        ({"subjectAltName": (("email", "A@b.org"),)}, ("email:A@b.org",)),
        ({"subjectAltName": (("IP Address", "10.0.0.1"), ("DirName", ()), ("othername", "<unsupported>"))}, ()),
    ],
)
def test_names(fields: dict[str, Any], names: tuple[str, ...]) -> None:
    assert names_of(fields, b"der") == (DIGEST, *names)


def test_the_first_client_of_the_config_counts() -> None:
    clients = [
        Client(name="key", key="k" * 16),
        Client(name="a", certificate=["cn:a"]),
        Client(name="b", certificate=["dns:B.internal", DIGEST.upper().replace("SHA", "sha")]),
    ]
    known = CertificateClients.compile(clients, Clients(clients).plans)
    assert known is not None
    found = [known.identify(names) for names in (["dns:b.internal", "cn:a"], [DIGEST], ["cn:b", "dns:a"], [])]
    assert [each and (each[0].name, each[1]) for each in found] == [("a", "cn:a"), ("b", DIGEST), None, None]


def test_none_is_none() -> None:
    clients = [Client(name="key", key="k" * 16)]
    assert CertificateClients.compile(clients, Clients(clients).plans) is None
