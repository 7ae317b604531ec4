"""`${vault:MOUNT/PATH#FIELD}`: HashiCorp Vault, or OpenBao, key-value engine version 2.

Owns: how we log in, and what a failure means. Server and login come from the variables that Vault's own tools know:
VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT, and the first of VAULT_TOKEN; VAULT_ROLE_ID with VAULT_SECRET_ID (AppRole);
VAULT_K8S_ROLE (the pod's service account); the file that `vault login` leaves in ~/.vault-token.

A login's token is used for two thirds of its life, over several loads: secret ids may be good for a few uses only.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from proxy.config.secrets.sources import Around, Unavailable, fill, lacks_extra, text_of
from proxy.values.listen import is_loopback

TIMEOUT = (3.0, 7.0)
_JWT = "/var/run/secrets/kubernetes.io/serviceaccount/token"


class Session(NamedTuple):
    token: str
    until: float

    def __repr__(self) -> str:
        return f"Session(until={self.until})"


_sessions: dict[str, Session] = {}
"""By a digest of server and login."""


class Source:
    def __init__(self, around: Around) -> None:
        try:
            import hvac  # noqa: PLC0415 -- an extra
            import requests  # noqa: PLC0415 -- hvac's own client
        except ImportError:
            raise lacks_extra("vault", "vault") from None
        self._hvac = hvac
        self._unreachable = requests.RequestException
        self._get = around.variables.get
        self._lock = Lock()
        self._ready: Future[Any] | None = None
        self._secrets: dict[str, Future[Any]] = {}

    def __call__(self, name: str) -> str:
        path, _, field = name.partition("#")
        with self._lock:
            future = self._secrets.get(path)
            ours = future is None
            if future is None:
                future = self._secrets[path] = Future()
        if ours:  # several fields of one secret take one call
            fill(future, lambda: self._read(path))
        return text_of(future.result(), field)

    def _read(self, path: str) -> Any:
        mount, below = parts(path)
        for attempt in (1, 2):
            client, again = self._client()
            try:
                reply = client.secrets.kv.v2.read_secret_version(
                    path=below, mount_point=mount, raise_on_deleted_version=True
                )
            except self._hvac.exceptions.Forbidden:
                if again and attempt == 1:  # a login of an earlier load, which may have been revoked
                    self._forget(client)
                    continue
                raise Unavailable(
                    f"Vault denies it (403); its policy must allow read on {mount}/data/{below}"
                ) from None
            except self._hvac.exceptions.VaultError as error:
                raise self._explained(error, "read") from None
            except self._unreachable as error:
                raise _unreached(error) from None
            return reply["data"]["data"]
        raise AssertionError  # the second attempt ends either way

    # -------------------------------------------------------------- the client and its login

    def _client(self) -> tuple[Any, bool]:
        """One for the load, logged in; whether its login is older than the load. Raises Unavailable, alike for all:
        a vault that is down is waited for once."""
        with self._lock:
            future = self._ready
            ours = future is None
            if future is None:
                future = self._ready = Future()
        if ours:
            fill(future, self._logged_in)
        client, again = future.result()
        return client, again

    def _forget(self, client: Any) -> None:
        with self._lock:
            if self._ready is not None and self._ready.done() and self._ready.result()[0] is client:
                self._ready = None
                _sessions.pop(self._key(), None)

    def _logged_in(self) -> tuple[Any, bool]:
        roots = self._get("VAULT_CACERT")
        if roots and not Path(roots).exists():
            raise Unavailable("VAULT_CACERT names no file")
        client = self._hvac.Client(
            url=self._address(),
            namespace=self._get("VAULT_NAMESPACE"),
            verify=roots or True,
            timeout=TIMEOUT,
        )
        client.token = None  # hvac looks for one by itself, also in this process's environment
        if token := self._get("VAULT_TOKEN"):
            client.token = token
            return client, False
        login = self._login(client)
        if login is None:
            client.token = _home_token()
            return client, False
        key = self._key()
        if (known := _sessions.get(key)) is not None and time.monotonic() < known.until:
            client.token = known.token
            return client, True
        began = time.monotonic()
        auth = self._asked(login)["auth"]
        client.token = auth["client_token"]
        _sessions[key] = Session(client.token, began + auth.get("lease_duration", 0) * 2 / 3)
        return client, False

    def _address(self) -> str:
        address = (self._get("VAULT_ADDR") or "").rstrip("/")
        url = urlsplit(address)
        if not url.hostname:
            raise Unavailable("VAULT_ADDR is not set")
        if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
            raise Unavailable("VAULT_ADDR must be https, but for a loopback address: secrets would cross in the clear")
        return address

    def _login(self, client: Any) -> Callable[[], Any] | None:
        """What asks for a token, if there is something to ask with."""
        role_id, secret_id, role = map(self._get, ("VAULT_ROLE_ID", "VAULT_SECRET_ID", "VAULT_K8S_ROLE"))
        mount = self._get("VAULT_AUTH_MOUNT")
        if role_id:
            return lambda: client.auth.approle.login(
                role_id, secret_id, use_token=False, mount_point=mount or "approle"
            )
        if role:
            jwt = _text(Path(self._get("VAULT_K8S_JWT") or _JWT), "the pod's service account token")
            return lambda: client.auth.kubernetes.login(role, jwt, use_token=False, mount_point=mount or "kubernetes")
        return None

    def _asked(self, login: Callable[[], Any]) -> Any:
        try:
            return login()
        except self._hvac.exceptions.VaultError as error:
            raise self._explained(error, "login") from None
        except self._unreachable as error:
            raise _unreached(error) from None

    def _explained(self, error: Exception, step: str) -> Unavailable:
        """In words of ours: Vault's own may quote a path's neighbours, or what it was sent."""
        exceptions = self._hvac.exceptions
        if isinstance(error, exceptions.VaultDown):
            return Unavailable("Vault is sealed or not ready (503)")
        if step == "login":
            return Unavailable(f"Vault refuses the login ({_status(error)})")
        if isinstance(error, exceptions.InvalidPath):
            return Unavailable("Vault has nothing there (404), or its engine is not key-value version 2")
        return Unavailable(f"Vault answered with an error ({_status(error)})")

    def _key(self) -> str:
        names = ("ADDR", "NAMESPACE", "ROLE_ID", "SECRET_ID", "K8S_ROLE", "K8S_JWT", "AUTH_MOUNT")
        return hashlib.sha256(repr([self._get(f"VAULT_{name}") for name in names]).encode()).hexdigest()


def parts(path: str) -> tuple[str, str]:
    """Mount and path. The mount is the first part, unless `/data/` (as in the API's URL) shows its end."""
    path = path.strip("/")
    mount, data, below = path.partition("/data/")
    if data:
        return mount, below
    mount, _, below = path.partition("/")
    return mount, below


def _home_token() -> str:
    return _text(Path.home() / ".vault-token", "VAULT_TOKEN is not set, and ~/.vault-token")


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Unavailable(f"{what} can't be read") from None


def _status(error: Exception) -> str:
    names = {"InvalidRequest": "400", "Unauthorized": "401", "Forbidden": "403", "InvalidPath": "404"}
    names |= {"RateLimitExceeded": "429", "InternalServerError": "500", "BadGateway": "502"}
    return names.get(type(error).__name__, type(error).__name__)


def _unreached(error: Exception) -> Unavailable:
    kind = type(error).__name__
    if "SSL" in kind:
        return Unavailable("Vault's certificate is refused; VAULT_CACERT names a private CA")
    return Unavailable(f"Vault can't be reached ({kind})")
