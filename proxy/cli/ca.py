"""`keyless ca`: the certificate by which programs trust `tls: local`."""

from __future__ import annotations

import os

from proxy.cli.kit.options import DEFAULT_CONFIG, UnusedConfig, command_app, fail
from proxy.config.secrets.pem import utc_now
from proxy.wire.inbound.machine_ca import authority, folder

app = command_app()


@app.command()
def ca(_config: UnusedConfig = DEFAULT_CONFIG) -> None:
    """Print the certificate of this machine's own authority, which `tls: local` shows; nothing is installed."""
    try:
        print(authority(folder(os.environ), utc_now()), end="")
    except OSError as error:
        fail(error.strerror or str(error))
