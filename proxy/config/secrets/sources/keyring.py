"""`${keyring:SERVICE/USER}`: the keyring of the user's desktop, as `keyring set SERVICE USER` fills it."""

from __future__ import annotations

from threading import Lock

from proxy.config.secrets.sources import Around, Unavailable, lacks_extra


class Source:
    def __init__(self, around: Around) -> None:  # noqa: ARG002 -- every source is made alike
        try:
            import keyring  # noqa: PLC0415 -- an extra
            from keyring.errors import KeyringError  # noqa: PLC0415
        except ImportError:
            raise lacks_extra("keyring", "keyring") from None
        self._keyring = keyring
        self._error = KeyringError
        self._lock = Lock()  # its backends speak D-Bus, and say nothing of threads

    def __call__(self, name: str) -> str:
        service, _, user = name.rpartition("/")
        try:
            with self._lock:
                value = self._keyring.get_password(service, user)
        except self._error as error:
            raise Unavailable(f"the keyring can't be used ({type(error).__name__})") from None
        except Exception as error:
            raise Unavailable(f"the keyring failed ({type(error).__name__})") from None
        if not value:
            raise Unavailable("the keyring has no such entry; `keyring set SERVICE USER` makes one")
        return str(value)
