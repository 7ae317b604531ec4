"""What a process with `store: memory` leaves to the one that takes over: its records, sealed anew for the way.

Owns: their form. Must not know: how they get there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.auth.life.record import Record
from proxy.config.secrets.seal import Seal, new_key
from proxy.tokens.records import Records


async def packed(records: Records) -> dict[str, Any]:
    """Nothing of a store that other processes see for themselves."""
    if records.shared:
        return {}
    key = new_key()
    seal, sealed = Seal([key]), {}
    for cell in await records.keys():
        record = await records.find(cell)
        if record is not None:
            sealed[cell] = seal.seal(record.to_bytes(cell)).decode("ascii")
    return {"key": key, "records": sealed}


async def unpacked(records: Records, left: Mapping[str, Any]) -> None:
    """Raises Unsealable or ValueError for what another release has left."""
    if records.shared or not left:
        return
    seal = Seal([left["key"]])
    for cell, sealed in left["records"].items():
        await records.keep(cell, Record.from_bytes(seal.open(sealed.encode("ascii")), cell))
