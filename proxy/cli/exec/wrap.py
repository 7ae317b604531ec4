"""What a program is started with: its arguments, its variables, its files; made of an offer and the two tables.

Owns: which of them beats which. Must not know: processes, where a key comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from proxy.cli.exec import roots
from proxy.process.lending.offer import Offer
from proxy.process.lending.tools import Needs, needs, table, tool_of
from proxy.process.lending.variables import bypass, parts, variables
from proxy.values.record import record


@record
class Wrapped:
    """`variables` are those that differ from the user's."""

    command: list[str]
    variables: dict[str, str] = field(repr=False)
    needs: Needs


def wrap(command: Sequence[str], offer: Offer, texts: Mapping[str, str], environ: Mapping[str, str]) -> Wrapped:
    """`texts`: `key`, `folder`, and `model` if one is told. Raises ClaimedTwice."""
    tables = table()
    tool = tool_of(command[0], tables.tools)
    wanted = Needs() if tool is None else needs(tool, parts(tool, offer, tables.sdks), texts)
    trusted = roots.variables(environ) if offer.local_tls else {}
    given = variables(offer, texts["key"], tables.sdks) | bypass(environ) | trusted | wanted.env
    return Wrapped([command[0], *wanted.args, *command[1:]], given, wanted)
