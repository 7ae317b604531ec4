"""`keyless unseal`: what `keyless seal` has sealed, in clear. Whoever has the key may read it anyway."""

from __future__ import annotations

import re

from proxy.cli.kit.options import DEFAULT_CONFIG, ConfigOption, command_app, fail
from proxy.cli.seal import NO_KEY, secret_from_stdin
from proxy.config.load import store_keys
from proxy.config.secrets.seal import Seal, Unsealable

_WRITTEN = re.compile(r"\s*(?:\$\{enc:\s*)?([A-Za-z0-9_=-]+)\s*\}?\s*")

app = command_app()


@app.command()
def unseal(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Read ${enc:...} from stdin, or ask for it, and print the secret."""
    keys = store_keys(config)
    if not keys:
        fail(NO_KEY)
    written = _WRITTEN.fullmatch(secret_from_stdin("Sealed: "))
    if written is None:
        fail("expected ${enc:...} as `keyless seal` prints it", 2)
    try:
        print(Seal(keys).open(written[1].encode("ascii")).decode("utf-8"))
    except Unsealable as error:
        fail(f"it can't be opened: {error}")
