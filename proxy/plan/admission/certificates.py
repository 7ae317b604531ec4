"""Clients that prove themselves by a certificate: what one says of its owner, and whose it is. Pure.

Must not know: TLS. That an authority of ours vouches for the certificate has been found out before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from proxy.config.model import Client
from proxy.config.rules.identities import normal
from proxy.plan.admission.clients import ClientPlan
from proxy.values.record import record

_KINDS = {"DNS": "dns", "URI": "uri", "email": "email"}


@record
class CertificateClients:
    """By name as the config spells them; in the config's order."""

    _clients: tuple[tuple[frozenset[str], ClientPlan], ...]

    @classmethod
    def compile(cls, clients: Sequence[Client], plans: Sequence[ClientPlan]) -> CertificateClients | None:
        found = tuple(
            (frozenset(map(normal, client.certificate)), plan)
            for client, plan in zip(clients, plans, strict=True)
            if client.certificate is not None
        )
        return cls(found) if found else None

    def identify(self, names: Sequence[str]) -> tuple[ClientPlan, str] | None:
        """The first client that has one of the names, and the name."""
        for wanted, plan in self._clients:
            for name in names:
                if name in wanted:
                    return plan, name
        return None


def names_of(fields: Mapping[str, object], der: bytes) -> tuple[str, ...]:
    """What a certificate may be called: its digest, its alternative names, its common name; as Python's ssl tells."""
    return f"sha256:{hashlib.sha256(der).hexdigest()}", *_alternatives(fields), *_common(fields)


def _alternatives(fields: Mapping[str, object]) -> Iterator[str]:
    alternatives = fields.get("subjectAltName", ())
    assert isinstance(alternatives, tuple)  # noqa: S101 -- for the type checker
    for kind, value in alternatives:
        if kind in _KINDS:
            yield normal(f"{_KINDS[kind]}:{value}")


def _common(fields: Mapping[str, object]) -> Iterator[str]:
    """One that is the only one: of several, authorities may have looked at another."""
    subject = fields.get("subject", ())
    assert isinstance(subject, tuple)  # noqa: S101 -- for the type checker
    names = [value for part in subject for key, value in part if key == "commonName"]
    if len(names) == 1:
        yield f"cn:{names[0]}"
